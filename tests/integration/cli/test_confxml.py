"""``check``, ``convert`` and ``run`` with a confxml.xml, as people type them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.compat.golden import HERE
from tests.support.cli import Cli
from tests.support.rsyncd import Rsyncd


@pytest.fixture
def config(tmp_path: Path, rsyncd: Rsyncd) -> Path:
    """The file that was shipped, for a source and an rsync daemon of this test."""
    root = tmp_path / "tongbu"
    root.mkdir()
    (root / "f").write_text("content")
    text = (HERE / "corpus" / "shipped.xml").read_text()
    for old, new in {
        'watch="/opt/tongbu">\n\t    <remote': f'watch="{root}">\n\t    <remote',
        "tongbu1": "open",
        'userDefinedPort start="false" port="874"': (
            f'userDefinedPort start="true" port="{rsyncd.port}"'
        ),
        "/tmp/rsync_fail_log.sh": f"{tmp_path}/fail_log.sh",
    }.items():
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "confxml.xml"
    file.write_text(text)
    return file


def test_check_says_what_it_does_what_is_odd_and_what_is_different(
    cli: Cli, config: Path, tmp_path: Path
) -> None:
    checked = cli.run("check", "-c", "confxml.xml")

    assert checked.returncode == 1
    assert f'source "tongbu": {tmp_path}/tongbu' in checked.stdout
    assert "waits for a full pass: create-file, attributes, modify" in checked.stdout
    assert "exclude 4913" in checked.stdout
    assert "warning: confxml.xml:30:20: commonParams params: --update" in checked.stderr
    assert "note: confxml.xml:24:" in checked.stderr
    assert ".htaccess" in checked.stderr


def test_strict_takes_warnings_for_mistakes(cli: Cli, config: Path) -> None:
    checked = cli.run("check", "-c", "confxml.xml", "--strict")

    assert checked.returncode == 2
    assert "confxml.xml: 1 mistake" in checked.stderr


def test_check_tells_all_mistakes_with_their_places(cli: Cli, config: Path) -> None:
    text = config.read_text().replace('"-artuz"', '"-artuzn"').replace("/tongbu", "/nowhere")
    config.write_text(text)

    checked = cli.run("check", "-c", "confxml.xml")

    assert checked.returncode == 2
    assert "confxml.xml:24:13: localpath watch: " in checked.stderr
    assert "confxml.xml:30:20: commonParams params: --dry-run" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_what_convert_writes_does_the_same(
    cli: Cli, config: Path, tmp_path: Path, rsyncd: Rsyncd
) -> None:
    converted = cli.run("convert", "confxml.xml", "-o", "sersync.toml")
    again = cli.run("convert", "confxml.xml", "-o", "sersync.toml")
    printed = cli.run("convert", "confxml.xml")

    written = tmp_path / "sersync.toml"
    assert converted.returncode == 0
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert written.read_text() == printed.stdout
    assert again.returncode == 64
    assert "File exists" in again.stderr
    once = cli.run("run", "-c", "sersync.toml", "--once")
    assert once.returncode == 0, once.stderr
    assert (rsyncd.root / "f").read_text() == "content"


def test_convert_of_something_else_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "sersync.toml").write_text("grace = 1\n")

    assert cli.run("convert", "sersync.toml").returncode == 64
    assert cli.run("convert", "nothing.xml").returncode == 78


def test_run_takes_a_confxml_xml(cli: Cli, config: Path, rsyncd: Rsyncd) -> None:
    once = cli.run("run", "-c", "confxml.xml", "--once")

    assert once.returncode == 0, once.stderr
    assert (rsyncd.root / "f").read_text() == "content"
