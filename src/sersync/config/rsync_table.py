"""Every option of rsync(1), and what becomes of it when a user gives it to sersync.

Written from the manual page and the option list of rsync 3.5.0; a test asks the installed rsync
whether one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Fate(Enum):
    """What sersync does with an option."""

    PASSED = "passed"
    """It goes to every run."""
    TRANSLATED = "translated"
    """A mechanism of our own does what it means."""
    DISPLAY = "display"
    """It only changes what rsync prints, which nobody sees here: no effect."""
    REFUSED = "refused"
    """It would break replication; the note says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of rsync; *name* is its long name, or its letter if it has no long one."""

    name: str
    letter: str = ""
    aliases: tuple[str, ...] = ()
    takes_value: bool = False
    can_be_negated: bool = False
    fate: Fate
    note: str = ""
    """Refused: the reason. Otherwise, if not empty: what a user should know about it."""

    @property
    def spelling(self) -> str:
        """The option as rsync takes it, without a value."""
        return f"--{self.name}" if len(self.name) > 1 else f"-{self.name}"


# Rows are spelled as in the manual page: the long name, "=" with what it takes, letter, aliases.
# "[no-]" is in those that have a negated form.
_PASSED: Final = (
    "--archive -a",
    "--[no-]links -l",
    "--[no-]perms -p",
    "--executability -E",
    "--chmod=CHMOD",
    "--[no-]owner -o",
    "--[no-]group -g",
    "-D --no-D",
    "--[no-]devices",
    "--[no-]specials",
    "--[no-]drop-D",
    "--[no-]times -t",
    "--[no-]atimes -U",
    "--[no-]open-noatime",
    "--[no-]omit-dir-times -O",
    "--[no-]omit-link-times -J",
    "--[no-]hard-links -H",
    "--[no-]acls -A",
    "--[no-]xattrs -X",
    "--[no-]numeric-ids",
    "--usermap=STRING",
    "--groupmap=STRING",
    "--chown=USER:GROUP",
    "--copy-as=USER[:GROUP]",
    "--[no-]super",
    "--fake-super",
    "--safe-links",
    "--[no-]insecure-links",
    "--confine-root=DIR",
    "--keep-dirlinks -K",
    "--[no-]checksum -c",
    "--checksum-choice=STR --cc",
    "--checksum-seed=NUM",
    "--ignore-times -I",
    "--modify-window=NUM -@",
    "--max-size=SIZE",
    "--min-size=SIZE",
    "--max-alloc=SIZE",
    "--block-size=SIZE -B",
    "--[no-]whole-file -W",
    "--[no-]fuzzy -y",
    "--copy-dest=DIR",
    "--link-dest=DIR",
    "--[no-]compress -z",
    "--compress-choice=STR --zc",
    "--compress-level=NUM --zl",
    "--compress-threads=NUM --zt",
    "--skip-compress=LIST",
    "--old-compress",
    "--new-compress",
    "--[no-]one-file-system -x",
    "--[no-]sparse -S",
    "--preallocate",
    "--fsync",
    "--[no-]delay-updates",
    "--temp-dir=DIR -T",
    "--partial-dir=DIR",
    "--backup-dir=DIR",
    "--suffix=SUFFIX",
    "--[no-]mkpath",
    "--qsort",
    "--[no-]iconv=CONVERT_SPEC",
    "--protocol=NUM",
    "--ipv4 -4",
    "--ipv6 -6",
    "--address=ADDRESS",
    "--[no-]blocking-io",
    "--early-input=FILE",
    "--[no-]old-args",
    "--[no-]secluded-args -s --protect-args",
    "--trust-sender",
    "--remote-option=OPT -M",
    "--log-file=FILE",
    "--log-file-format=FMT",
)

_FOLLOWED_LINKS: Final = (
    "what a link leads to outside of the source is looked through every poll_every (1 min), what it"
    " leads to inside is carried at once; where one leads nowhere, what the target has stays; a"
    " link to a directory above itself is not followed"
)

_PASSED_WITH_A_NOTE: Final = {
    "--copy-links -L": _FOLLOWED_LINKS,
    "--copy-unsafe-links": _FOLLOWED_LINKS,
    "--copy-dirlinks -k": _FOLLOWED_LINKS,
    "--update -u": "a file that is newer on the target stays as it is there, and differs",
    "--size-only": "a change that keeps the size of a file is never carried",
    "--compare-dest=DIR": "files that are found there are not on the target",
    "--existing --ignore-non-existing": "files that are new at the source are never carried",
    "--ignore-existing": "later changes to a file that the target has are never carried",
    "--[no-]inplace": "readers on the target see files half written, and a file with several hard"
    " links there is changed under all its names",
    "--[no-]backup -b": "the old versions stay on the target until you remove them",
    "--[no-]munge-links": "symlinks on the target point nowhere until they are unmunged",
}

_TRANSLATED: Final = (
    "--[no-]recursive -r",
    "--[no-]inc-recursive --i-r",
    "--[no-]dirs -d",
    "--old-dirs --old-d",
    "--[no-]relative -R",
    "--[no-]implied-dirs --i-d",
    "--delete",
    "--delete-before",
    "--delete-during --del",
    "--delete-delay",
    "--delete-after",
    "--delete-missing-args",
    "--ignore-missing-args",
    "--[no-]ignore-errors",
    "--[no-]force",
    "--exclude=PATTERN",
    "--include=PATTERN",
    "--exclude-from=FILE",
    "--include-from=FILE",
    "--filter=RULE -f",
    "--[no-]partial",
    "-P",
    "--password-file=FILE",
    "--port=PORT",
    "--rsh=COMMAND -e",
    "--rsync-path=PROGRAM",
    "--[no-]timeout=SECONDS",
    "--[no-]contimeout=SECONDS",
    "--sockopts=OPTIONS",
    "--[no-]bwlimit=RATE",
)

_TRANSLATED_WITH_A_NOTE: Final = {
    "--cvs-exclude -C": "a .cvsignore in the tree holds at once; ~/.cvsignore of the daemon's user"
    " and its variable CVSIGNORE are read when the configuration is",
    "--max-delete=NUM": "before more than so many are deleted within a minute, the target halts and"
    " asks; rsync would delete so many, and leave the rest",
    "--delete-excluded": "holds for what other options of rsync exclude; what `exclude` or a"
    " <filter> excludes is never deleted",
}

_DISPLAY: Final = (
    "--[no-]verbose -v",
    "--quiet -q",
    "--info=FLAGS",
    "--debug=FLAGS",
    "--stderr=MODE",
    "--msgs2stderr",
    "--[no-]motd",
    "--stats",
    "--[no-]progress",
    "--[no-]itemize-changes -i",
    "--out-format=FORMAT --log-format",
    "--[no-]human-readable -h",
    "--[no-]8-bit-output -8",
    "--outbuf=MODE",
)

_LIST: Final = "sersync feeds rsync the list of changed names itself"
_BATCH: Final = "a batch file would stand in the place of the target"
_SPARES: Final = "it would end connections that wait for the next change"
_MODE: Final = "it turns rsync into something other than a client that sends files"

_REFUSED: Final = {
    "--dry-run -n": "nothing would ever be transferred; to look first, run rsync by hand",
    "--copy-devices": "reading a device may never end",
    "--[no-]write-devices": "it writes into devices of the target",
    "--[no-]crtimes -N": "Linux cannot set creation times, and rsync would not start",
    "--[no-]append": "a file that was rewritten, or did not grow, would stay as it is",
    "--append-verify": "a file that is not longer than its copy would stay as it is",
    "--[no-]prune-empty-dirs -m": "a directory whose content is not in the same run looks empty,"
    " and would be removed from the target with all it holds",
    "--remove-source-files --remove-sent-files": "it deletes the source",
    "-F": "it reads rules from files inside the tree; put the rules into the configuration",
    "--files-from=FILE": _LIST,
    "--[no-]from0 -0": _LIST,
    "--list-only": "nothing would ever be transferred",
    "--write-batch=FILE": _BATCH,
    "--only-write-batch=FILE": _BATCH,
    "--read-batch=FILE": _BATCH,
    "--stop-after=MINS --time-limit": _SPARES,
    "--stop-at=y-m-dTh:m": _SPARES,
    "--daemon": _MODE,
    "--config=FILE": _MODE,
    "--dparam=OVERRIDE": _MODE,
    "--detach": _MODE,
    "--server": _MODE,
    "--sender": _MODE,
    "--version -V": _MODE,
    "--help": _MODE,
}


def _option(spelled: str, fate: Fate, note: str = "") -> Option:
    words = spelled.replace("[no-]", "").split()
    letters = [word[1:] for word in words if not word.startswith("--")]
    longs = [word[2:].partition("=")[0] for word in words if word.startswith("--")]
    name, *aliases = [long for long in longs if not long.startswith("no-")] or letters
    return Option(
        name=name,
        letter=letters[0] if letters else "",
        aliases=tuple(aliases),
        takes_value="=" in words[0],
        can_be_negated="no-" in spelled,
        fate=fate,
        note=note,
    )


def _table() -> Iterator[Option]:
    for spelled in _PASSED:
        yield _option(spelled, Fate.PASSED)
    for spelled, note in _PASSED_WITH_A_NOTE.items():
        yield _option(spelled, Fate.PASSED, note)
    for spelled in _TRANSLATED:
        yield _option(spelled, Fate.TRANSLATED)
    for spelled, note in _TRANSLATED_WITH_A_NOTE.items():
        yield _option(spelled, Fate.TRANSLATED, note)
    for spelled in _DISPLAY:
        yield _option(spelled, Fate.DISPLAY)
    for spelled, note in _REFUSED.items():
        yield _option(spelled, Fate.REFUSED, note)


OPTIONS: Final = tuple(_table())
BY_LETTER: Final = {option.letter: option for option in OPTIONS if option.letter}
BY_NAME: Final = {
    name: option for option in OPTIONS for name in (option.name, *option.aliases) if len(name) > 1
}
