"""The tables [[notify]]."""

from __future__ import annotations

import pytest

from sersync.config.findings import Findings
from sersync.config.resolve_notify import resolve_notify
from sersync.config.schema_notify import NotifyTable
from sersync.model.notification import NotifySettings, Occasion, RunNotifier


def resolved(table: dict[str, object]) -> tuple[tuple[NotifySettings, ...], list[str]]:
    findings = Findings(lambda path: ".".join(map(str, path)))
    found = resolve_notify([NotifyTable.model_validate(table)], findings)
    return found, [f"{each.place}: {each.message}" for each in findings.mistakes]


def test_a_program_may_be_written_as_one_string() -> None:
    [found], mistakes = resolved(
        {"type": "command", "command": "mail -s 'sersync on web1' root", "on": ["halt"]}
    )

    assert mistakes == []
    assert found.action == RunNotifier(argv=("mail", "-s", "sersync on web1", "root"))
    assert found.occasions == {Occasion.HALT}
    assert (found.name, found.lag_s) == ("command", 600.0)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"type": "command"}, "needs `command`"),
        ({"type": "webhook"}, "needs `url`"),
        ({"type": "webhook", "url": "ftp://h/x"}, "is no address of the web"),
        ({"type": "webhook", "url": "http://h/", "command": "x"}, "means nothing for type webhook"),
        ({"type": "command", "command": "x", "timeout": 0}, "must be more than nothing"),
    ],
)
def test_mistakes_are_told_with_their_place(table: dict[str, object], said: str) -> None:
    found, [mistake] = resolved(table)

    assert found == ()
    assert said in mistake
    assert mistake.startswith("notify.0")
