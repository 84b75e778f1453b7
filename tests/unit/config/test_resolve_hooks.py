"""Tables of hooks, as they are meant and as they are mistaken."""

from __future__ import annotations

import pytest

from sersync.config.findings import Findings
from sersync.config.resolve_hooks import resolve_hooks
from sersync.config.schema_hooks import HookTable
from sersync.model.expression import Expression
from sersync.model.hooks import (
    CallPlugin,
    HookSettings,
    PostJson,
    RefreshChinaCache,
    RunCommand,
    SendPath,
)


def resolved(*tables: dict[str, object]) -> tuple[dict[str, tuple[HookSettings, ...]], list[str]]:
    findings = Findings(lambda path: ".".join(map(str, path)))
    hooks = resolve_hooks(
        [HookTable.model_validate(table) for table in tables],
        ["www", "mail"],
        findings,
        lambda _: b"secret\n",
    )
    return hooks, [f"{mistake.place}: {mistake.message}" for mistake in findings.mistakes]


def test_a_hook_belongs_to_all_sources_unless_it_names_some() -> None:
    hooks, said = resolved(
        {"type": "command", "command": "/bin/sh 'a b'", "after": ["x"]},
        {"type": "socket", "host": "h", "port": 1, "sources": ["mail"]},
    )
    assert said == []
    assert [hook.name for hook in hooks["www"]] == ["command"]
    assert [hook.action for hook in hooks["mail"]] == [
        RunCommand(before=("/bin/sh", "a b"), after=("x",)),
        SendPath(host="h", port=1),
    ]


def test_each_type_becomes_what_it_says() -> None:
    hooks, said = resolved(
        {"type": "webhook", "url": "https://h/x", "headers": {"b": "2", "a": "1"}},
        {
            "type": "chinacache",
            "host": "h",
            "base": "http://x",
            "user": "u",
            "password_file": "/p",
            "match": "site(.*)",
            "below": "/srv/www/",
        },
        {"type": "plugin", "plugin": "log", "options": {"a": 1}},
    )
    assert said == []
    web, china, plugin = hooks["www"]
    assert web.action == PostJson(url="https://h/x", headers=(("a", "1"), ("b", "2")))
    assert (web.attempts, china.attempts, plugin.attempts) == (5, 3, 1)
    assert china.below == b"/srv/www"
    assert china.action == RefreshChinaCache(
        host="h", base="http://x", user="u", password="secret", match=Expression(b"site(.*)")
    )
    assert plugin.action == CallPlugin(name="log", options={"a": 1})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"type": "command"}, "hooks.0: a hook of type command needs `command`"),
        ({"type": "socket", "host": "h"}, "hooks.0: a hook of type socket needs `port`"),
        (
            {"type": "socket", "host": "h", "port": 1, "url": "x"},
            "hooks.0.url: means nothing for type socket",
        ),
        (
            {"type": "webhook", "url": "ftp://h"},
            "hooks.0.url: must be an http:// or https:// address",
        ),
        (
            {"type": "command", "command": "x", "below": "www"},
            'hooks.0.below: "www" is not an absolute path',
        ),
        (
            {"type": "command", "command": "x", "sources": ["nosuch"]},
            'hooks.0.sources.0: no source is named "nosuch"',
        ),
        (
            {"type": "command", "command": "x", "include_regex": ["("]},
            "hooks.0.include_regex.0: `(` is no regular expression",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(table: dict[str, object], said: str) -> None:
    hooks, mistakes = resolved(table)
    assert [mistake[: len(said)] for mistake in mistakes] == [said]
    assert "nosuch" in said or hooks["www"] == ()


def test_two_hooks_of_one_source_need_two_names() -> None:
    _, said = resolved({"type": "command", "command": "x"}, {"type": "command", "command": "y"})
    assert said[0] == 'hooks.1.name: a hook named "command" is already there'
