"""``sersync selftest``: every fault that we know of, done for real on this host."""

from __future__ import annotations

import json as json_module
import shutil
import signal
from typing import TYPE_CHECKING, Annotated

from typer import Option

from sersync.errors import EnvironmentMissing, UsageError

if TYPE_CHECKING:
    from sersync.selftest.row import Result, Row

_MARKS = {"passed": "✓", "failed": "✗", "skipped": "-"}


def selftest(
    list_rows: Annotated[bool, Option("--list", help="Only name the faults.")] = False,
    only: Annotated[
        list[str] | None, Option("--only", metavar="NAME", help="Only this fault; repeatable.")
    ] = None,
    long: Annotated[
        bool, Option("--long", help="Also those that wait for what happens after a minute.")
    ] = False,
    chaos: Annotated[
        float, Option(metavar="SECONDS", help="Instead mix changes and faults by chance.")
    ] = 0.0,
    soak: Annotated[
        float, Option(metavar="MINUTES", help="Instead 300 changes/s to a target that flaps.")
    ] = 0.0,
    seed: Annotated[int, Option(metavar="N", help="What chance begins with.")] = 1,
    keep: Annotated[bool, Option("--keep", help="Keep the trees of what failed.")] = False,
    json: Annotated[bool, Option("--json", help="Print one line of JSON for each.")] = False,
) -> int:
    """Do every known fault for real, in a temporary directory, and compare what arrived.

    Each is done to a daemon of its own. Exit: 0 nothing was lost, 1 something differs.
    """
    from sersync.selftest.chaos import chaos_row
    from sersync.selftest.play import play_all
    from sersync.selftest.rows import ROWS
    from sersync.selftest.soak import soak_row

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows = _chosen(ROWS, tuple(only or ()), with_long=long)
    if chaos > 0.0 or soak > 0.0:
        rows = tuple(
            make(length) for make, length in ((chaos_row, chaos), (soak_row, soak)) if length > 0.0
        )
    if list_rows:
        _print_list(ROWS, json=json)
        return 0
    if shutil.which("rsync") is None:
        raise EnvironmentMissing("rsync is not installed", hint="apt-get install rsync")
    results = []
    for result in play_all(rows, seed=seed, keep=keep):
        print(json_module.dumps(_document(result, seed)) if json else _text(result), flush=True)
        results.append(result)
    if not json:
        print(_summary(results, seed))
    return 1 if any(result.verdict.value == "failed" for result in results) else 0


def _chosen(rows: tuple[Row, ...], names: tuple[str, ...], *, with_long: bool) -> tuple[Row, ...]:
    known = {row.name: row for row in rows}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"there is no fault {', '.join(unknown)}", hint="Their names: sersync selftest --list"
        )
    if names:
        return tuple(known[name] for name in names)
    return tuple(row for row in rows if with_long or not row.is_long)


def _print_list(rows: tuple[Row, ...], *, json: bool) -> None:
    for row in rows:
        needs = [need.value for need in row.needs]
        if json:
            entry = {"name": row.name, "promise": row.promise, "needs": needs, "long": row.is_long}
            print(json_module.dumps(entry))
        else:
            extra = "; ".join([*needs, *(["with --long"] if row.is_long else [])])
            print(f"{row.name:<24} {row.promise}{f' ({extra})' if extra else ''}")


def _text(result: Result) -> str:
    from sersync.model.figures import span

    head = f"{_MARKS[result.verdict.value]} {result.name:<24}"
    if result.verdict.value == "skipped":
        return f"{head} skipped: {result.reason}"
    counts = (
        f"{result.changed:>6} changed {result.arrived:>6} arrived"
        f" {len(result.differences):>3} differences  same after {span(result.converged_s)}"
    )
    notes = [f"    {note}" for note in result.notes]
    if result.verdict.value == "passed":
        return "\n".join([f"{head}{counts}", *notes])
    lines = [f"{head}{counts}", *notes, f"    {result.promise}: {result.reason}"]
    lines += [f"    {line}" for line in result.differences]
    lines += [f"    log: {line}" for line in result.log.splitlines()]
    if result.place:
        lines.append(f"    its trees: {result.place}")
    return "\n".join(lines)


def _summary(results: list[Result], seed: int) -> str:
    def many(verdict: str) -> int:
        return sum(result.verdict.value == verdict for result in results)

    said = f"{many('passed')} passed, {many('failed')} failed, {many('skipped')} skipped"
    lost = [each for each in results if each.verdict.value == "failed"]
    again = "".join(f" --only {each.name}" for each in lost if each.name not in ("chaos", "soak"))
    if lost:
        command = f"sersync selftest --seed {seed} --keep{again}"
        return f"\n{said}. Again, with the trees kept:\n    {command}"
    return f"\n{said}: nothing was lost (seed {seed})."


def _document(result: Result, seed: int) -> dict[str, object]:
    return {
        "event": "row",
        "name": result.name,
        "promise": result.promise,
        "verdict": result.verdict.value,
        "seed": seed,
        "changed": result.changed,
        "arrived": result.arrived,
        "differences": list(result.differences),
        "converged_s": round(result.converged_s, 3),
        "took_s": round(result.took_s, 3),
        "notes": list(result.notes),
        "reason": result.reason,
        "log": result.log,
        "place": result.place,
    }
