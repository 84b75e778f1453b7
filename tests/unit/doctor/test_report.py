"""Findings as a document, as text and as an exit code."""

from __future__ import annotations

from sersync.doctor.finding import Finding, Subject
from sersync.doctor.report import code_of, document, lines, summary

_WEB = Subject("target web")
_FINE = [_WEB.ok("connects", "in 1 ms"), _WEB.skipped("space", "not told")]
_WARNED = [*_FINE, _WEB.warning("clock", "3 s ahead", "Set it.", "timedatectl")]


def test_the_worst_finding_decides_the_exit_code() -> None:
    failed: list[Finding] = [*_WARNED, _WEB.failure("writes", "read only")]
    assert [code_of(each) for each in ([], _FINE, _WARNED, failed)] == [0, 0, 1, 2]


def test_the_document_holds_every_field_and_counts() -> None:
    told = document(_WARNED)

    assert told["counts"] == {"ok": 1, "warning": 1, "failure": 0, "skipped": 1}
    assert told["findings"][2] == {
        "subject": "target web", "check": "clock", "level": "warning", "message": "3 s ahead",
        "remedy": "Set it.", "command": "timedatectl",
    }  # fmt: skip


def test_the_text_names_each_subject_once_and_gives_the_command() -> None:
    text = list(lines(_WARNED))

    assert text.count("target web") == 1
    assert text[-1].strip() == "$ timedatectl"


def test_the_summary_counts_what_is_not_well() -> None:
    assert (summary(_FINE), summary(_WARNED)) == ("All is well.", "1 warning")
