"""One filter rule, and the ways in which people write it: rsync(1), section "FILTER RULES"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sersync.model.path import display

_LONGEST_PATTERN_BYTES: Final = 4095
"""rsync discards longer patterns with a message, and goes on without them."""

_ONE_SIDED: Final = (
    "excluded means never sent and never deleted on a target; no rule holds for one side only"
)
_MERGED: Final = "rules are not read from other files; put them here, one by one"

_OTHER_KINDS: Final = {
    b".": ("merges a file of rules", _MERGED),
    b":": ("reads rules from files inside the tree", _MERGED),
    b"H": ("hides from the sender only", _ONE_SIDED),
    b"S": ("shows to the sender only", _ONE_SIDED),
    b"P": ("protects on the target only", _ONE_SIDED),
    b"R": ("gives up protection on the target only", _ONE_SIDED),
    b"!": ("clears the list of rules", "leave out the rules before it instead"),
}
_WORDS: Final = {
    b"merge": b".",
    b"dir-merge": b":",
    b"hide": b"H",
    b"show": b"S",
    b"protect": b"P",
    b"risk": b"R",
    b"clear": b"!",
}
_MODIFIERS: Final = {
    "/": "patterns are always anchored at the source root",
    "!": "write what is to stay as `+` rules, and exclude the rest after them",
    "C": "write CVS's patterns out as rules",
    "s": _ONE_SIDED,
    "r": _ONE_SIDED,
    "p": "what is excluded is never deleted on a target, also when its directory goes",
    "x": "names of extended attributes are not filtered",
}

_SIMPLE: Final = re.compile(
    rb"(?:(?P<sign>[-+]),?|(?P<word>exclude|include)(?:,|(?=[ _]|\Z)))"
    rb"(?P<modifiers>[^ _]*)(?:[ _](?P<pattern>.*))?",
    re.DOTALL,
)
_OTHER: Final = re.compile(
    rb"(?:(?P<sign>[.:HSPR!]),?|(?P<word>" + b"|".join(_WORDS) + rb")(?:,|(?=[ _]|\Z)))"
    rb"(?P<modifiers>[^ _]*)(?:[ _].*)?",
    re.DOTALL,
)
_BARE_BUT_OTHER: Final = re.compile(
    rb"!|:C|[.:HSPR],?[-+/!Cenprswx]* .+|(?:merge|dir-merge|hide|show|protect|risk)(?:,\S*)? .+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One include or exclude rule; *pattern* is rsync's, as bytes.

    *sends_only*: it says what is sent, and protects nothing on a target (``--delete-excluded``).
    """

    include: bool
    pattern: bytes
    sends_only: bool = False

    def __bytes__(self) -> bytes:
        """Return the rule as rsync's ``--filter`` takes it.

        Exactly one space divides: all that follows it is the pattern, other spaces too.
        """
        signs = b"SH" if self.sends_only else b"+-"
        return b"%c %b" % (signs[0 if self.include else 1], self.pattern)

    def __str__(self) -> str:
        return display(bytes(self))


def parse_rule(text: bytes) -> Rule:
    """Read ``- PATTERN``, ``+ PATTERN`` or a bare PATTERN, which excludes.

    Raises ``ValueError``, with a sentence for people, for what rsync's filter rules can say
    beyond that, and for what is probably a slip.
    """
    if text.startswith((b"-", b"+", b"exclude ", b"include ")):
        return parse_filter_option(text)
    if _BARE_BUT_OTHER.fullmatch(text):
        return parse_filter_option(text)  # explains why not
    if text.startswith(b"!"):
        raise ValueError(
            f"{display(text)}: `!` does not take an exclusion back; write `+ {display(text[1:])}`"
            f" before the rule that excludes it, or `- {display(text)}` for a name with `!`"
        )
    return _rule(text, include=False, written=text)


def ignored(words: Iterable[bytes]) -> list[Rule]:
    """Return what *words* exclude, as CVS lists what it ignores: ``!`` forgets those before it."""
    rules: list[Rule] = []
    for word in words:
        if word == b"!":
            rules.clear()
        elif len(word) <= _LONGEST_PATTERN_BYTES:
            rules.append(Rule(False, word))
    return rules


def parse_filter_option(text: bytes) -> Rule:
    """Read the value of rsync's ``--filter`` as far as it includes or excludes.

    Raises ``ValueError`` with a sentence that says what is not supported, and why.
    """
    shown = display(text)
    if match := _SIMPLE.fullmatch(text):
        sign, modifiers, pattern = match["sign"], display(match["modifiers"]), match["pattern"]
        if match["modifiers"]:
            if set(modifiers) <= _MODIFIERS.keys() and (pattern or "C" in modifiers):
                why = "; ".join(dict.fromkeys(_MODIFIERS[letter] for letter in modifiers))
                raise ValueError(f"{shown}: the modifier `{modifiers}` is not supported: {why}")
            raise ValueError(
                f"{shown}: a space must follow the sign; write `{shown[0]} {shown[1:]}`,"
                f" or `- {shown}` to exclude that very name"
                if sign
                else f"{shown}: unknown modifier after `{display(match['word'])},`"
            )
        include = sign == b"+" or match["word"] == b"include"
        return _rule(pattern or b"", include=include, written=text)
    if match := _OTHER.fullmatch(text):
        does, why = _OTHER_KINDS[match["sign"] or _WORDS[match["word"]]]
        raise ValueError(
            f"{shown}: this {does}, which is not supported: {why}"
            f" (to exclude that very name, write `- {shown}`)"
        )
    raise ValueError(f"{shown}: a filter rule begins with `- ` or `+ `; write `- {shown}`")


def parse_pattern_option(text: bytes, *, include: bool) -> Rule:
    """Read the value of rsync's ``--exclude`` or ``--include``: a pattern, perhaps with a sign.

    Raises ``ValueError`` with a sentence for people.
    """
    if text == b"!":
        return parse_filter_option(text)  # explains why not
    if text.startswith((b"- ", b"+ ")):
        return _rule(text[2:], include=text.startswith(b"+"), written=text)
    return _rule(text, include=include, written=text)


def literal_pattern(path: bytes) -> bytes:
    """Return *path* as a pattern that stands for itself, whatever bytes it holds.

    rsync takes a backslash for an escape only in a pattern that holds a wildcard.
    """
    if not any(wildcard in path for wildcard in (b"*", b"?", b"[")):
        return path
    return re.sub(rb"[\\*?\[]", rb"\\\g<0>", path)


def warn_absolute(rule: Rule, root: bytes) -> str | None:
    """Return a warning if the pattern begins with *root*, the absolute path of the source."""
    root = root.rstrip(b"/")
    if not root or not (rule.pattern + b"/").startswith(root + b"/"):
        return None
    meant = rule.pattern[len(root) :]
    probably = f": did you mean `{display(meant)}`?" if meant.strip(b"/") else ""
    return (
        f"the pattern `{display(rule.pattern)}` begins with the path of the source itself, but"
        f" patterns are anchored at the source root{probably}"
    )


def _rule(pattern: bytes, *, include: bool, written: bytes) -> Rule:
    if not pattern:
        raise ValueError(f"{display(written) if written else 'an empty rule'}: there is no pattern")
    if b"\0" in pattern:
        raise ValueError(f"{display(written)}: no file name holds a zero byte")
    if len(pattern) > _LONGEST_PATTERN_BYTES:
        raise ValueError(
            f"{display(pattern[:40])}…: the pattern has {len(pattern)} bytes,"
            f" rsync takes no more than {_LONGEST_PATTERN_BYTES}"
        )
    return Rule(include, pattern)
