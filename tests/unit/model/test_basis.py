"""When a target is compared anew: when something changed that decides what stands there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sersync.model.basis import basis_of
from sersync.model.expression import Expression
from sersync.model.filters import Filter, parse_rule
from sersync.model.options import RsyncOptions
from sersync.model.target import RemoteShell, RsyncModule, Target

TARGET = Target(name="copy", endpoint=RsyncModule(host="h", module="m"))


@pytest.mark.parametrize(
    "other",
    [
        {"endpoint": RsyncModule(host="h", module="other")},
        {"endpoint": RsyncModule(host="h", module="m", port=8730)},
        {"endpoint": RemoteShell(host="h", path="/m")},
        {"options": RsyncOptions(passed=("-rlt",))},
        {"filters": Filter([parse_rule(b"- *.tmp")])},
        {"filters": Filter(expressions=[Expression(b"x")])},
        {"delete": False},
    ],
)
def test_what_decides_on_the_contents_makes_another_basis(other: dict[str, Any]) -> None:
    assert basis_of(replace(TARGET, **other)) != basis_of(TARGET)


@pytest.mark.parametrize(
    "other", [{"name": "x"}, {"bandwidth_kib_s": 9}, {"parallel": 5}, {"password": "secret"}]
)
def test_what_does_not_leaves_it_as_it_was(other: dict[str, Any]) -> None:
    assert basis_of(replace(TARGET, **other)) == basis_of(TARGET)


def test_another_key_leads_to_the_same_place() -> None:
    by_shell = replace(TARGET, endpoint=RemoteShell(host="h", path="/m"))
    endpoint = RemoteShell(host="h", path="/m", identity="/key")

    assert basis_of(replace(by_shell, endpoint=endpoint)) == basis_of(by_shell)
