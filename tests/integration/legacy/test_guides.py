"""The commands in the pages for those who come from other programs are ones that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sersync.cli.legacy import parse_order
from tests.support.cli import Cli

_DOCS = Path(__file__).parents[3] / "docs"
_PAGES = ("migrate-from-sersync.md", "migrate-from-lsyncd.md")


def _commands(page: str) -> list[list[str]]:
    text = (_DOCS / page).read_text().replace("\n--", " --")
    fenced = re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL)
    blocks = "\n".join(block for language, block in fenced if not language)
    inline = re.findall(r"`(sersync2? [^`…]+)`", text)
    lines = [line for line in blocks.splitlines() if line.startswith("sersync")]
    return [shlex.split(line) for line in [*lines, *inline]]


@pytest.mark.parametrize("page", _PAGES)
def test_every_command_of_a_page_exists_with_its_options(page: str, cli: Cli) -> None:
    commands = _commands(page)
    assert len(commands) >= 3
    for program, *words in commands:
        if program == "sersync2":
            parse_order(words)
            continue
        names = [word for word in words if re.fullmatch(r"[a-z]+", word)][:2]
        names = names if names[0] == "target" else names[:1]
        shown = cli.run(*names, "--help")
        assert shown.returncode == 0, words
        for option in (word for word in words if word.startswith("-")):
            assert re.search(rf"(?<![\w-]){option}\b", shown.stdout), f"{words}: {option}"


def test_the_settings_of_the_lsyncd_page_are_settings(cli: Cli, tmp_path: Path) -> None:
    page = (_DOCS / "migrate-from-lsyncd.md").read_text()
    [toml] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "www").mkdir()
    password = tmp_path / "pass"
    password.write_text("secret\n")
    password.chmod(0o600)
    text = toml.replace("/srv/www", str(tmp_path / "www")).replace(
        "/etc/lsyncd.pass", str(password)
    )
    (tmp_path / "sersync.toml").write_text(text)

    checked = cli.run("check", "-c", "sersync.toml")

    assert checked.returncode == 0, checked.stderr
