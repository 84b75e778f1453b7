"""Lines that the daemon ignores, misreads, or does not start for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.rsyncd.lints.finding import Finding, Severity
from sersync.rsyncd.parameters import PARAMETERS, Kind, foreign, nearest, spelled
from sersync.rsyncd.reading import Configuration, Fault, Remark

_PROTECTING: Final = frozenset(
    ("hosts allow", "hosts deny", "auth users", "secrets file", "read only", "strict modes")
)
"""An unknown line that was meant to be one of these leaves a door open."""
_ODD: Final = {
    "\u00a0": "a no-break space",
    "\ufeff": "a byte order mark",
    "\u3000": "a wide space",
}


def check_lines(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is wrong with single lines, in their order."""
    for remark in configuration.remarks:
        yield from _WORDS[remark.fault](remark)


def _broken(remark: Remark) -> Iterator[Finding]:
    yield _found(
        "broken", Severity.ERROR, remark, f"{remark.name}: the daemon does not serve", "Correct it."
    )


def _ignored(remark: Remark) -> Iterator[Finding]:
    odd = next((what for letter, what in _ODD.items() if letter in remark.name), "")
    known = PARAMETERS.get(spelled(remark.name))
    message = f"'{remark.name}' has no '=', so the line is ignored"
    remedy = "Write 'name = value', or begin the line with '#'."
    if odd:
        message += f"; there is {odd} in it, which looks like nothing"
        remedy = "Type the line anew."
    elif known is not None:
        values = "yes' or 'no" if known.kind in (Kind.BOOLEAN, Kind.TRISTATE) else "…"
        message = f"'{known.name}' has no value, so the line is ignored"
        remedy = f"Write '{known.name} = {values}', or remove the line."
    yield _found("value-missing", Severity.WARNING, remark, message, remedy)


def _unknown(remark: Remark) -> Iterator[Finding]:
    likely = nearest(remark.name)
    message = f"'{remark.name}' is no parameter of rsyncd.conf, so the line is ignored"
    severity = Severity.ERROR if likely in _PROTECTING else Severity.WARNING
    if what := foreign(remark.name):
        message = f"'{remark.name}' is {what}; here the line is ignored"
        remedy = "Remove the line."
    elif any(letter in remark.name for letter in _ODD):
        remedy = "There is a space in it that is none to rsync: type the line anew."
    elif likely:
        remedy = f"Write '{likely} = {remark.value}'."
    else:
        remedy = "See rsyncd.conf(5) for what there is, or begin the line with '#'."
    yield _found("unknown-parameter", severity, remark, message, remedy)


def _misplaced(remark: Remark) -> Iterator[Finding]:
    yield _found(
        "global-in-module",
        Severity.WARNING,
        remark,
        f"'{remark.name}' is a matter of the whole daemon and is ignored in a module",
        "Move it before the first [module].",
    )


def _bad_value(remark: Remark) -> Iterator[Finding]:
    parameter = PARAMETERS[spelled(remark.name)]
    if not remark.value:
        yield _found(
            "value-missing",
            Severity.WARNING,
            remark,
            f"'{remark.name}' has no value, so '{parameter.default}' holds",
            f"Write '{remark.name} = …', or remove the line.",
        )
        return
    forms = {
        Kind.NUMBER: "a whole number",
        Kind.BOOLEAN: "'yes' or 'no'",
        Kind.TRISTATE: "'yes', 'no' or 'unset'",
        Kind.FACILITY: "the name of a syslog facility, such as 'daemon'",
    }
    holds = "what it begins with" if parameter.kind is Kind.NUMBER else f"'{parameter.default}'"
    severity = Severity.ERROR if remark.name in _PROTECTING else Severity.WARNING
    yield _found(
        "bad-value",
        severity,
        remark,
        f"'{remark.value}' is no value of '{remark.name}', so {holds} holds",
        f"Write {forms[parameter.kind]}.",
    )


def _repeated(remark: Remark) -> Iterator[Finding]:
    yield _found(
        "repeated-parameter",
        Severity.WARNING,
        remark,
        f"'{remark.name}' was set before in the same section; this one holds",
        "Keep one of them; several values of a list go on one line.",
    )


def _reopened(remark: Remark) -> Iterator[Finding]:
    yield _found(
        "repeated-module",
        Severity.WARNING,
        remark,
        f"[{remark.name}] is there already: both are one module",
        "Give one of them another name, or join them.",
    )


_WORDS: Final = {
    Fault.BROKEN: _broken,
    Fault.IGNORED: _ignored,
    Fault.UNKNOWN: _unknown,
    Fault.MISPLACED: _misplaced,
    Fault.BAD_VALUE: _bad_value,
    Fault.REPEATED: _repeated,
    Fault.REOPENED: _reopened,
}


def _found(code: str, severity: Severity, remark: Remark, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=severity, place=remark.place, message=message, remedy=remedy)
