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
from tests.support.trees import trees_are_same, wait_until

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
@pytest.mark.parametrize("options", ["-ax", "-axL"])
def test_another_file_system_stays_as_empty_as_plain_rsync_leaves_it(
    source: Path, tmp_path: Path, engines: Engines, options: str
) -> None:
    """Without root: the plan's unit tests, and ``-ax`` in ``test_options_like_rsync``."""
    volume, theirs, ours = source / "d" / "volume", tmp_path / "theirs", tmp_path / "ours"
    for place in (volume, theirs, ours):
        place.mkdir(parents=True)
    (source / "d" / "file").write_text("here")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", volume], check=True)
    try:
        (volume / "deep").mkdir()
        (volume / "deep" / "file").write_text("elsewhere")
        parsed = parse_rsync_options([options], base=())
        copy = copy_at(
            ours,
            LocalDirectory(path=os.fsencode(ours)),
            options=parsed.options,
            filters=Filter(parsed.rules),
        )
        engine = engines(source, copy)
        plain = ["rsync", options, "--modify-window=-1", "--delete", f"{source}/", f"{theirs}/"]

        def is_like_plain_rsync() -> bool:
            subprocess.run(plain, check=True, timeout=60)
            return trees_are_same(theirs, ours)

        wait_until(engine.is_at_rest, 30.0, message=lambda: str(engine.status()))
        wait_until(is_like_plain_rsync, 10.0, poll_s=0.5)
        (volume / "later").write_text("elsewhere")
        (volume / "deep" / "file").unlink()
        (volume / "deep").rename(volume / "moved")
        volume.chmod(0o700)
        (source / "d" / "file").write_text("changed here")
        (source / "d").rename(source / "e")
        (source / "e" / "late").write_text("here")
        wait_until((ours / "e" / "late").exists, 20.0)
        engine.wait_for_rest()
        wait_until(is_like_plain_rsync, 10.0, poll_s=0.5)
        assert not (ours / "e" / "volume" / "later").exists()
        engine.stop()
    finally:
        subprocess.run(["umount", "-l", source / "e" / "volume"], check=False)
        subprocess.run(["umount", "-l", volume], check=False)
