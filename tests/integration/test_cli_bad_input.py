"""Whatever is wrong: a clear message, the right exit code, no traceback, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.support.cli import Cli, RunningCli, cli
from tests.support.rsyncd import Rsyncd, RsyncdFactory

__all__ = ["cli"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / "file").write_text("content")
    return directory


def _refusal(cli: Cli, *arguments: str, code: int, **environ: str) -> str:
    result = cli.run(*arguments, **environ)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr
    return result.stderr


@pytest.mark.parametrize(
    "address",
    [
        "RSYNC://me:hunter22@host/m",
        "rsync://:hunter22@host/m",
        "rsync://me:a/hunter22@host/m",
        "ssh://me:hunter22@host/p",
    ],
)
def test_a_password_in_an_address_is_shown_by_no_command(
    cli: Cli, source: Path, tmp_path: Path, address: str
) -> None:
    file = tmp_path / "sersync.toml"
    target = f"to = {json.dumps(address)}\nwitness = {json.dumps(address)}\n"
    file.write_text(f'[[source]]\nroot = "{source}"\n[[source.target]]\n{target}')
    for arguments in (
        ["mirror", str(source), address],
        ["mirror", address, str(source)],
        ["check", "-c", str(file)],
        ["doctor", "-c", str(file)],
        ["doctor", "--target", address],
        ["target", "list", address],
        ["target", "check", address],
    ):
        result = cli.run(*arguments)
        assert result.returncode
        assert "hunter22" not in result.stdout + result.stderr, arguments


class TestCommandLine:
    """What can be told before anything is started."""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["mirrr"], "Did you mean 'mirror'?"),
            (["mirror"], "Missing argument 'SRC'"),
            (["mirror", "source"], "Missing argument 'DEST'"),
            (["mirror", "source", "x", "--delte"], "No such option"),
            (["mirror", "source", "h::m", "--port", "x"], "--port"),
            (["run"], "--config"),
            (["check"], "nothing to check"),
        ],
    )
    def test_what_is_mistyped_is_a_usage_error(
        self, cli: Cli, source: Path, arguments: list[str], said: str
    ) -> None:
        assert said in _refusal(cli, *arguments, code=64)

    def test_a_source_that_is_missing(self, cli: Cli) -> None:
        assert "none does not exist" in _refusal(cli, "mirror", "none", "h::m", code=66)

    def test_a_source_that_is_no_directory(self, cli: Cli, source: Path) -> None:
        said = _refusal(cli, "mirror", "source/file", "h::m", code=66)

        assert "file is not a directory" in said

    def test_a_source_with_an_empty_name(self, cli: Cli) -> None:
        assert "SRC is empty" in _refusal(cli, "mirror", "", "h::m", code=66)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_a_source_that_nobody_may_read(self, cli: Cli, source: Path) -> None:
        source.chmod(0)

        assert "Permission denied" in _refusal(cli, "mirror", "source", "h::m", code=66)

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("source", "the target is the source itself"),
            ("./source/", "the target is the source itself"),
            ("source/inside", "the target lies inside the source"),
            (".", "lies inside the target: it would be deleted"),
            ("source/file", "lies inside the source"),
            ("no/such/place", "no/such does not exist"),
            ("host::", "host::"),
            ("rsync://host", "rsync://host"),
            ("rsync://host:x/m", "rsync://host:x/m"),
            ("", "DEST"),
        ],
    )
    def test_a_target_that_cannot_be_one(
        self, cli: Cli, source: Path, target: str, said: str
    ) -> None:
        assert said in _refusal(cli, "mirror", "source", target, code=64)
        assert (source / "file").read_text() == "content"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--bandwidth", "fast"], '--bandwidth: "fast" is not a transfer rate'),
            (["--max-delete", "few"], '--max-delete: "few" is not a limit'),
            (["--exclude", ""], "--exclude: "),
            (["--rsync-option", "--dry-run"], "--dry-run"),
            (["--rsync-option", "--files-from=x"], "--files-from"),
            (["--rsync-option", "--daemon"], "--daemon"),
            (["--rsync-option", "--remove-source-files"], "--remove-source-files"),
            (["--rsync-option", "--no-such-option"], "--no-such-option"),
            (["--password-file", "none"], "No such file or directory"),
            (["--identity", "key"], "--identity: no DEST"),
        ],
    )
    def test_an_option_that_cannot_be_meant(
        self, cli: Cli, source: Path, options: list[str], said: str
    ) -> None:
        assert said in _refusal(cli, "mirror", "source", "h::m", *options, code=64)

    def test_a_password_file_that_others_can_read(
        self, cli: Cli, source: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "password").touch()
        (tmp_path / "password").chmod(0o604)

        said = _refusal(cli, "mirror", "source", "h::m", "--password-file", "password", code=64)

        assert f"chmod 600 {tmp_path}/password" in said

    def test_all_of_it_is_told_at_once(self, cli: Cli, source: Path) -> None:
        said = _refusal(cli, "mirror", "source", "host::", "source", "--exclude", "", code=64)

        assert len(said.splitlines()) == 3

    def test_status_without_an_instance(self, cli: Cli, tmp_path: Path) -> None:
        said = _refusal(cli, "status", "--state-dir", str(tmp_path), code=2)

        assert "no instance is running" in said


class TestConfig:
    """A configuration with mistakes is refused by whoever reads it."""

    _TEN_MISTAKES = """\
grase = 3
log_level = "loud"
[defaults]
paralel = 2
spares = -1
[[source]]
root = "relative"
max_delay = "soon"
[[source.target]]
to = "host::"
bandwidth = "fast"
full_pass = "daily"
[[source.target]]
name = "web"
"""

    def test_ten_mistakes_are_ten_lines(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "sersync.toml").write_text(self._TEN_MISTAKES)

        checked = _refusal(cli, "check", "-c", "sersync.toml", code=2)
        run = _refusal(cli, "run", "-c", "sersync.toml", code=78)

        assert checked == run
        *lines, last = run.splitlines()
        assert [int(line.split(":")[1]) for line in lines] == [1, 2, 4, 5, 7, 8, 10, 11, 12, 13]
        assert last == "sersync: sersync.toml: 10 mistakes"

    def test_a_missing_config(self, cli: Cli) -> None:
        assert "none.toml: No such file" in _refusal(cli, "run", "-c", "none.toml", code=78)

    def test_a_config_that_looks_wrong_is_warned_of(
        self, cli: Cli, source: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "sersync.toml").write_text(
            f'[[source]]\nroot="{source}"\nexclude=["{source}/cache/"]\n[[source.target]]\nto="h::m"'
        )

        result = cli.run("check", "-c", "sersync.toml")

        assert result.returncode == 1
        assert "warning: sersync.toml:3: " in result.stderr
        assert f'source "source": {source}' in result.stdout

    def test_a_config_without_mistakes(self, cli: Cli, source: Path, tmp_path: Path) -> None:
        (tmp_path / "sersync.toml").write_text(
            f'[[source]]\nroot="{source}"\n[[source.target]]\nto="h::m"'
        )

        result = cli.run("check", "-c", "sersync.toml")

        assert (result.returncode, result.stderr) == (0, "")
        assert f"rsync --archive --delete {source}/ rsync://h/m/" in result.stdout


class TestHost:
    """What the host must provide."""

    def test_rsync_that_is_not_installed(self, cli: Cli, source: Path, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()

        said = _refusal(
            cli, "mirror", "source", "copy", "--state-dir", "state", code=69,
            PATH=str(tmp_path / "bin"),
        )  # fmt: skip

        assert "rsync is not installed" in said
        assert "apt-get install rsync" in said

    def test_rsync_that_is_too_old(self, cli: Cli, source: Path, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()
        old = tmp_path / "bin" / "rsync"
        old.write_text("#!/bin/sh\necho 'rsync  version 3.0.9  protocol version 30'\n")
        old.chmod(0o755)

        said = _refusal(
            cli, "mirror", "source", "copy", "--state-dir", "state", code=69,
            PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        )  # fmt: skip

        assert "3.0.9" in said

    def test_a_second_instance_on_one_state_directory(
        self, cli: Cli, source: Path, tmp_path: Path
    ) -> None:
        first = cli.start("mirror", "source", "copy", "--state-dir", "state")
        first.wait_until((tmp_path / "copy" / "file").exists)

        said = _refusal(cli, "mirror", "source", "copy", "--state-dir", "state", code=75)

        assert str(tmp_path / "state") in said
        (source / "later").write_text("x")
        first.wait_until((tmp_path / "copy" / "later").exists)
        assert first.stop() == 0


class TestTargets:
    """A target that does not take anything: the others go on, and status tells why."""

    def _status(self, cli: Cli, running: RunningCli) -> dict[str, object]:
        """Return the status of the bad target, when all others are in sync."""
        bad: list[dict[str, object]] = []

        def is_the_only_one() -> bool:
            # A file stands on a good target a moment before that is in sync again.
            result = cli.run("status", "--json", "--state-dir", "state")
            assert result.returncode == 1, result.stderr
            (instance,) = json.loads(result.stdout)["instances"]
            targets: list[dict[str, object]] = instance["sources"][0]["targets"]
            bad[:] = [target for target in targets if target["state"] != "in-sync"]
            return len(bad) == 1

        running.wait_until(is_the_only_one)
        return bad[0]

    def _mirror(self, cli: Cli, tmp_path: Path, bad: str, *options: str) -> dict[str, object]:
        """Mirror to a good target and a *bad* one; return the status of the latter."""
        running = cli.start("mirror", "source", "copy", bad, "--state-dir", "state", *options)
        running.wait_until((tmp_path / "copy" / "file").exists)
        running.wait_until(lambda: cli.run("status", "--state-dir", "state").returncode == 1)
        (tmp_path / "source" / "later").write_text("x")
        running.wait_until((tmp_path / "copy" / "later").exists)
        status = self._status(cli, running)
        assert "Traceback" not in running.err
        assert running.stop() == 0
        return status

    def test_a_daemon_that_is_down_is_tried_again_until_it_is_there(
        self, cli: Cli, source: Path, rsyncd: Rsyncd
    ) -> None:
        rsyncd.stop()
        running = cli.start("mirror", "source", rsyncd.url, "--state-dir", "state")
        running.wait_until(lambda: cli.run("status", "--state-dir", "state").returncode == 1)

        assert self._status(cli, running)["state"] == "backing-off"
        rsyncd.start()
        running.wait_until((rsyncd.root / "file").exists)

        assert running.stop(signal.SIGINT) == 0
        assert rsyncd.daemon.url("open").rstrip("/") in running.err

    def test_a_wrong_password_halts_that_target_only(
        self, cli: Cli, source: Path, tmp_path: Path, rsyncd: Rsyncd
    ) -> None:
        (tmp_path / "password").write_text("wrong\n")
        (tmp_path / "password").chmod(0o600)

        status = self._mirror(cli, tmp_path, rsyncd.locked.url, "--password-file", "password")

        assert status["state"] == "halted"
        assert "password" in str(status["reason"])

    def test_an_unknown_module_halts_that_target_only(
        self, cli: Cli, source: Path, tmp_path: Path, rsyncd: Rsyncd
    ) -> None:
        status = self._mirror(cli, tmp_path, rsyncd.daemon.url("nowhere"))

        assert status["state"] == "halted"
        assert "nowhere" in str(status["reason"])

    def test_a_read_only_module_halts_that_target_only(
        self, cli: Cli, source: Path, tmp_path: Path, rsyncd_factory: RsyncdFactory
    ) -> None:
        status = self._mirror(cli, tmp_path, rsyncd_factory(read_only=True).url)

        assert status["state"] == "halted"
        assert "read only" in str(status["reason"])
