from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import Cli
from tests.support.rsyncd import Rsyncd


def test_the_modules_of_a_daemon_are_shown_and_that_there_may_be_more(
    cli: Cli, rsyncd: Rsyncd
) -> None:
    done = cli.run("target", "list", f"rsync://127.0.0.1:{rsyncd.port}/")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["open", "locked"]
    assert "modules with 'list = no' are not shown" in done.stdout


def test_a_daemon_can_be_spelled_by_its_host_alone(cli: Cli, rsyncd: Rsyncd) -> None:
    for spelled in ("127.0.0.1", "127.0.0.1::"):
        done = cli.run("target", "list", spelled, "--port", str(rsyncd.port), "--json")

        document = json.loads(done.stdout)
        assert [module["name"] for module in document["modules"]] == ["open", "locked"]
        assert document["may_hide_some"] is True


def test_the_contents_of_a_module_are_shown(cli: Cli, rsyncd: Rsyncd) -> None:
    (rsyncd.root / "d").mkdir()
    (rsyncd.root / "d" / "with blank").write_bytes(b"12345")

    done = cli.run("target", "list", f"rsync://127.0.0.1:{rsyncd.port}/open/d", "--json")

    [entry] = json.loads(done.stdout)["entries"]
    assert (entry["name"], entry["size_bytes"]) == ("with blank", 5)
    assert entry["mode"].startswith("-rw")
    plain = cli.run("target", "list", f"rsync://127.0.0.1:{rsyncd.port}/open/d")
    assert "'with blank'" in plain.stdout


def test_a_password_opens_a_module(cli: Cli, rsyncd: Rsyncd, tmp_path: Path) -> None:
    locked = rsyncd.locked
    (locked.root / "inside").touch()

    refused = cli.run("target", "list", locked.url)
    by_file = cli.run("target", "list", locked.url, "--password-file", str(locked.password_file))
    by_environment = cli.run("target", "list", locked.url, RSYNC_PASSWORD=locked.password)

    assert refused.returncode == 1
    assert "refused the user or the password" in refused.stderr
    assert "inside" in by_file.stdout
    assert "inside" in by_environment.stdout


def test_a_daemon_that_is_not_there_is_said_to_be_not_there(cli: Cli, port: int) -> None:
    done = cli.run("target", "list", f"rsync://127.0.0.1:{port}/")

    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_is_not_there_is_said_to_be_not_there(cli: Cli, rsyncd: Rsyncd) -> None:
    (rsyncd.root / "d").mkdir()
    (rsyncd.root / "file").touch()
    module = f"rsync://127.0.0.1:{rsyncd.port}/open"

    done = cli.run("target", "list", f"{module}/d/none")
    file = cli.run("target", "list", f"{module}/file")

    assert done.returncode == 1
    assert "there is no directory 'd/none' in the module open on 127.0.0.1" in done.stderr
    assert f"sersync target list {module}/d" in done.stderr
    assert "carried" not in done.stderr
    assert "'file' in the module open on 127.0.0.1 cannot be entered" in file.stderr


def test_what_is_no_daemon_is_a_mistake(cli: Cli) -> None:
    done = cli.run("target", "list", "host:/path")

    assert done.returncode == 64
    assert "is no rsync daemon" in done.stderr
