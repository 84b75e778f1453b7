"""Targets over TLS: what is carried, and what is refused, with a real stunnel on the other side."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.model.status import TargetState
from sersync.model.target import RsyncModule
from tests.support.cli import Cli
from tests.support.engine import Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.tls import Stunnel, make_certificate
from tests.support.trees import assert_same_trees, wait_until

pytestmark = pytest.mark.usefixtures("tls_tools")

EX_TEMPFAIL = 75


class Secured:
    """An rsync daemon behind TLS, with certificates of the test's choice."""

    def __init__(self, home: Path, rsyncd: Rsyncd, *, days: int = 30, name: str = "localhost"):
        address = "127.0.0.1" if name == "localhost" else "192.0.2.1"
        self.certificate, key = make_certificate(home, name=name, address=address, days=days)
        self.rsyncd = rsyncd
        self.stunnel = Stunnel(home, port=rsyncd.port, certificate=self.certificate, key=key)
        self.url = f"rsyncs://127.0.0.1:{self.stunnel.port}/open/"

    @property
    def endpoint(self) -> RsyncModule:
        return RsyncModule(
            host="127.0.0.1",
            port=self.stunnel.port,
            module="open",
            tls=True,
            ca_file=os.fspath(self.certificate),
        )


@pytest.fixture
def secured(tmp_path: Path, rsyncd: Rsyncd) -> Iterator[Secured]:
    secured = Secured(tmp_path / "tls", rsyncd)
    yield secured
    secured.stunnel.service.stop()


def mirror_once(cli: Cli, source: Path, *arguments: str | Path) -> tuple[int, str]:
    done = cli.run("mirror", os.fspath(source), *map(str, arguments), "--once")
    return done.returncode, done.stderr


def test_a_tree_arrives_over_tls(cli: Cli, source: Path, secured: Secured) -> None:
    code, said = mirror_once(cli, source, secured.url, "--ca-file", secured.certificate)

    assert code == 0, said
    assert_same_trees(source, secured.rsyncd.open.root)


def test_a_name_is_checked_as_well_as_an_address(cli: Cli, source: Path, secured: Secured) -> None:
    url = secured.url.replace("127.0.0.1", "localhost")

    code, said = mirror_once(cli, source, url, "--ca-file", secured.certificate)

    assert code == 0, said


def test_a_password_travels_over_tls(cli: Cli, source: Path, secured: Secured) -> None:
    locked = secured.rsyncd.locked
    assert locked.password_file is not None
    url = secured.url.replace("127.0.0.1", f"{locked.user}@127.0.0.1").replace("open", "locked")

    code, said = mirror_once(
        cli, source, url, "--ca-file", secured.certificate, "--password-file", locked.password_file
    )

    assert code == 0, said
    assert_same_trees(source, locked.root)


def test_changes_are_carried_by_spares_over_tls(
    source: Path, secured: Secured, engines: Engines
) -> None:
    engine = engines(source, copy_at(secured.rsyncd.open.root, secured.endpoint))
    engine.wait_for_rest()
    wait_until(lambda: engine.status().spares > 0)

    (source / "new").write_text("new")
    engine.wait_for_rest()

    # A run is told of a moment after the target is at rest.
    wait_until(lambda: any(batch.outcome.warm for batch in engine.batches))
    assert_same_trees(source, secured.rsyncd.open.root)


def test_a_killed_daemon_leaves_no_connection_behind(
    cli: Cli, source: Path, secured: Secured
) -> None:
    running = cli.start("mirror", str(source), secured.url, "--ca-file", str(secured.certificate))
    port = str(secured.stunnel.port)
    running.wait_until(
        lambda: len(clients_of(port)) >= 1 and "everything is compared" in running.err
    )

    running.stop(signal.SIGKILL)

    wait_until(lambda: not clients_of(port))


def clients_of(port: str) -> list[str]:
    """Return the processes that are an openssl for *port*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"openssl" and any(word.endswith(f":{port}".encode()) for word in words):
            found.append(process.name)
    return found


def test_a_certificate_that_nobody_vouches_for_is_refused(
    cli: Cli, source: Path, secured: Secured, tmp_path: Path
) -> None:
    other, _ = make_certificate(tmp_path / "other")

    code, said = mirror_once(cli, source, secured.url, "--ca-file", other)

    assert code == 1
    assert "vouched for by nobody that is trusted here (ca_file = " in said
    assert os.listdir(secured.rsyncd.open.root) == []


def test_without_a_ca_file_only_the_authorities_of_the_system_are_trusted(
    cli: Cli, source: Path, secured: Secured
) -> None:
    code, said = mirror_once(cli, source, secured.url)

    assert code == 1
    assert "vouched for by nobody that is trusted here (no ca_file was given)" in said


def test_an_expired_certificate_is_refused_until_it_is_renewed(
    source: Path, rsyncd: Rsyncd, tmp_path: Path, engines: Engines
) -> None:
    secured = Secured(tmp_path / "old", rsyncd, days=-1)
    engine = engines(source, copy_at(rsyncd.open.root, secured.endpoint))

    status = engine.wait_for_state(TargetState.BACKING_OFF)

    secured.stunnel.service.stop()
    assert status.reason is not None
    assert "has expired" in status.reason.message
    assert os.listdir(rsyncd.open.root) == []


def test_a_certificate_of_another_host_is_refused(
    cli: Cli, source: Path, rsyncd: Rsyncd, tmp_path: Path
) -> None:
    secured = Secured(tmp_path / "other", rsyncd, name="elsewhere.example")

    for url in (secured.url, secured.url.replace("127.0.0.1", "localhost")):
        code, said = mirror_once(cli, source, url, "--ca-file", secured.certificate)
        assert code == 1
        assert "is not made out to" in said
    secured.stunnel.service.stop()
    assert os.listdir(rsyncd.open.root) == []


def test_a_plain_client_is_told_that_the_daemon_may_want_tls(
    source: Path, secured: Secured, engines: Engines
) -> None:
    plain = RsyncModule(host="127.0.0.1", port=secured.stunnel.port, module="open")
    engine = engines(source, copy_at(secured.rsyncd.open.root, plain))

    status = engine.wait_for_state(TargetState.BACKING_OFF)

    assert status.reason is not None
    assert "one that wants TLS" in status.reason.message
    assert "rsyncs://" in status.reason.remedy


def test_a_plain_daemon_is_not_spoken_to_without_tls(
    cli: Cli, source: Path, rsyncd: Rsyncd
) -> None:
    code, said = mirror_once(cli, source, rsyncd.open.url.replace("rsync://", "rsyncs://"))

    assert code == 1
    assert "does not speak TLS" in said
    assert os.listdir(rsyncd.open.root) == []


def test_a_target_that_is_down_is_tried_again(
    source: Path, tmp_path: Path, engines: Engines, port: int
) -> None:
    certificate, _ = make_certificate(tmp_path / "tls")
    endpoint = RsyncModule(
        host="127.0.0.1", port=port, module="open", tls=True, ca_file=os.fspath(certificate)
    )
    engine = engines(source, copy_at(tmp_path / "copy", endpoint))

    status = engine.wait_for_state(TargetState.BACKING_OFF)

    assert status.reason is not None
    assert "cannot be reached on port" in status.reason.message
    assert "Connection refused" in status.reason.message


def test_a_ca_file_that_is_none_is_said_to_be_none(
    source: Path, secured: Secured, tmp_path: Path, engines: Engines
) -> None:
    (tmp_path / "empty.pem").write_text("no certificate\n")
    endpoint = RsyncModule(
        host="127.0.0.1",
        port=secured.stunnel.port,
        module="open",
        tls=True,
        ca_file=os.fspath(tmp_path / "empty.pem"),
    )
    engine = engines(source, copy_at(secured.rsyncd.open.root, endpoint))

    status = engine.wait_for_state(TargetState.HALTED)

    assert status.reason is not None
    assert "empty.pem cannot be read, or holds no certificate" in status.reason.message
