"""``sersync target serve`` as people run it: a daemon in the foreground, supervised."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, RunningCli
from tests.support.notify import NotifySocket
from tests.support.tls import make_certificate
from tests.support.trees import assert_same_trees, wait_until

EX_TEMPFAIL = 75


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "copy").mkdir()
    return tmp_path / "copy"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source" / "d").mkdir(parents=True)
    (tmp_path / "source" / "d" / "file").write_text("content")
    return tmp_path / "source"


@pytest.fixture
def config(tmp_path: Path, copy: Path) -> Path:
    owner = "uid = root\ngid = root\n" if os.geteuid() == 0 else ""
    (tmp_path / "rsyncd.conf").write_text(
        f"pid file = {tmp_path}/pid\n[copy]\npath = {copy}\nread only = no\nuse chroot = no\n"
        f"munge symlinks = no\nhosts allow = 127.0.0.1 ::1\n{owner}"
    )
    return tmp_path / "rsyncd.conf"


def serve(cli: Cli, *arguments: str | Path) -> RunningCli:
    running = cli.start("target", "serve", *map(str, arguments))
    running.wait_until(lambda: "ready: rsync" in running.err)
    return running


def push(source: Path, url: str) -> int:
    return subprocess.run(
        ["rsync", "-a", "--modify-window=-1", f"{source}/", url], capture_output=True
    ).returncode


def rsyncs_of(running: RunningCli) -> list[int]:
    return children_of(running, "rsync")


def children_of(running: RunningCli, program: str) -> list[int]:
    children = Path(f"/proc/{running.child.pid}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().startswith(program)]


def test_one_module_needs_no_file(cli: Cli, copy: Path, source: Path, port: int) -> None:
    running = serve(cli, "--module", "copy", "--path", copy, "--port", str(port))

    assert push(source, f"rsync://127.0.0.1:{port}/copy/") == 0

    assert_same_trees(source, copy)
    assert running.stop() == 0


def test_a_module_without_a_password_is_for_this_host_alone(
    cli: Cli, copy: Path, port: int
) -> None:
    serve(cli, "--module", "copy", "--path", copy, "--port", str(port))

    with open("/proc/net/tcp") as lines:
        listening = {line.split()[1] for line in lines if line.split()[3] == "0A"}
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_user_gets_a_password_of_its_own(
    cli: Cli, copy: Path, source: Path, tmp_path: Path, port: int
) -> None:
    file = tmp_path / "password"
    serve(
        cli, "--module", "copy", "--path", copy, "--user", "me", "--password-file", file,
        "--port", str(port),
    )  # fmt: skip

    done = cli.run(
        "mirror", str(source), f"rsync://me@127.0.0.1:{port}/copy", "--once",
        "--password-file", str(file),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert push(source, f"rsync://127.0.0.1:{port}/copy/") == 5


def test_a_file_is_served_on_ipv4_and_ipv6_with_its_log_in_ours(
    cli: Cli, config: Path, copy: Path, source: Path, port: int
) -> None:
    running = serve(cli, "-c", config, "--port", str(port))

    assert push(source, f"rsync://127.0.0.1:{port}/copy/") == 0
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        assert push(source, f"rsync://[::1]:{port}/copy/") == 0
    assert push(source, f"rsync://127.0.0.1:{port}/none/") == 5

    assert_same_trees(source, copy)
    running.wait_until(lambda: "unknown module 'none'" in running.err)
    assert " WARNING rsync [" in running.err


def test_who_holds_the_port_is_named(cli: Cli, config: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = cli.run("target", "serve", "-c", str(config), "--port", str(port))

    assert done.returncode == EX_TEMPFAIL
    assert f"port {port} is held by " in done.stderr
    assert f"(process {os.getpid()})" in done.stderr


def test_another_target_serve_that_holds_the_port_is_named_as_that(
    cli: Cli, config: Path, port: int
) -> None:
    running = serve(cli, "-c", config, "--port", str(port))
    [daemon] = rsyncs_of(running)

    done = cli.run("target", "serve", "-c", str(config), "--port", str(port))

    assert done.returncode == EX_TEMPFAIL
    by = (
        f"another sersync target serve (process {running.child.pid}; its rsync is process {daemon})"
    )
    assert f"port {port} is held by {by}" in done.stderr
    assert f"kill {running.child.pid} " in done.stderr or "systemctl disable --now" in done.stderr
    assert "disable --now rsync" not in done.stderr


def test_after_kill_9_it_starts_again_with_the_stale_pid_file(
    cli: Cli, config: Path, source: Path, tmp_path: Path, port: int
) -> None:
    running = serve(cli, "-c", config, "--port", str(port))
    [daemon] = rsyncs_of(running)
    running.stop(signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{daemon}").exists(), 30)
    assert (tmp_path / "pid").exists()

    serve(cli, "-c", config, "--port", str(port))

    assert push(source, f"rsync://127.0.0.1:{port}/copy/") == 0


def test_a_daemon_that_ends_by_itself_is_started_again(
    cli: Cli, config: Path, source: Path, port: int
) -> None:
    running = serve(cli, "-c", config, "--port", str(port))
    [daemon] = rsyncs_of(running)

    os.kill(daemon, signal.SIGKILL)

    running.wait_until(lambda: "it serves again" in running.err)
    ended = f"rsync (process {daemon}) was killed by SIGKILL; it is started again"
    assert ended in running.err, running.err
    assert push(source, f"rsync://127.0.0.1:{port}/copy/") == 0


@pytest.mark.usefixtures("tls_tools")
def test_a_stunnel_that_ends_by_itself_is_named_and_started_again(
    cli: Cli, config: Path, tmp_path: Path, port: int
) -> None:
    certificate, key = make_certificate(tmp_path / "tls")
    running = serve(cli, "-c", config, "--cert", certificate, "--key", key, "--port", str(port))
    front, *_ = children_of(running, "stunnel")

    os.kill(front, signal.SIGTERM)

    running.wait_until(lambda: "it serves again" in running.err)
    assert re.search(rf"stunnel \(process {front}\) (ended with code|was killed by)", running.err)


def test_a_stop_ends_the_daemon_and_its_connections(
    cli: Cli, config: Path, source: Path, port: int
) -> None:
    running = serve(cli, "-c", config, "--port", str(port))
    with subprocess.Popen(
        ["rsync", "-a", "--files-from=-", f"{source}/", f"rsync://127.0.0.1:{port}/copy/"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as client:
        running.wait_until(lambda: "rsync allowed access on module copy" in running.err)

        assert running.stop() == 0

        assert client.stdin is not None
        client.stdin.close()
        assert client.wait(30) != 0
    assert push(source, f"rsync://127.0.0.1:{port}/copy/") == 10


def test_readiness_is_told_to_the_service_manager(
    cli: Cli, config: Path, tmp_path: Path, port: int
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(os.fspath(tmp_path / "notify"))
        manager.settimeout(20)
        cli.start(
            "target", "serve", "-c", str(config), "--port", str(port),
            NOTIFY_SOCKET=os.fspath(tmp_path / "notify"),
        )  # fmt: skip

        assert b"READY=1" in manager.recv(4096)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[NotifySocket]:
    listener = NotifySocket(os.fspath(tmp_path / "notify"))
    yield listener
    listener.close()


def is_silent(running: RunningCli) -> bool:
    """Tell whether the daemon does not answer now; on a busy host that may have been so before."""
    said = running.err
    return said.count("does not answer on its port") > said.count("it answers again")


def starves_while_stopped(running: RunningCli, manager: NotifySocket, pid: int) -> None:
    """Stop the process *pid*: the watchdog is not fed, until it goes on."""
    manager.await_line("WATCHDOG=1", times=2)
    running.wait_until(lambda: not is_silent(running))
    os.kill(pid, signal.SIGSTOP)
    try:
        running.wait_until(lambda: is_silent(running))
        fed = manager.listen().count("WATCHDOG=1")
        assert not manager.hears("WATCHDOG=1", within_s=2.5), "longer than the period"
    finally:
        os.kill(pid, signal.SIGCONT)
    manager.await_line("WATCHDOG=1", times=fed + 1)
    running.wait_until(lambda: not is_silent(running))


def test_a_stuck_daemon_starves_the_watchdog(
    cli: Cli, config: Path, manager: NotifySocket, port: int
) -> None:
    running = cli.start(
        "target", "serve", "-c", str(config), "--port", str(port),
        NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="2000000",
    )  # fmt: skip
    manager.await_line(f"STATUS=serves rsync on port {port} of every address")
    [daemon] = rsyncs_of(running)

    starves_while_stopped(running, manager, daemon)

    assert " connect from " not in running.err, "asking leaves no trace in the log"
    assert running.stop() == 0
    manager.await_line("STOPPING=1")


@pytest.mark.usefixtures("tls_tools")
def test_a_stuck_stunnel_starves_the_watchdog(
    cli: Cli, config: Path, manager: NotifySocket, tmp_path: Path, port: int
) -> None:
    certificate, key = make_certificate(tmp_path / "tls")
    running = cli.start(
        "target", "serve", "-c", str(config), "--port", str(port),
        "--cert", str(certificate), "--key", str(key),
        NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="2000000",
    )  # fmt: skip
    manager.await_line("READY=1")
    front, *_ = children_of(running, "stunnel")

    starves_while_stopped(running, manager, front)

    assert running.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-c", "/no/such/file"), 69, "cannot be read"),
        (("--module", "m"), 64, "--module and --path go together"),
        (("--module", "m", "--path", "/no/such"), 64, "is no directory"),
        (("--module", "m", "--path", "/tmp", "--user", "u"), 64, "go together"),
        (("--cert", "/c"), 64, "--cert and --key go together"),
    ],
)
def test_what_cannot_be_served_is_said(
    cli: Cli, config: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    first = () if arguments[0] in ("-c", "--module") else ("-c", str(config))

    done = cli.run("target", "serve", *first, *arguments)

    assert done.returncode == code, done.stderr
    assert said in done.stderr


def test_a_file_that_the_daemon_cannot_read_is_refused_at_its_line(cli: Cli, config: Path) -> None:
    config.write_text("[copy\n")

    done = cli.run("target", "serve", "-c", str(config))

    assert done.returncode == 78
    assert f"{config}:1: the name of the module is not closed" in done.stderr


@pytest.mark.usefixtures("tls_tools")
def test_over_tls_hosts_allow_means_the_client_and_nobody_comes_without_tls(
    cli: Cli, config: Path, source: Path, copy: Path, tmp_path: Path, port: int
) -> None:
    certificate, key = make_certificate(tmp_path / "tls")
    config.write_text(config.read_text().replace("127.0.0.1 ::1", "127.0.0.1"))
    running = serve(cli, "-c", config, "--cert", certificate, "--key", key, "--port", str(port))
    mirror = ("mirror", str(source), "--ca-file", str(certificate), "--once")

    done = cli.run(*mirror, f"rsyncs://127.0.0.1:{port}/copy")

    assert done.returncode == 0, done.stderr + running.err
    assert_same_trees(source, copy)
    assert push(source, f"rsync://127.0.0.1:{port}/copy/") != 0
    config.write_text(config.read_text().replace("= 127.0.0.1", "= 192.0.2.1"))
    refused = cli.run(*mirror, f"rsyncs://127.0.0.1:{port}/copy")
    assert refused.returncode == 1
    assert "does not let this host into the module" in refused.stderr
