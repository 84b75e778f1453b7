"""What ``docs/operations.md`` has to say, as the code has it.

``python -m tests.support.operations`` renews the tables in it that are made.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from sersync.model.batch import Verdict
from sersync.transfer.cause_table import TABLE
from sersync.transfer.cause_table_tls import TLS
from tests.support.exposed import text

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "operations.md"
_LOUD: Final = frozenset({"warning", "error", "critical", "exception"})
_TOLD_ELSEWHERE: Final = frozenset({"cli", "doctor", "selftest"})
"""What people type tells them at once; ``docs/doctor.md`` and ``docs/selftest.md`` have theirs."""
_FIELD: Final = re.compile(r"%[-.\d]*[sdfr]|\{[^}]*\}")


def messages() -> set[str]:
    """Return each message of warning and above, and each reason with a remedy; ``…`` for details.

    Messages without a word of their own only pass on a reason, or a cause of the made table.
    """
    found: set[str] = set()
    source = ROOT / "src" / "sersync"
    for file in source.rglob("*.py"):
        if file.relative_to(source).parts[0] in _TOLD_ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if (said := _said(node)) is not None:
                found.add(said)
    return {each for each in found if re.search(r"[a-z]{2}", each)}


def _said(node: ast.AST) -> str | None:
    if isinstance(node, ast.Dict):
        # Of an error that is raised with it: its hint is what to do.
        pairs = zip(node.keys, node.values, strict=True)
        given = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
        return _words(given["message"]) if given.keys() == {"message", "hint"} else None
    return _said_by(node) if isinstance(node, ast.Call) else None


def _said_by(call: ast.Call) -> str | None:
    match call.func:
        case ast.Attribute(value=ast.Name(id="log"), attr=attr) if attr in _LOUD:
            return _words(call.args[0])
        case ast.Attribute(value=ast.Name(id="log"), attr="log"):
            is_loud = not re.search(r"\bINFO\b", ast.unparse(call.args[0]))
            return _words(call.args[1]) if is_loud else None
        case ast.Name(id="Reason") | ast.Attribute(value=ast.Name(id="self"), attr="_told"):
            given = {each.arg: each.value for each in call.keywords}
            return _words(given["message"]) if given.keys() >= {"message", "remedy"} else None
    return None


def _words(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(words)):
            return plain(words)
        case ast.JoinedStr(values=parts):
            return plain("".join(p.value if isinstance(p, ast.Constant) else "…" for p in parts))  # type: ignore[misc]
    return "…"


def plain(words: str) -> str:
    """Return *words* as they stand in a cell: one line, ``…`` for each detail."""
    return _FIELD.sub("…", words).replace("`", "").replace("\n", " ").replace("|", "/").strip()


def made() -> dict[str, str]:
    """Return the tables that are made, by the name between whose marks each stands."""
    return {"causes": "\n".join(_causes()), "metrics": "\n".join(_metrics())}


def _causes() -> Iterator[str]:
    yield "| message | sersync | what to do |"
    yield "|---|---|---|"
    does = {Verdict.HALT: "halts the target", Verdict.RETRY: "tries again", Verdict.PARTIAL: ""}
    told: set[str] = set()
    for row in (*TABLE, *TLS):
        if row.message not in told:
            told.add(row.message)
            remedy = plain(row.remedy) or "Nothing, unless it lasts."
            yield f"| {plain(row.message)} | {does.get(row.verdict, '')} | {remedy} |"


def _metrics() -> Iterator[str]:
    yield "| metric | type | labels | what it is |"
    yield "|---|---|---|---|"
    for family in text_string_to_metric_families(text()):
        if family.name.startswith("sersync_"):
            labels = {name for sample in family.samples for name in sample.labels} - {"le"}
            of = ", ".join(f"`{name}`" for name in sorted(labels))
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield f"| `{name}` | {family.type} | {of} | {family.documentation} |"


def renewed(page: str) -> str:
    """Return *page* with the made tables as they are now."""
    for name, table in made().items():
        begin, end = f"<!-- made: {name} -->", f"<!-- end: {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
