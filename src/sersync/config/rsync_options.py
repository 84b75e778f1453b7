"""From the rsync options that a user gives to what each part of sersync must know about them.

Pure: files of rules are read by the caller's function.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sersync.config.rsync_table import Fate
from sersync.config.rsync_values import check_value, size_bytes, whole_number
from sersync.config.rsync_words import Given, given_options
from sersync.errors import Mistake
from sersync.model.filters import Rule
from sersync.model.follow import Follow
from sersync.model.options import RsyncOptions
from sersync.model.rule import ignored, literal_pattern, parse_filter_option, parse_pattern_option

PARTIAL_DIR: Final = ".rsync-partial"
"""Where ``--partial`` keeps what was cut off, beside the file; excluded everywhere."""

_ARCHIVE: Final = ("recursive", "links", "perms", "times", "group", "owner", "devices", "specials")
_OWN_COMPARE: Final = frozenset({"checksum", "ignore-times", "size-only", "modify-window"})
_DELETING: Final = frozenset(
    f"delete{how}"
    for how in ("", "-before", "-during", "-delay", "-after", "-excluded", "-missing-args")
)
_MAY_REPEAT: Final = frozenset({"one-file-system", "fuzzy"})
"""Given twice, these mean more than given once."""

_NOT_BELOW: Final = Rule(False, b"/*/*", sends_only=True)
"""What is in a directory below the root takes no part without ``--recursive``; the directory does,
as with ``--dirs``, and when it is gone, all that its copy holds goes with it."""

_CVS_PATTERNS: Final = rb"""
    RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo *~ #* .#* ,* _$* *$
    *.old *.bak *.BAK *.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc *.ln core
    .svn/ .git/ .hg/ .bzr/
""".split()
"""What ``--cvs-exclude`` excludes, before what the user has in ``$HOME/.cvsignore`` and the
variable ``CVSIGNORE``: rsync(1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedOptions:
    """What a list of rsync options means. None and "": nothing was said about it.

    *rules* are to follow the user's other filter rules, and *rules_before* to precede them.
    *delete* is True when a ``--delete…`` was given. *bandwidth_kib_s*, *timeout_s* and
    *connect_timeout_s* may be 0: no limit. *rsh* is empty for plain ``ssh`` too. *warnings* are
    sentences; in *mistakes* the place is the word as it was written.
    """

    options: RsyncOptions = field(default_factory=RsyncOptions)
    rules: tuple[Rule, ...] = ()
    rules_before: tuple[Rule, ...] = ()
    delete: bool | None = None
    bandwidth_kib_s: int | None = None
    password_file: str = ""
    port: int | None = None
    rsh: str = ""
    timeout_s: int | None = None
    connect_timeout_s: int | None = None
    max_delete: int | None = None
    rsync_path: str = ""
    warnings: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def parse_rsync_options(
    args: Sequence[str],
    *,
    base: Sequence[str] = ("--archive",),
    read_file: Callable[[str], bytes] | None = None,
    own_ignored: Callable[[], bytes] = bytes,
) -> ParsedOptions:
    """Return what *args* mean when they are added to *base*.

    *args* are words as rsync takes them: ``-artuz``, ``-e``, ``ssh``, ``--max-size=1g``,
    ``--no-perms``. *read_file* returns the content of a file of rules (``--exclude-from``) or
    raises ``OSError``; without it such a file is a mistake. *own_ignored* returns the words that
    the user adds to what ``--cvs-exclude`` excludes. Never raises: all that is wrong is in
    ``mistakes``.
    """
    reading = _Reading(read_file, own_ignored)
    for given in given_options([*base, *args]):
        if isinstance(given, Mistake):
            reading.mistakes.append(given)
            continue
        try:
            reading.add(given)
        except ValueError as error:
            message = f"{given.option.spelling}: {error}"
            reading.mistakes.append(Mistake(place=given.written, message=message))
    return reading.result()


class _Reading:
    """Collects what the options say, one after the other. For one call, on one thread."""

    def __init__(
        self, read_file: Callable[[str], bytes] | None, own_ignored: Callable[[], bytes]
    ) -> None:
        self.mistakes: list[Mistake] = []
        self._read_file = read_file
        self._own_ignored = own_ignored
        self._passed: list[str] = []
        self._on: set[str] = set()
        self._values: dict[str, str] = {}
        self._rules: list[Rule] = []
        self._warnings: list[str] = []

    def add(self, given: Given) -> None:
        """Take in one option. Raises ``ValueError`` with a sentence if it cannot be followed."""
        option = given.option
        if given.negated:
            self._negate(given)
            return
        if option.fate is Fate.REFUSED:
            raise ValueError(f"sersync does not accept this option: {option.note}")
        if option.takes_value and option.fate is not Fate.DISPLAY:
            check_value(option.name, given.value)
            self._values[option.name] = given.value
        self._on.add(option.name)
        if option.name == "archive":
            self._on.update(_ARCHIVE)
        if option.note:
            self._warn(f"{option.spelling}: {option.note}")
        if option.fate is Fate.TRANSLATED:
            self._translate(given)
        elif option.fate is Fate.PASSED:
            self._check_remote_option(given)
            self._pass(given)

    def _negate(self, given: Given) -> None:
        name = given.option.name
        self._on.discard(name)
        self._values.pop(name, None)
        if name == "implied-dirs":
            self._warn("--no-implied-dirs: directories above a change are always kept like theirs")
        if given.option.fate is Fate.PASSED:
            self._passed.append(given.canonical)

    def _pass(self, given: Given) -> None:
        word = given.canonical
        is_said = word in self._passed and not any(w.startswith("--no-") for w in self._passed)
        if given.option.name in _MAY_REPEAT or not is_said:
            self._passed.append(word)

    def _translate(self, given: Given) -> None:
        value = os.fsencode(given.value)
        match given.option.name:
            case "filter":
                self._rules.append(parse_filter_option(value))
            case "exclude" | "include" as name:
                self._rules.append(parse_pattern_option(value, include=name == "include"))
            case "exclude-from" | "include-from" as name:
                self._rules += self._rules_from(given.value, include=name == "include-from")
            case "P":
                self._on.add("partial")
            case "bwlimit":
                size_bytes(given.value, default_unit="k")
            case "password-file" if given.value == "-":
                raise ValueError("a service cannot read a password from its standard input")
            case "sockopts":
                self._warn("--sockopts: no effect, sersync sets TCP_NODELAY itself")

    def _check_remote_option(self, given: Given) -> None:
        """Refuse for the far side what is refused here."""
        if given.option.name != "remote-option":
            return
        for inner in given_options([given.value]):
            if isinstance(inner, Mistake):
                raise ValueError(inner.message)
            if inner.option.fate is Fate.REFUSED or inner.option.name.startswith("delete"):
                raise ValueError(f"{inner.option.spelling} cannot be sent to the target's rsync")

    def _rules_from(self, file: str, *, include: bool) -> list[Rule]:
        """Read a file of patterns: one a line; empty lines, ``#`` and ``;`` lines are skipped."""
        if self._read_file is None or file == "-":
            raise ValueError("rules are not read from other files here; give them one by one")
        try:
            content = self._read_file(file)
        except OSError as error:
            raise ValueError(f"cannot read {file}: {error.strerror or error}") from error
        lines = content.replace(b"\r", b"\n").split(b"\n")
        return [
            parse_pattern_option(line, include=include)
            for line in lines
            if line and not line.startswith((b"#", b";"))
        ]

    def _warn(self, sentence: str) -> None:
        if sentence not in self._warnings:
            self._warnings.append(sentence)

    def _number(self, name: str) -> int | None:
        return whole_number(name, self._values[name]) if name in self._values else None

    def _exclude_side_directories(self) -> None:
        """Exclude the directories that rsync itself keeps inside the tree on the target."""
        for name, where in (
            ("backup-dir", b"/%b/"),
            ("temp-dir", b"/%b/"),
            ("partial-dir", b"%b/"),
        ):
            given = self._values.get(name, "")
            directory = os.fsencode(given).rstrip(b"/").removeprefix(b"./")
            if directory in (b"", b".") or directory.startswith((b"/", b"../")):
                continue
            self._rules.append(Rule(False, where % literal_pattern(directory)))
            self._warn(f"--{name}: {given} is rsync's own on the target, so it is excluded")
        if "delay-updates" in self._on and "partial-dir" not in self._values:
            self._rules.append(Rule(False, b".~tmp~/"))

    def _settle(self) -> None:
        """Do what depends on the whole list."""
        if "partial" in self._on and "partial-dir" not in self._values:
            # --partial alone would put a truncated file in the place of a good one.
            self._values["partial-dir"] = PARTIAL_DIR
            self._passed.append(f"--partial-dir={PARTIAL_DIR}")
            self._warn("--partial: what is cut off is kept beside the file, not in its place")
        if "cvs-exclude" in self._on:
            self._rules += ignored([*_CVS_PATTERNS, *self._own_ignored().split()])
        if "delete-excluded" in self._on:
            self._rules = [replace(rule, sends_only=True) for rule in self._rules]
        self._exclude_side_directories()
        if self._passed.count("--one-file-system") > 1:
            self._warn(
                "-x twice: a directory on which another file system is mounted stands on the target"
                " all the same, empty"
            )
        if "recursive" not in self._on:
            self._warn("without -r (or -a) only what lies in the root itself is carried")

    def result(self) -> ParsedOptions:
        """Return everything that was said."""
        self._settle()
        on, values = self._on, self._values
        shell = values.get("rsh", "").strip()
        limit = values.get("bwlimit")
        max_delete = self._number("max-delete")
        return ParsedOptions(
            options=RsyncOptions(
                passed=tuple(self._passed),
                recursive="recursive" in on,
                times="times" in on,
                own_compare=bool(on & _OWN_COMPARE),
                hard_links="hard-links" in on,
                one_file_system="one-file-system" in on,
                ignore_files="cvs-exclude" in on,
                follow=Follow(
                    every="copy-links" in on,
                    outside="copy-unsafe-links" in on,
                    directories="copy-dirlinks" in on,
                ),
                max_size=bool(on & {"max-size", "min-size"}),
            ),
            rules=tuple(self._rules),
            rules_before=() if "recursive" in on else (_NOT_BELOW,),
            delete=True if on & _DELETING else None,
            bandwidth_kib_s=None if limit is None else _kib(limit),
            password_file=values.get("password-file", ""),
            port=self._number("port"),
            rsh="" if shell == "ssh" else shell,
            timeout_s=self._number("timeout"),
            connect_timeout_s=self._number("contimeout"),
            max_delete=None if max_delete is None else max(0, max_delete),
            rsync_path=values.get("rsync-path", ""),
            warnings=tuple(self._warnings),
            mistakes=tuple(self.mistakes),
        )


def _kib(rate: str) -> int:
    """Return a ``--bwlimit`` as rsync rounds it: to whole KiB, but never to none."""
    rate_bytes = size_bytes(rate, default_unit="k")
    return max(1, (rate_bytes + 512) // 1024) if rate_bytes > 0 else 0
