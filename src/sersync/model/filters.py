"""Which paths take part: by rsync's own pattern rules, and by regular expressions.

One engine for the watcher, the plan and every rsync run, so that they cannot disagree. What is
excluded is never sent and never deleted on a target. The semantics of rules are those of rsync(1),
sections "FILTER RULES" and "PATTERN MATCHING RULES".

Expressions exclude, before any rule, and are those of sersync 2: each is matched in full against
the bare name of an entry of the root and against ``/dir/name`` of a deeper one, and of a directory
also against ``dir/``, from the root on. Where rsync's rules can say exactly the same, rsync applies
them too; where they cannot, ``is_exact`` is false, and runs must name what they carry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from sersync.model.expression import Expression
from sersync.model.expression_rules import rules_of
from sersync.model.path import RelPath, ancestors
from sersync.model.pattern import CompiledPattern, Subject, compile_pattern
from sersync.model.rule import Rule, literal_pattern, parse_rule, warn_absolute

__all__ = ["Filter", "Rule", "parse_rule", "warn_absolute"]

_REMEMBERED_DIRECTORIES: Final = 8192


class Filter:
    """Rules in order; the first one that matches decides, and nothing matched means included.

    Any thread may ask: what is remembered about directories is only ever added or dropped whole.
    """

    __slots__ = (
        "_directories",
        "_options",
        "_verses",
        "beyond_rsync",
        "expressions",
        "is_exact",
        "protecting",
        "rsync_rules",
        "rules",
    )

    def __init__(self, rules: Iterable[Rule] = (), expressions: Iterable[Expression] = ()) -> None:
        self.rules = tuple(rules)
        self.expressions = tuple(dict.fromkeys(expressions))
        equals = [rules_of(each) for each in self.expressions]
        self.is_exact = None not in equals
        """rsync itself can apply all of it, by ``rsync_options``."""
        said = dict.fromkeys(rule for rules in equals if rules for rule in rules)
        self.beyond_rsync = tuple(
            each for each, rules in zip(self.expressions, equals, strict=True) if rules is None
        )
        """The expressions that rsync cannot apply."""
        self.rsync_rules = (*said, *self.rules)
        """What rsync can apply, the expressions too, in its order."""
        self._options = tuple(b"--filter=" + bytes(rule) for rule in self.rsync_rules)
        self._verses = tuple(
            _Verse(include, [compile_pattern(rule.pattern) for rule in verse])
            for include, verse in groupby(self.rules, key=lambda rule: rule.include)
        )
        self._directories: dict[bytes, bool] = {}
        both = [rule for rule in self.rules if not rule.sends_only]
        is_all = len(both) == len(self.rules)
        self.protecting: Filter = self if is_all else Filter(both, self.expressions)
        """What keeps things on a target; the rest only says what is sent."""

    def with_excluded(self, paths: Iterable[RelPath]) -> Filter:
        """Return a filter that excludes *paths* too, before everything else."""
        rules = [Rule(False, b"/" + literal_pattern(path)) for path in paths]
        return Filter([*rules, *self.rules], self.expressions) if rules else self

    def excludes_entry(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* itself is excluded, its parents being included."""
        if not path:
            return False
        if self.expressions and self._is_matched(path, is_dir=is_dir):
            return True
        if not self._verses:
            return False
        name = path[path.rfind(b"/") + 1 :]
        whole = b"/%b/" % path if is_dir else b"/" + path
        for verse in self._verses:
            if verse.matches(name, whole, is_dir=is_dir):
                return not verse.include
        return False

    def excludes(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* or any directory above it is excluded. The root never is."""
        if not self or not path:
            return False
        end = path.rfind(b"/")
        if end > 0 and self._excludes_directory(path[:end]):
            return True
        return self.excludes_entry(path, is_dir=is_dir)

    def why_excluded(
        self, path: RelPath, *, is_dir: bool
    ) -> tuple[RelPath, Rule | Expression] | None:
        """Return what excludes *path*, and which directory above it or what of it that is.

        None: it takes part. Slow, since each rule is looked at by itself.
        """
        for place in (*reversed([*ancestors(path)]), path):
            if place and self.excludes_entry(place, is_dir=place != path or is_dir):
                return place, self._decisive(place, is_dir=place != path or is_dir)
        return None

    def _decisive(self, path: RelPath, *, is_dir: bool) -> Rule | Expression:
        """Return the expression or rule that decides on *path*, which one of them does."""
        for expression in self.expressions:
            if Filter((), [expression])._is_matched(path, is_dir=is_dir):
                return expression
        alone = ((rule, Filter([Rule(False, rule.pattern)])) for rule in self.rules)
        return next(rule for rule, each in alone if each.excludes_entry(path, is_dir=is_dir))

    def _is_matched(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether an expression matches one of the forms of *path*."""
        whole = b"/" + path if path.find(b"/") > 0 else path
        as_directory = path + b"/"
        return any(
            each.matches(whole) or (is_dir and each.matches(as_directory))
            for each in self.expressions
        )

    def _excludes_directory(self, directory: bytes) -> bool:
        """Tell whether *directory* or one above it is excluded, from memory if possible."""
        known = self._directories.get(directory)
        if known is not None:
            return known
        unknown = [directory]
        verdict = False
        while (end := unknown[-1].rfind(b"/")) > 0:
            above = unknown[-1][:end]
            known = self._directories.get(above)
            if known is not None:
                verdict = known
                break
            unknown.append(above)
        if len(self._directories) + len(unknown) > _REMEMBERED_DIRECTORIES:
            self._directories = {}
        for path in reversed(unknown):
            verdict = verdict or self.excludes_entry(RelPath(path), is_dir=True)
            self._directories[path] = verdict
        return verdict

    def rsync_options(self) -> tuple[bytes, ...]:
        """Return the ``--filter`` options for an rsync whose root is the source's.

        All of it if ``is_exact``; else without those expressions that rsync cannot apply.
        """
        return self._options

    @property
    def means_the_same_anywhere(self) -> bool:
        """Tell whether it excludes the same for an rsync whose root is some directory below."""
        subjects = {compile_pattern(rule.pattern).subject for rule in self.rules}
        return not self.expressions and subjects <= {Subject.NAME}

    def __bool__(self) -> bool:
        return bool(self.rules or self.expressions)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Filter)
            and self.rules == other.rules
            and self.expressions == other.expressions
        )

    def __hash__(self) -> int:
        return hash((self.rules, self.expressions))

    def __repr__(self) -> str:
        return f"Filter({self.rules!r}, {self.expressions!r})"


class _Verse:
    """Rules in a row that decide the same way: their order among themselves does not matter."""

    __slots__ = ("_directory_name", "_directory_path", "_file_name", "_file_path", "include")

    def __init__(self, include: bool, patterns: list[CompiledPattern]) -> None:
        self.include = include
        by_name = [p for p in patterns if p.subject is Subject.NAME]
        by_path = [p for p in patterns if p.subject is Subject.PATH]
        self._file_name = _any_of(p.for_file for p in by_name)
        self._file_path = _any_of(p.for_file for p in by_path)
        self._directory_name = _any_of(p.for_directory for p in by_name)
        self._directory_path = _any_of(p.for_directory for p in by_path)

    def matches(self, name: bytes, whole: bytes, *, is_dir: bool) -> bool:
        """Tell whether one of the rules matches; *name* and *whole* as ``Subject`` says."""
        by_name = self._directory_name if is_dir else self._file_name
        if by_name is not None and by_name.fullmatch(name):
            return True
        by_path = self._directory_path if is_dir else self._file_path
        return by_path is not None and by_path.fullmatch(whole) is not None


def _any_of(expressions: Iterable[bytes | None]) -> re.Pattern[bytes] | None:
    alternatives = [b"(?:%b)" % expression for expression in expressions if expression is not None]
    return re.compile(b"|".join(alternatives), re.DOTALL) if alternatives else None
