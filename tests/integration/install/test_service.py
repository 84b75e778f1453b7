"""``sersync service``: what is installed, checked by systemd's own tools and by running it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.rsyncd import RsyncdFactory
from tests.support.trees import wait_until

_WORST_SCORE = 4.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("content")
    file = tmp_path / "www.toml"
    file.write_text(
        f'[[source]]\nroot="{tmp_path}/source"\n[[source.target]]\nto="{tmp_path}/copy"\n'
    )
    return file


def _unit(tmp_path: Path, name: str = "sersync@www.service") -> Path:
    return tmp_path / "image" / "etc" / "systemd" / "system" / name


def _analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        # The counterpart that runs everywhere: the unit tests of the text.
        pytest.skip("systemd-analyze is not installed (apt-get install systemd)")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("side", ["source", "source as another user", "target"])
def test_the_unit_is_sound_and_its_exposure_low(
    cli: Cli, config: Path, tmp_path: Path, side: str
) -> None:
    more = {"source": [], "source as another user": ["--user", "daemon"], "target": ["--target"]}
    which = more[side] if side == "target" else ["-c", "www.toml", *more[side]]
    done = cli.run("service", "install", *which, "--root", "image")
    unit = _unit(tmp_path, "sersync-target.service") if side == "target" else _unit(tmp_path)

    assert done.returncode == 0, done.stderr
    verified = _analyzed("verify", os.fspath(unit))
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = _analyzed("security", "--offline=yes", os.fspath(unit)).stdout
    score = re.search(r"exposure level for \S+: ([\d.]+)", rated)
    assert score is not None, rated
    assert float(score[1]) <= _WORST_SCORE


def test_installing_twice_changes_nothing_and_uninstalling_takes_it_all(
    cli: Cli, config: Path, tmp_path: Path
) -> None:
    arguments = ("-c", "www.toml", "--root", "image")
    first = cli.run("service", "install", *arguments)
    second = cli.run("service", "install", *arguments)
    link = _unit(tmp_path).parent / "multi-user.target.wants" / "sersync@www.service"

    assert "written" in first.stdout
    assert "is current" in second.stdout
    assert link.resolve() == _unit(tmp_path)
    gone = cli.run("service", "uninstall", *arguments)
    assert gone.returncode == 0
    assert not _unit(tmp_path).exists()
    assert not link.is_symlink()
    assert config.exists()
    assert cli.run("service", "uninstall", *arguments).returncode == 1


def test_a_unit_that_is_not_ours_is_left_alone(cli: Cli, config: Path, tmp_path: Path) -> None:
    _unit(tmp_path).parent.mkdir(parents=True)
    _unit(tmp_path).write_text("[Service]\nExecStart=/bin/mine\n")
    install = cli.run("service", "install", "-c", "www.toml", "--root", "image")
    uninstall = cli.run("service", "uninstall", "-c", "www.toml", "--root", "image")

    assert (install.returncode, uninstall.returncode) == (64, 64)
    assert "not ours" in install.stderr
    assert "/bin/mine" in _unit(tmp_path).read_text()


def test_print_changes_nothing(cli: Cli, config: Path, tmp_path: Path) -> None:
    done = cli.run("service", "install", "-c", "www.toml", "--print", "--root", "image")

    assert "Type=notify" in done.stdout
    assert f"--config {config}" in done.stdout
    assert not (tmp_path / "image").exists()


def test_a_configuration_with_mistakes_becomes_no_service(
    cli: Cli, config: Path, tmp_path: Path
) -> None:
    config.write_text("bogus = 1")
    done = cli.run("service", "install", "-c", "www.toml", "--root", "image")

    assert done.returncode == 78
    assert not (tmp_path / "image").exists()


@pytest.mark.parametrize("words", [("--port", "8740"), ("--no-tls",), ("--cert", "a")])
def test_what_is_for_the_receiving_side_is_refused_for_a_source(
    cli: Cli, config: Path, words: tuple[str, ...]
) -> None:
    done = cli.run("service", "install", "-c", "www.toml", *words, "--root", "image")

    assert (done.returncode, "are for --target" in done.stderr) == (64, True), done.stderr


def test_a_certificate_of_ones_own_goes_into_the_service(cli: Cli) -> None:
    done = cli.run(
        "service", "install", "--target", "--cert", "c.pem", "--key", "k.pem", "--print",
        "--root", "image",
    )  # fmt: skip
    [line] = [line for line in done.stdout.splitlines() if line.startswith("ExecStart=")]

    assert re.search(r" --cert /\S*/c\.pem --key /\S*/k\.pem$", line), line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-c", "none.conf"), "none.conf does not exist"),
        (("--user", "daemon"), "--user is not for --target"),
        (("--name", "other"), "--name is not for --target"),
        (("--cert", "cert.pem"), "--cert and --key go together"),
        (("--cert", "cert.pem", "--key", "key.pem", "--no-tls"), "exclude each other"),
    ],
)
def test_a_receiving_side_that_could_not_be_meant_becomes_no_service(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = cli.run("service", "install", "--target", *words, "--root", "image")

    assert (done.returncode, said in done.stderr) == (64, True), done.stderr
    assert not (tmp_path / "image").exists()


def test_the_directory_that_the_service_manager_gives_is_used(
    cli: Cli, config: Path, tmp_path: Path
) -> None:
    running = cli.start("run", "-c", os.fspath(config), STATE_DIRECTORY=f"{tmp_path}/given")
    running.wait_until((tmp_path / "copy" / "file").exists)

    # The doors open last, while changes are carried already.
    running.wait_until((tmp_path / "given" / "control.sock").exists)
    assert running.stop() == 0


@pytest.mark.root
@pytest.mark.parametrize("user", ["", "nobody"])
def test_the_capabilities_of_the_unit_are_enough_to_read_everything(
    cli: Cli, config: Path, rsyncd_factory: RsyncdFactory, user: str
) -> None:
    # The counterpart for any user: the unit tests of what the unit allows.
    served = rsyncd_factory()
    own = subprocess.run(["mktemp", "-d"], capture_output=True, text=True).stdout.strip()
    try:
        secret = Path(own, "source", "secret")
        secret.parent.mkdir()
        secret.write_text("nobody else's")
        os.chown(secret, 12345, 12345)
        secret.chmod(0o600)
        os.chmod(own, 0o755)
        source = os.fspath(secret.parent)
        state = Path(own, "state")
        state.mkdir()
        identity = ["--bounding-set", "-all,+dac_read_search"]
        if user:
            os.chown(state, 65534, 65534)
            identity += ["--reuid", "65534", "--regid", "65534", "--clear-groups"]
            identity += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
        done = subprocess.run(
            ["setpriv", *identity, "--no-new-privs", sys.executable, "-m", "sersync",
             "mirror", source, served.url, "--once", "--state-dir", os.fspath(state)],
            capture_output=True, text=True, timeout=60, cwd="/", env=cli._environ({}),
        )  # fmt: skip
    finally:
        shutil.rmtree(own)

    assert done.returncode == 0, done.stderr
    assert (served.root / "secret").read_text() == "nobody else's"


@pytest.mark.root
def test_the_rc_script_starts_reloads_and_stops(cli: Cli, config: Path, tmp_path: Path) -> None:
    # The counterpart for any user: the script's text in the unit tests. Its files are in /run.
    name = f"test-{os.getpid()}"
    pid_file, log = Path(f"/run/sersync-{name}.pid"), Path(f"/var/log/sersync-{name}.log")
    done = cli.run(
        "service", "install", "-c", "www.toml", "--name", name, "--rc", "--root", "image"
    )
    script = tmp_path / "image" / "etc" / "init.d" / f"sersync-{name}"
    environ = cli._environ({"STATE_DIRECTORY": f"{tmp_path}/state"})
    assert f"sersync-{name} start" in done.stdout, done.stderr

    def rc(action: str) -> int:
        return subprocess.run(
            ["sh", script, action], env=environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
        ).returncode  # fmt: skip

    try:
        assert rc("status") == 3
        assert rc("start") == 0
        wait_until((tmp_path / "copy" / "file").exists, 20.0, log.read_text)
        pid = int(pid_file.read_text())
        assert rc("start") == 0
        assert int(pid_file.read_text()) == pid, "started once"
        assert rc("reload") == 0
        wait_until(lambda: "read again" in log.read_text(), 20.0)
        assert (rc("status"), rc("stop"), rc("status")) == (0, 0, 3)
        assert not Path(f"/proc/{pid}").exists()
    finally:
        if pid_file.exists():
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
            pid_file.unlink()
        log.unlink(missing_ok=True)


def test_a_reaped_child_is_no_zombie_even_as_the_first_process(
    cli: Cli, config: Path, tmp_path: Path
) -> None:
    """In a container the daemon may be process 1, and inherits what others leave there."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed (apt-get install util-linux)")
    orphan = "(sleep 0.1 &) ; "  # left to process 1 when its parent has ended
    script = f"{orphan} exec {sys.executable} -m sersync run -c {config}"
    container = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc",
         "sh", "-c", script],
        env=cli._environ({"STATE_DIRECTORY": f"{tmp_path}/state"}),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until(
            lambda: (tmp_path / "copy" / "file").exists() or container.poll() is not None, 20.0
        )
        if container.poll() is not None:
            assert container.stderr is not None
            pytest.skip(f"no namespaces here: {container.stderr.read()!r}")
        [first] = Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text().split()
        wait_until(lambda: not _zombies(int(first)), 20.0, lambda: str(_zombies(int(first))))
        os.kill(int(first), signal.SIGTERM)
        assert container.wait(timeout=30) == 0, "a stop goes through it"
    finally:
        for pid in _children(container.pid):
            os.kill(pid, signal.SIGKILL)
        container.wait(timeout=30)
        assert container.stderr is not None
        container.stderr.close()


def _children(pid: int) -> list[int]:
    """Return the children of all threads of *pid*, which come and go."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in file.read_text().split()]
    return found


def _zombies(pid: int) -> list[int]:
    def is_zombie(child: int) -> bool:
        try:
            return ") Z " in Path(f"/proc/{child}/stat").read_text()
        except OSError:
            return False

    return [child for child in _children(pid) if is_zombie(child)]
