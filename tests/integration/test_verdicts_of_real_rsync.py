"""The table of verdicts against real failures of the real rsync, its daemon and sshd."""

from __future__ import annotations

import dataclasses
import http.server
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sersync.model.batch import Stage, Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.target import Endpoint, LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.command import Kind, Recipe, command, name_list
from sersync.transfer.output import parse_items, parse_progress, parse_stats
from sersync.transfer.verdict import Judgement, judge
from tests.support.proxy import ProxyFactory
from tests.support.rsyncd import Rsyncd, RsyncdFactory, ServedModule
from tests.support.sshd import Sshd
from tests.support.trees import wait_until

TOKEN = b"5f1c "
NOBODY = 65534


class Rsync:
    """Runs the real rsync from one source, as the transport does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user: int | None = None
        self.patience_s = 30
        """How long rsync waits for a daemon that may be slow."""
        self.stdout = b""
        root.mkdir(parents=True, exist_ok=True)

    def argv(
        self,
        endpoint: Endpoint,
        *,
        rsh: str = "",
        extra: Sequence[bytes] = (),
        max_delete: int = 1000,
        password_file: str = "",
    ) -> tuple[Target, list[bytes]]:
        target = Target(
            name="copy",
            endpoint=endpoint,
            password_file=password_file,
            timeout_s=self.patience_s,
            connect_timeout_s=self.patience_s,
        )
        recipe = Recipe(kind=Kind.ENTRIES, capabilities=Capabilities(), max_delete=max_delete)
        extra = [b"--out-format=" + TOKEN + b"%i %n", b"--stats", *extra]
        return target, command(target, recipe, os.fsencode(self.root), rsh=rsh, extra=extra)

    def __call__(
        self,
        endpoint: Endpoint,
        *names: bytes,
        rsh: str = "",
        extra: Sequence[bytes] = (),
        max_delete: int = 1000,
        password_file: str = "",
    ) -> Judgement:
        target, argv = self.argv(
            endpoint, rsh=rsh, extra=extra, max_delete=max_delete, password_file=password_file
        )
        ended = subprocess.run(
            argv,
            input=name_list(names or [b"./"]),
            capture_output=True,
            timeout=60,
            user=self.user,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
        self.stdout = ended.stdout
        return judge(
            ended.returncode,
            ended.stderr,
            ended.stdout,
            target=target,
            root=os.fsencode(self.root),
        )

    @contextmanager
    def connected(self, endpoint: Endpoint, rsyncd: Rsyncd) -> Iterator[Connected]:
        """Start an rsync, and wait until it has connected and waits for its list.

        What it has said so far leaves its buffer when it tells that it is alive: after half of
        its timeout.
        """
        self.patience_s = 3
        target, argv = self.argv(endpoint)
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe) as child:
            wait_until(
                lambda: "receiving file list" in rsyncd.daemon.log_text(),
                message=lambda: f"not connected: {rsyncd.daemon.log_text()}",
            )
            yield Connected(child=child, target=target, root=os.fsencode(self.root))


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """An rsync that waits for its list."""

    child: subprocess.Popen[bytes]
    target: Target
    root: bytes

    def end(self, names: bytes) -> Judgement:
        stdout, stderr = self.child.communicate(names, timeout=30)
        return judge(self.child.returncode, stderr, stdout, target=self.target, root=self.root)


@pytest.fixture
def rsync(tmp_path: Path) -> Rsync:
    runner = Rsync(tmp_path / "source")
    (runner.root / "a").write_text("a")
    return runner


@pytest.fixture
def unprivileged() -> Iterator[Rsync]:
    """An rsync that is not root, whoever runs the tests, in a place that it may enter."""
    home = Path(tempfile.mkdtemp(prefix="sersync-test-"))
    home.chmod(0o755)
    runner = Rsync(home / "source")
    target = home / "target"
    target.mkdir()
    if os.geteuid() == 0:
        runner.user = NOBODY
        os.chown(target, NOBODY, NOBODY)
    yield runner
    for directory, _, _ in os.walk(home):
        os.chmod(directory, 0o700)
    shutil.rmtree(home)


def stages(judgement: Judgement) -> dict[bytes, Stage]:
    return {problem.path: problem.stage for problem in judgement.problems}


def told(judgement: Judgement) -> str:
    assert judgement.reason is not None
    return judgement.reason.message


def test_a_good_run_is_done_and_its_numbers_are_right(rsync: Rsync, rsyncd: Rsyncd) -> None:
    (rsync.root / "b").write_bytes(b"x" * 5000)
    (rsyncd.root / "old").write_text("old")
    judgement = rsync(rsyncd.endpoint, b"/a", b"/b", b"/old")
    assert judgement == Judgement(verdict=Verdict.DONE)
    stats = parse_stats(rsync.stdout)
    assert (stats.files, stats.deleted) == (2, 1)
    assert stats.sent_bytes > 5000
    items = {item.path: item.deleted for item in parse_items(rsync.stdout, TOKEN)}
    assert items == {b"a": False, b"b": False, b"old": True}


def test_names_of_any_bytes_come_back_from_items(rsync: Rsync, rsyncd: Rsyncd) -> None:
    names = [b"new\nline", b"tab\t", b"\\#012", b"\\#0123", b"\xff\xfe", b" x ", b"#c", b"\x1b[1m"]
    for name in names:
        (rsync.root / os.fsdecode(name)).write_text("x")
    extra = [b"--8-bit-output"]
    assert rsync(rsyncd.endpoint, *(b"/" + n for n in names), extra=extra).verdict is Verdict.DONE
    assert {item.path for item in parse_items(rsync.stdout, TOKEN)} == set(names)
    for name in names:
        (rsync.root / os.fsdecode(name)).unlink()
    rsync(rsyncd.endpoint, *(b"/" + n for n in names))
    assert {item.path for item in parse_items(rsync.stdout, TOKEN) if item.deleted} == set(names)


def test_progress_counts_the_bytes(rsync: Rsync, rsyncd: Rsyncd) -> None:
    (rsync.root / "big").write_bytes(os.urandom(3_000_000))
    rsync(rsyncd.endpoint, b"/big", extra=[b"--info=progress2"])
    assert parse_progress(rsync.stdout) == 3_000_000


class TestDaemonRefuses:
    def test_an_unknown_module(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        judgement = rsync(dataclasses.replace(rsyncd.endpoint, module="nosuch"))
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
        assert "no module 'nosuch'" in told(judgement)

    def test_a_read_only_module(self, rsync: Rsync, rsyncd_factory: RsyncdFactory) -> None:
        judgement = rsync(rsyncd_factory(read_only=True).endpoint, b"/a")
        assert (judgement.verdict, judgement.connection_reset) == (Verdict.HALT, False)
        assert "is read only" in told(judgement)

    def test_a_wrong_password_and_none_at_all(
        self, rsync: Rsync, rsyncd: Rsyncd, tmp_path: Path
    ) -> None:
        wrong = tmp_path / "wrong"
        wrong.write_text("wrong\n")
        wrong.chmod(0o600)
        for file in ("", str(wrong)):
            judgement = rsync(rsyncd.locked.endpoint, b"/a", password_file=file)
            assert judgement.verdict is Verdict.HALT
            assert "refused the user or the password" in told(judgement)

    def test_a_password_file_that_others_may_read_or_that_is_missing(
        self, rsync: Rsync, rsyncd: Rsyncd, tmp_path: Path
    ) -> None:
        loose = tmp_path / "loose"
        loose.write_text("x\n")
        loose.chmod(0o644)
        locked: ServedModule = rsyncd.locked
        judgement = rsync(locked.endpoint, b"/a", password_file=str(loose))
        assert judgement.verdict is Verdict.HALT
        assert "can be read by others" in told(judgement)
        judgement = rsync(locked.endpoint, b"/a", password_file=str(tmp_path / "none"))
        assert judgement.verdict is Verdict.HALT
        assert "cannot be opened" in told(judgement)

    def test_an_option_that_is_refused(self, rsync: Rsync, rsyncd_factory: RsyncdFactory) -> None:
        judgement = rsync(rsyncd_factory(refused_options=("delete",)).endpoint, b"/a")
        assert (judgement.verdict, judgement.connection_reset) == (Verdict.HALT, False)
        assert "refuses --delete" in told(judgement)

    def test_too_many_connections_pass_by_themselves(
        self, rsync: Rsync, rsyncd_factory: RsyncdFactory
    ) -> None:
        daemon = rsyncd_factory(max_connections=1)
        judgement = Judgement(verdict=Verdict.DONE)

        def is_full() -> bool:
            nonlocal judgement
            judgement = rsync(daemon.endpoint, b"/a")
            return judgement.too_many_connections

        with rsync.connected(daemon.endpoint, daemon):
            wait_until(is_full, message="the only connection is in use")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)

    def test_a_module_whose_directory_is_missing(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        rsyncd.root.rmdir()
        judgement = rsync(rsyncd.endpoint, b"/a")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
        assert "is missing" in told(judgement)

    def test_a_directory_below_the_module_that_is_missing(
        self, rsync: Rsync, rsyncd: Rsyncd
    ) -> None:
        judgement = rsync(dataclasses.replace(rsyncd.endpoint, path="no/such"), b"/a")
        assert judgement.verdict is Verdict.RETRY
        assert "cannot be made" in told(judgement)


class TestNamesOfTheTarget:
    """A daemon's own filter: what it says differs between creating and deleting."""

    @pytest.fixture
    def daemon(self, rsyncd_factory: RsyncdFactory) -> Rsyncd:
        return rsyncd_factory(exclude=("*.own",))

    def test_creating_is_refused_and_the_rest_is_carried(
        self, rsync: Rsync, daemon: Rsyncd
    ) -> None:
        (rsync.root / "x.own").write_text("ours")
        for names in ([b"/a", b"/x.own"], [b"./"]):
            judgement = rsync(daemon.endpoint, *names)
            assert judgement.verdict is Verdict.PARTIAL
            assert stages(judgement) == {b"x.own": Stage.REFUSED}
            assert judgement.is_explained
        assert os.listdir(daemon.root) == ["a"]

    def test_changing_is_refused_and_theirs_stays(self, rsync: Rsync, daemon: Rsyncd) -> None:
        (rsync.root / "x.own").write_text("ours")
        (daemon.root / "x.own").write_text("theirs")
        assert stages(rsync(daemon.endpoint, b"/x.own")) == {b"x.own": Stage.REFUSED}
        assert (daemon.root / "x.own").read_text() == "theirs"

    def test_deleting_by_name_is_refused(self, rsync: Rsync, daemon: Rsyncd) -> None:
        (daemon.root / "x.own").write_text("theirs")
        judgement = rsync(daemon.endpoint, b"/x.own")
        assert stages(judgement) == {b"x.own": Stage.REFUSED}
        assert (daemon.root / "x.own").exists()

    def test_deleting_by_level_passes_it_over_without_a_word(
        self, rsync: Rsync, daemon: Rsyncd
    ) -> None:
        (daemon.root / "x.own").write_text("theirs")
        (daemon.root / "old").write_text("ours")
        assert rsync(daemon.endpoint, b"./").verdict is Verdict.DONE
        assert sorted(os.listdir(daemon.root)) == ["a", "x.own"]

    def test_a_directory_that_holds_such_a_name_cannot_be_deleted(
        self, rsync: Rsync, daemon: Rsyncd
    ) -> None:
        (daemon.root / "d").mkdir()
        (daemon.root / "d" / "x.own").write_text("theirs")
        judgement = rsync(daemon.endpoint, b"/d")
        assert judgement.exit_code == 0
        assert stages(judgement) == {b"d": Stage.DELETE}
        assert (daemon.root / "d" / "x.own").exists()

    def test_a_whole_directory_is_refused_once(self, rsync: Rsync, daemon: Rsyncd) -> None:
        (rsync.root / "d.own" / "sub").mkdir(parents=True)
        (rsync.root / "d.own" / "sub" / "f").write_text("f")
        for names in ([b"/d.own/", b"/d.own/sub/"], [b"/d.own/sub/f"]):
            judgement = rsync(daemon.endpoint, *names)
            assert stages(judgement) == {b"d.own": Stage.REFUSED}
            assert judgement.is_explained


class TestDeletionsThatAreStopped:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        return tmp_path / "copy"

    def fill(self, root: Path) -> None:
        for number in range(5):
            (root / "d").mkdir(parents=True, exist_ok=True)
            (root / "d" / f"{number}").write_text("x")

    def test_a_daemon_says_so_and_ends_with_zero(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        self.fill(rsyncd.root)
        (rsync.root / "d").mkdir()
        judgement = rsync(rsyncd.endpoint, b"/d/", max_delete=2)
        assert judgement.verdict is Verdict.HALT
        assert (judgement.exit_code, judgement.deletions_stopped) == (25, 3)
        assert len(list((rsyncd.root / "d").iterdir())) == 3

    def test_a_directory_here_ends_with_a_code_of_its_own(self, rsync: Rsync, copy: Path) -> None:
        self.fill(copy)
        (rsync.root / "d").mkdir()
        judgement = rsync(LocalDirectory(path=os.fsencode(copy)), b"/d/", max_delete=2)
        assert judgement.verdict is Verdict.HALT
        assert (judgement.exit_code, judgement.deletions_stopped) == (25, 3)

    def test_names_that_are_gone_count_too(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        self.fill(rsyncd.root)
        judgement = rsync(rsyncd.endpoint, b"/d", max_delete=0)
        assert (judgement.verdict, judgement.deletions_stopped > 0) == (Verdict.HALT, True)
        assert len(list((rsyncd.root / "d").iterdir())) == 5


class TestSinglePaths:
    def test_what_cannot_be_read_is_named(self, unprivileged: Rsync) -> None:
        root = unprivileged.root
        (root / "d").mkdir()
        (root / "d" / "secret").write_text("x")
        (root / "d" / "secret").chmod(0)
        (root / "locked").mkdir(mode=0o000)
        copy = LocalDirectory(path=os.fsencode(root.parent / "target"))
        judgement = unprivileged(copy, b"/d/", b"/locked/")
        assert judgement.verdict is Verdict.PARTIAL
        assert stages(judgement) == {b"d/secret": Stage.READ, b"locked": Stage.READ}
        assert judgement.deletions_skipped

    def test_what_the_target_cannot_write_or_delete_is_explained(self, unprivileged: Rsync) -> None:
        root = unprivileged.root
        copy = root.parent / "target"
        (root / "d").mkdir()
        (copy / "d").mkdir()
        for name in ("new", ".hidden"):
            (root / "d" / name).write_text("x")
        (copy / "d" / "old").write_text("x")
        (copy / "d").chmod(0o555)
        endpoint = LocalDirectory(path=os.fsencode(copy))
        judgement = unprivileged(endpoint, b"/d/new", b"/d/.hidden", b"/d/old")
        assert judgement.verdict is Verdict.PARTIAL
        assert stages(judgement)[b"d/old"] is Stage.DELETE
        unprivileged(endpoint, b"/d/new", b"/d/.hidden", b"/d/old", extra=[b"--dry-run"])
        items = parse_items(unprivileged.stdout, TOKEN)
        assert {item.path for item in items} >= {b"d/new", b"d/.hidden", b"d/old"}
        for path in (b"d/new", b"d/.hidden"):
            (item,) = [item for item in items if item.path == path]
            problem = judgement.explanation(item.path)
            assert problem is not None
            assert problem.message == "the target cannot write it: Permission denied"

    def test_a_name_that_cannot_be_converted_is_named(self, rsync: Rsync) -> None:
        (rsync.root / "d").mkdir()
        (rsync.root / "d" / "odd \udcff (1)").write_text("x")
        (rsync.root / "d" / "good").write_text("x")
        copy = LocalDirectory(path=os.fsencode(rsync.root.parent / "copy"))
        judgement = rsync(copy, b"/d/", extra=[b"--iconv=utf-8,iso-8859-1"])
        assert judgement.verdict is Verdict.PARTIAL
        assert judgement.deletions_skipped
        [problem] = judgement.problems
        assert (problem.path, problem.stage) == (b"d/odd \xff (1)", Stage.REFUSED)
        assert "--iconv" in problem.remedy

    def test_a_name_that_is_too_long_is_named(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        judgement = rsync(rsyncd.endpoint, b"/" + b"n" * 256, b"/a")
        assert judgement.verdict is Verdict.PARTIAL
        assert stages(judgement) == {b"n" * 256: Stage.READ}

    def test_a_path_below_what_became_a_file_is_named(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        judgement = rsync(rsyncd.endpoint, b"/a/b")
        assert judgement.verdict is Verdict.PARTIAL
        assert stages(judgement) == {b"a/b": Stage.READ}

    @pytest.mark.root  # the counterpart without root reads rsync's words in the unit tests
    def test_a_full_target_is_tried_again_with_a_remedy(self, rsync: Rsync, tmp_path: Path) -> None:
        small = tmp_path / "small"
        small.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", small], capture_output=True
        )
        if mounted.returncode:
            pytest.skip("mounting is not allowed here")
        try:
            (rsync.root / "big").write_bytes(os.urandom(300_000))
            judgement = rsync(LocalDirectory(path=os.fsencode(small)), b"/a", b"/big")
            assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
            assert "is full" in told(judgement)
            subprocess.run(["mount", "-o", "remount,ro", small], check=True)
            (rsync.root / "b").write_text("b")
            judgement = rsync(LocalDirectory(path=os.fsencode(small)), b"/b")
            assert judgement.verdict is Verdict.PARTIAL
            assert "mounted read only" in told(judgement)
        finally:
            subprocess.run(["umount", small], check=True)


class _Plain(http.server.BaseHTTPRequestHandler):
    """Answers whoever does not speak HTTP as web servers do: with a status line."""

    def parse_request(self) -> bool:
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        return False


class TestConnections:
    def test_a_web_server_where_the_daemon_should_be_is_named_and_tried_again(
        self, rsync: Rsync
    ) -> None:
        with http.server.HTTPServer(("127.0.0.1", 0), _Plain) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                port = server.server_address[1]
                judgement = rsync(RsyncModule(host="127.0.0.1", port=port, module="m"), b"/a")
            finally:
                server.shutdown()
                thread.join()

        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
        assert f"what answers on port {port} of 127.0.0.1 is no rsync daemon" in told(judgement)

    def test_nobody_listens(self, rsync: Rsync, port: int) -> None:
        judgement = rsync(RsyncModule(host="127.0.0.1", port=port, module="www"), b"/a")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
        assert "Connection refused" in told(judgement)
        assert not judgement.connection_reset

    def test_a_name_that_does_not_exist(self, rsync: Rsync) -> None:
        judgement = rsync(RsyncModule(host="no-such-host.invalid", module="www"), b"/a")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
        assert "no-such-host.invalid cannot be resolved" in told(judgement)

    def test_somebody_who_never_answers(self, rsync: Rsync) -> None:
        rsync.patience_s = 2
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = int(silent.getsockname()[1])
            judgement = rsync(RsyncModule(host="127.0.0.1", port=port, module="www"), b"/a")
        assert judgement.verdict is Verdict.RETRY
        assert judgement.exit_code in (30, 35)

    def test_a_connection_that_is_cut_is_unconfirmed(
        self, rsync: Rsync, rsyncd: Rsyncd, proxies: ProxyFactory
    ) -> None:
        proxy = proxies(rsyncd.port)
        with rsync.connected(rsyncd.open.endpoint_by(proxy.port), rsyncd) as run:
            proxy.cut()
            judgement = run.end(name_list([b"/a"]))
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, True)

    def test_an_old_daemon_that_dislikes_an_option_only_resets(
        self, rsync: Rsync, rsyncd: Rsyncd, proxies: ProxyFactory
    ) -> None:
        proxy = proxies.rsync_3_1_2(rsyncd.port)
        judgement = rsync(rsyncd.open.endpoint_by(proxy.port), b"/a")
        assert (judgement.verdict, judgement.connection_reset) == (Verdict.RETRY, True)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_an_rsync_that_is_killed_is_unconfirmed(
        self, rsync: Rsync, rsyncd: Rsyncd, number: signal.Signals
    ) -> None:
        with rsync.connected(rsyncd.endpoint, rsyncd) as run:
            run.child.send_signal(number)
            judgement = run.end(b"")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, True)

    def test_a_source_that_is_gone(self, rsync: Rsync, rsyncd: Rsyncd) -> None:
        shutil.rmtree(rsync.root)
        judgement = rsync(rsyncd.endpoint, b"/a")
        assert (judgement.verdict, judgement.exit_code) == (Verdict.RETRY, 3)
        assert "is gone" in told(judgement)


class TestRemoteShell:
    def test_a_good_run(self, rsync: Rsync, sshd: Sshd, tmp_path: Path) -> None:
        judgement = rsync(sshd.endpoint(tmp_path / "copy"), b"/a", rsh=sshd.command)
        assert judgement.verdict is Verdict.DONE
        assert (tmp_path / "copy" / "a").exists()

    def test_a_host_key_that_is_not_known(self, rsync: Rsync, sshd: Sshd, tmp_path: Path) -> None:
        rsh = f"{sshd.command} -o UserKnownHostsFile={tmp_path / 'nobody'}"
        judgement = rsync(sshd.endpoint(tmp_path / "copy"), b"/a", rsh=rsh)
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
        assert "does not know the host key" in told(judgement)

    def test_a_host_key_that_has_changed(self, rsync: Rsync, sshd: Sshd, tmp_path: Path) -> None:
        other = (sshd.identity.with_suffix(".pub")).read_text().split()[:2]
        sshd.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {' '.join(other)}\n")
        judgement = rsync(sshd.endpoint(tmp_path / "copy"), b"/a", rsh=sshd.command)
        assert judgement.verdict is Verdict.HALT
        assert "is not the one that ssh knows" in told(judgement)

    def test_a_key_that_is_not_accepted(self, rsync: Rsync, sshd: Sshd, tmp_path: Path) -> None:
        (sshd.identity.parent / "authorized_keys").write_text("")
        judgement = rsync(sshd.endpoint(tmp_path / "copy"), b"/a", rsh=sshd.command)
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
        assert "does not accept the ssh key" in told(judgement)

    def test_no_rsync_on_the_far_side(self, rsync: Rsync, sshd: Sshd, tmp_path: Path) -> None:
        for missing in (b"nosuchrsync", b"/opt/nosuch/rsync"):
            judgement = rsync(
                sshd.endpoint(tmp_path / "copy"),
                b"/a",
                rsh=sshd.command,
                extra=[b"--rsync-path=" + missing],
            )
            assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
            assert "rsync" in told(judgement)

    def test_nobody_listens_and_names_that_do_not_exist(self, rsync: Rsync, port: int) -> None:
        ssh = f"ssh -o BatchMode=yes -p {port}"
        judgement = rsync(RemoteShell(host="127.0.0.1", path="/tmp"), b"/a", rsh=ssh)
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
        assert "Connection refused" in told(judgement)
        judgement = rsync(RemoteShell(host="nosuch.invalid", path="/tmp"), b"/a", rsh=ssh)
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
        assert "nosuch.invalid is not known" in told(judgement)

    def test_a_remote_shell_that_does_not_exist(self, rsync: Rsync) -> None:
        judgement = rsync(RemoteShell(host="h", path="/tmp"), b"/a", rsh="/no/such/shell")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
        assert "/no/such/shell cannot be started" in told(judgement)

    def test_a_login_shell_that_talks(self, rsync: Rsync, tmp_path: Path) -> None:
        rsh = script(tmp_path / "noisy", 'shift; echo "Welcome"; exec sh -c "$*"')
        judgement = rsync(RemoteShell(host="h", path=str(tmp_path / "copy")), b"/a", rsh=rsh)
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
        assert "prints text of its own" in told(judgement)

    def test_deletions_that_are_stopped(self, rsync: Rsync, tmp_path: Path) -> None:
        rsh = script(tmp_path / "rsh", 'shift; exec sh -c "$*"')
        copy = tmp_path / "copy"
        copy.mkdir()
        for number in range(4):
            (copy / f"{number}").write_text("x")
        endpoint = RemoteShell(host="h", path=str(copy))
        judgement = rsync(endpoint, b"./", rsh=rsh, max_delete=1)
        assert (judgement.verdict, judgement.deletions_stopped) == (Verdict.HALT, 3)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return shlex.quote(str(path))
