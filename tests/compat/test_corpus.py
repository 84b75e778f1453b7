"""Every file of the corpus: what it means, what is said about it, and that converting keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sersync.config.confxml.convert import convert
from sersync.config.confxml.load import resolved, understand
from sersync.config.findings import Findings
from sersync.config.resolve import resolve
from sersync.config.resolve_target import Surroundings
from sersync.config.schema import Document
from sersync.config.toml import document_of
from sersync.errors import ConfigError
from tests.compat.golden import CORPUS, FILE, golden, text

_NOT_UTF8 = {"gb2312", "latin1-path"}


def _is_valid(corpus: Path) -> bool:
    return '"mistakes"' not in golden(corpus).read_text()


VALID = [corpus for corpus in CORPUS if _is_valid(corpus)]


def _name(corpus: Path) -> str:
    return corpus.stem


def test_the_corpus_is_large_and_has_both_kinds() -> None:
    assert len(CORPUS) >= 40
    assert len(VALID) >= 30
    assert len(CORPUS) - len(VALID) >= 10


@pytest.mark.parametrize("corpus", CORPUS, ids=_name)
def test_a_file_means_what_is_written_down(corpus: Path) -> None:
    assert text(corpus.read_bytes()) == golden(corpus).read_text(), (
        "if this is meant: python -m tests.compat.golden"
    )


@pytest.mark.parametrize("corpus", VALID, ids=_name)
def test_converting_keeps_the_meaning(corpus: Path) -> None:
    understood = understand(corpus.read_bytes(), FILE)
    meant, _ = resolved(understood, FILE, {})
    if corpus.stem in _NOT_UTF8:
        with pytest.raises(ConfigError) as refusal:
            convert(corpus.read_bytes(), FILE)
        assert "not UTF-8" in refusal.value.mistakes[0].message
        return

    raw = document_of(convert(corpus.read_bytes(), FILE).text, "sersync.toml")
    again = resolve(
        Document.model_validate(raw),
        surroundings=Surroundings(),
        findings=Findings(str),
    )

    assert again.settings == meant.settings
