"""The table of rsync's options must agree with the rsync that is installed."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from sersync.config.rsync_table import BY_LETTER, BY_NAME, OPTIONS, Fate, Option

NEWER = {"insecure-links", "confine-root", "compress-threads", "drop-D"}
"""Options of rsync 3.4.2 and later: an older rsync may not know them."""


def rsync(*args: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(["rsync", *args], capture_output=True, text=True, env=env, timeout=30)


def test_every_option_that_rsync_explains_is_in_the_table() -> None:
    explained = [
        line.split("  ")[0]
        for line in rsync("--help").stdout.partition("\nOptions\n")[2].splitlines()
        if line.startswith("-")
    ]
    longs = {name for text in explained for name in re.findall(r"--([a-z0-9][\w-]*)", text)}
    letters = {
        letter for text in explained for letter in re.findall(r"(?:^|, )-([^-])(?!\w)", text)
    }
    assert len(longs) > 120
    known = BY_NAME.keys() | {f"no-{name}" for name in [*BY_NAME, *BY_LETTER]}
    assert longs - {"no-OPTION"} <= known
    assert len(letters) > 45
    assert letters <= BY_LETTER.keys()


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if option.fate is not Fate.REFUSED],
    ids=lambda option: option.name,
)
def test_rsync_takes_every_name_of_an_option_as_the_table_says(option: Option) -> None:
    spellings = [f"--{name}" for name in (option.name, *option.aliases) if len(name) > 1]
    spellings += [f"-{option.letter}"] if option.letter else []
    for spelling in spellings:
        result = rsync(spelling)
        if "unknown option" in result.stderr and NEWER & {option.name}:
            pytest.skip(f"{spelling} is newer than the installed rsync")
        assert "unknown option" not in result.stderr
        assert ("missing argument" in result.stderr) is option.takes_value, result.stderr
    if option.can_be_negated:
        assert "unknown option" not in rsync(f"--no-{option.name}").stderr
