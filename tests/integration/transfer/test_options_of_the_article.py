"""The options that a well-known guide to sersync lists: each is compared with plain rsync."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from sersync.config.rsync_options import parse_rsync_options
from sersync.config.rsync_table import BY_LETTER, BY_NAME, Fate
from sersync.config.rsync_words import Given, given_options
from sersync.model.filters import Filter
from sersync.model.target import LocalDirectory
from tests.integration.transfer.test_options_like_rsync import OPTIONS
from tests.integration.transfer.test_options_of_the_way import BY_A_SHELL, TO_A_DAEMON
from tests.support.engine import Engines, copy_at
from tests.support.trees import assert_same_trees, wait_until

_LISTED: Final = (
    "-v --verbose -q --quiet -c --checksum -a --archive -r --recursive -R --relative -b "
    "--backup --backup-dir --suffix -u --update -l --links -L --copy-links "
    "--copy-unsafe-links --safe-links -H --hard-links -p --perms -o --owner -g --group -D "
    "--devices -t --times -S --sparse -n --dry-run -W --whole-file -x --one-file-system -B "
    "--block-size -e --rsh --rsync-path -C --cvs-exclude --existing --delete "
    "--delete-excluded --delete-after --ignore-errors --max-delete --partial --force "
    "--numeric-ids --timeout -I --ignore-times --size-only --modify-window -T --temp-dir "
    "--compare-dest -P --progress -z --compress --exclude --include --exclude-from "
    "--include-from --version --address --config --port --blocking-io --stats --log-format "
    "--password-file --bwlimit -h --help "
)
_REFUSED: Final = {"dry-run", "version", "config", "help"}
_BY_ARCHIVE: Final = {"recursive", "links", "perms", "times", "group", "owner", "devices", "D"}
_ALWAYS: Final = {"delete", "rsh"}
"""Every comparison is with ``--delete``, every one by a shell with ``-e``."""


def _name(spelled: str) -> str:
    known = BY_NAME[spelled[2:]] if spelled.startswith("--") else BY_LETTER[spelled[1:]]
    return known.name


def _compared() -> Iterator[str]:
    for options in [*OPTIONS, *TO_A_DAEMON, *BY_A_SHELL]:
        for given in given_options(shlex.split(options)):
            assert isinstance(given, Given), options
            yield given.option.name
            if given.option.name == "archive":
                yield from _BY_ARCHIVE
    yield from _ALWAYS


@pytest.mark.parametrize("spelled", _LISTED.split())
def test_each_is_compared_with_plain_rsync_or_refused_with_a_reason(spelled: str) -> None:
    name = _name(spelled)
    option = BY_NAME.get(name) or BY_LETTER[name]

    if name in _REFUSED:
        assert option.fate is Fate.REFUSED
        assert option.note
        value = ["x"] if option.takes_value else []
        [mistake] = parse_rsync_options([spelled, *value]).mistakes
        assert option.note in mistake.message
    else:
        assert name in set(_compared())


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_pass_leaves_another_file_system_as_empty_as_plain_rsync_does(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    """Without root: ``-ax`` among the options of ``test_options_like_rsync``, without a mount."""
    volume, theirs, ours = source / "d" / "volume", tmp_path / "theirs", tmp_path / "ours"
    for place in (volume, theirs, ours):
        place.mkdir(parents=True)
    (source / "d" / "file").write_text("here")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", volume], check=True)
    try:
        (volume / "deep").mkdir()
        (volume / "deep" / "file").write_text("elsewhere")
        parsed = parse_rsync_options(["-ax"], base=())
        copy = copy_at(
            ours,
            LocalDirectory(path=os.fsencode(ours)),
            options=parsed.options,
            filters=Filter(parsed.rules),
        )
        engine = engines(source, copy)
        wait_until(engine.is_at_rest, 30.0, message=lambda: str(engine.status()))
        engine.stop()

        plain = ["rsync", "-ax", "--modify-window=-1", "--delete", f"{source}/", f"{theirs}/"]
        subprocess.run(plain, check=True, timeout=60)
        assert os.listdir(theirs / "d" / "volume") == []
        assert_same_trees(theirs, ours)
    finally:
        subprocess.run(["umount", "-l", volume], check=True)
