"""``sersync health``: one line and one exit code, for monitoring, cron and load balancers.

The form is that of the Monitoring Plugins Development Guidelines: a status word, a sentence,
and behind a bar the figures as ``'label'=value[unit];[warn];[critical];[lowest]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

from typer import Option

from sersync.cli.instances import Answers, ask_instances
from sersync.model.figures import count, span

if TYPE_CHECKING:
    from sersync.api.client import NotReachable

Json = dict[str, Any]


class HealthCode(IntEnum):
    """Exit codes of monitoring plugins; the worst one counts."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_MOST_NAMED: Final = 3
_WORST_FIRST: Final = (
    HealthCode.CRITICAL, HealthCode.UNKNOWN, HealthCode.WARNING, HealthCode.OK,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is still healthy. *max_pending* None: any number is."""

    max_lag_s: float
    max_pending: int | None


UNLIMITED: Final = Limits(max_lag_s=float("inf"), max_pending=None)


@dataclass(frozen=True, slots=True)
class Ailment:
    """Something that is not as it should be."""

    code: HealthCode
    sentence: str


def health(
    max_lag: Annotated[
        str,
        Option(metavar="SECONDS", help='Oldest change that may be missing; also as "5min".'),
    ] = "300",
    max_pending: Annotated[
        str, Option(metavar="N", help="Paths that may wait for one target; unset: any number.")
    ] = "",
    state_dir: Annotated[
        str, Option(metavar="DIR", help="Ask the instance with this state directory.")
    ] = "",
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print nothing when all is well.")] = False,
) -> int:
    """Say in one line whether replication is healthy. Exit: 0 ok, 1 warning, 2 critical, 3 unknown.

    Critical: no instance runs or answers, a source or target is halted, a file system below a
    root is missing, a limit is exceeded.
    """
    try:
        limits = _limits(max_lag, max_pending)
    except ValueError as error:
        print(f"SERSYNC UNKNOWN - {error}")
        return HealthCode.UNKNOWN
    answers = ask_instances(state_dir)
    code, line = judge(answers, limits)
    if code is not HealthCode.OK or not quiet:
        print(line)
    return code


def judge(answers: Answers, limits: Limits) -> tuple[HealthCode, str]:
    """Return the exit code and the line for *answers*. Pure."""
    ailments = list(_ailments(answers, limits))
    code = min((each.code for each in ailments), key=_WORST_FIRST.index, default=HealthCode.OK)
    worst_first = sorted(ailments, key=lambda each: _WORST_FIRST.index(each.code))
    said = "; ".join(each.sentence for each in worst_first) or _all_well(answers)
    figures = " ".join(_figures(answers.documents, limits))
    said = said.replace("|", "/").replace("\n", " ")
    return code, f"SERSYNC {code.name} - {said}" + (f" | {figures}" if figures else "")


def _limits(max_lag: str, max_pending: str) -> Limits:
    """Return the limits that were typed. Raises ``ValueError`` with a sentence."""
    from sersync.config.values import BadValue, parse_duration

    try:
        max_lag_s = parse_duration(max_lag)
    except BadValue as error:
        raise ValueError(f"--max-lag {max_lag}: {error}") from None
    if max_pending and not (max_pending.isascii() and max_pending.isdecimal()):
        raise ValueError(f"--max-pending {max_pending}: this is not a number of paths")
    return Limits(max_lag_s=max_lag_s, max_pending=int(max_pending) if max_pending else None)


def _ailments(answers: Answers, limits: Limits) -> Iterator[Ailment]:
    if not answers.documents and not answers.silent:
        sentence = f"no instance is running (looked in {answers.looked_in})"
        yield Ailment(HealthCode.CRITICAL, sentence)
    yield from _silent(answers)
    for document in answers.documents:
        yield from ailments_of(document, limits)


def ailments_of(document: Json, limits: Limits = UNLIMITED) -> Iterator[Ailment]:
    """Yield what is wrong with one instance that answered."""
    for source in document["sources"]:
        yield from _of_source(source)
        for target in source["targets"]:
            yield from _of_target(target, limits)


def _of_source(source: Json) -> Iterator[Ailment]:
    name = source["name"]
    if source["halted"]:
        yield Ailment(HealthCode.CRITICAL, f"{name} halted: {source['halted']['message']}")
    # Older daemons do not tell of all.
    for missing in source.get("missing", ()):
        yield Ailment(HealthCode.CRITICAL, f"{name} halted in part: {missing['reason']['message']}")
    for hook in source.get("hooks", ()):
        if hook.get("fails"):
            sentence = f"hook {hook['name']} of {name} fails: {hook['last_error']}"
            yield Ailment(HealthCode.WARNING, sentence)


def _silent(answers: Answers) -> Iterator[Ailment]:
    """Yield who does not answer; of many with the same reason only the first are named."""
    for silence in dict.fromkeys(each.silence for each in answers.silent):
        alike = [each for each in answers.silent if each.silence is silence]
        code = _how_bad(alike[0], answers)
        for why in alike[:_MOST_NAMED]:
            yield Ailment(code, f"no answer from {why}")
        if (more := len(alike) - _MOST_NAMED) > 0:
            yield Ailment(code, f"nor from {count(more)} more")


def _how_bad(why: NotReachable, answers: Answers) -> HealthCode:
    """Say how bad it is that an instance does not answer.

    One that may not be asked proves nothing. A socket with nobody behind it was left by an
    instance that was killed; where others run, it may well have been one that nobody misses.
    """
    from sersync.api.client import Silence

    if why.silence is Silence.FORBIDDEN:
        return HealthCode.UNKNOWN
    is_left_over = why.silence is Silence.LEFT_OVER and bool(answers.documents)
    return HealthCode.WARNING if is_left_over else HealthCode.CRITICAL


def _of_target(target: Json, limits: Limits) -> Iterator[Ailment]:
    name = _name(target)
    why = f": {target['reason']['message']}" if target["reason"] else ""
    if target["state"] in ("halted", "stopped"):
        yield Ailment(HealthCode.CRITICAL, f"{name} {target['state']}{why}")
    elif target["state"] == "backing-off":
        yield Ailment(HealthCode.WARNING, f"{name} backing off{why}")
    if target["lag_s"] > limits.max_lag_s:
        most = span(limits.max_lag_s)
        yield Ailment(HealthCode.CRITICAL, f"{name} lags {span(target['lag_s'])} (limit {most})")
    pending = _pending(target)
    if limits.max_pending is not None and pending > limits.max_pending:
        sentence = f"{name} has {count(pending)} paths pending (limit {count(limits.max_pending)})"
        yield Ailment(HealthCode.CRITICAL, sentence)
    if failing := len(target["problems"]) + target["problems_omitted"]:
        noun = "path" if failing == 1 else "paths"
        yield Ailment(HealthCode.WARNING, f"{name} cannot take {count(failing)} {noun}")


def _all_well(answers: Answers) -> str:
    targets = [target for document in answers.documents for target in _targets(document)]
    noun = "target" if len(targets) == 1 else "targets"
    oldest = max((target["lag_s"] for target in targets), default=0.0)
    return f"{len(targets)} {noun}, lag {span(oldest)}"


def _figures(documents: Sequence[Json], limits: Limits) -> Iterator[str]:
    most = "" if limits.max_pending is None else str(limits.max_pending)
    for document in documents:
        for target in _targets(document):
            # A label must not hold "="; a quote in it is doubled.
            label = _name(target).replace("=", "_").replace("|", "_").replace("'", "''")
            yield f"'{label} lag'={target['lag_s']:.3f}s;;{limits.max_lag_s:g};0"
            yield f"'{label} pending'={_pending(target)};;{most};0"


def _targets(document: Json) -> list[Json]:
    return [target for source in document["sources"] for target in source["targets"]]


def _name(target: Json) -> str:
    return f"{target['source']}/{target['target']}".replace("\n", " ")


def _pending(target: Json) -> int:
    return int(target["pending"]) + int(target["in_flight"])
