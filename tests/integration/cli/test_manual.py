"""Manual pages and completions are those of the commands, and are read by their own programs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sersync.cli.examples import EXAMPLES
from sersync.cli.manual import documents, pages
from sersync.cli.manual_legacy import legacy_page

_ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(documents()))
def test_it_is_current(name: str) -> None:
    assert (_ROOT / name).read_text() == documents()[name], "run: python -m sersync.cli.reference"


def test_nothing_is_left_of_commands_that_are_gone() -> None:
    there = {f"{each.parent.name}/{each.name}" for each in _ROOT.glob("man/*")}
    assert there == {name for name in documents() if name.startswith("man/")}


def test_every_command_and_every_option_has_its_place() -> None:
    texts = documents()
    for page in pages():
        text = texts[f"man/{page.name}.1"]
        for word in page.options:
            assert word.help, f"{page.name} {word.names} is not explained"
            for name in word.names:
                assert name.replace("-", "\\-") in text


def test_every_command_has_an_example_of_options_that_there_are() -> None:
    leaves = {" ".join(page.words[1:]): page for page in pages() if not page.below}

    assert EXAMPLES.keys() == leaves.keys()
    for name, line in EXAMPLES.items():
        words = shlex.split(line)
        assert words[: len(leaves[name].words)] == list(leaves[name].words)
        known = {each for word in leaves[name].options for each in word.names}
        assert {word for word in words if word.startswith("-")} <= known, line


@pytest.mark.parametrize("name", sorted(name for name in documents() if name.endswith(".1")))
def test_man_has_nothing_to_complain_of(name: str) -> None:
    if not shutil.which("groff"):
        pytest.skip("groff is not installed (apt-get install groff)")
    shown = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z", os.fspath(_ROOT / name)],
        capture_output=True,
        text=True,
    )
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("sersync", "mi"), {"mirror"}),
        (("sersync", "target", ""), {"init", "check", "serve", "list"}),
        (("sersync", "mirror", "--excl"), {"--exclude"}),
        (("sersync", "service", "install", "--us"), {"--user"}),
        (("sersync", "health", "--quiet", "--max-p"), {"--max-pending"}),
        (("sersync", "check", "--config", "pyproj"), {"pyproject.toml"}),
        (("sersync", "mirror", "--quiet", "pyproj"), {"pyproject.toml"}),
    ],
)
def test_bash_offers_what_fits(typed: tuple[str, ...], offered: set[str]) -> None:
    script = (
        'source completions/sersync.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
        ' _sersync; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", *typed], cwd=_ROOT, capture_output=True, text=True
    )
    found = set(done.stdout.split())
    assert offered <= found, done.stderr
    assert typed[-1] == "" or found == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("sersync2", "-"), {"-d", "-r", "-o", "-n", "-m", "-h"}),
        (("sersync2", "-d", "-m", "re"), {"refreshCDN"}),
        (("sersync2", "-d", "-o", "pyproj"), {"pyproject.toml"}),
        (("sersync2", "-n", ""), set()),
    ],
)
def test_bash_offers_what_sersync2_takes(typed: tuple[str, ...], offered: set[str]) -> None:
    script = (
        'source completions/sersync2.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
        ' _sersync2; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", *typed], cwd=_ROOT, capture_output=True, text=True
    )
    assert set(done.stdout.split()) == offered, done.stderr


def test_every_option_of_sersync2_has_its_place() -> None:
    page = legacy_page()
    text = (_ROOT / "man" / "sersync2.1").read_text()

    assert {word.names[0] for word in page.options} == {"-d", "-r", "-o", "-n", "-m", "-h"}
    assert all(f"\\fB\\{word.names[0]}\\fR" in text for word in page.options), text
    assert "sersync check" in text


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("zsh", "_sersync"),
        ("fish", "sersync.fish"),
        ("zsh", "_sersync2"),
        ("fish", "sersync2.fish"),
    ],
)
def test_the_other_shells_can_read_theirs(shell: str, file: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed (apt-get install {shell})")
    done = subprocess.run(
        [shell, "-n", os.fspath(_ROOT / "completions" / file)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
