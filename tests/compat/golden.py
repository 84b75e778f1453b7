"""What each file of the corpus means, as it is written down in ``golden/``.

``python -m tests.compat.golden`` writes it anew; the difference is then to be read with care.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sersync.config.confxml.load import resolved, understand
from sersync.errors import ConfigError, Mistake

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "corpus").glob("*.xml"))
FILE = "/etc/sersync/confxml.xml"


def meaning(content: bytes) -> dict[str, Any]:
    """Return the document that *content* comes to, with all that is said; or all mistakes."""
    try:
        understood = understand(content, FILE)
        _, warnings = resolved(understood, FILE, {})
    except ConfigError as error:
        odd = {"warnings": _lines(error.warnings)} if error.warnings else {}
        return {"mistakes": _lines(error.mistakes)} | odd
    return {
        "document": understood.translated.raw,
        "warnings": _lines(warnings),
        "notes": _lines(understood.notes),
    }


def golden(corpus: Path) -> Path:
    """Return the file with the meaning of *corpus*."""
    return HERE / "golden" / f"{corpus.stem}.json"


def text(content: bytes) -> str:
    """Return what belongs in a golden file."""
    return json.dumps(meaning(content), indent=1, ensure_ascii=True) + "\n"


def _lines(mistakes: tuple[Mistake, ...] | list[Mistake]) -> list[str]:
    return [
        f"{mistake.place.removeprefix(FILE + ':')}: {mistake.message}"
        + (f" ({mistake.suggestion})" if mistake.suggestion else "")
        for mistake in mistakes
    ]


def main() -> None:
    """Write every golden file."""
    (HERE / "golden").mkdir(exist_ok=True)
    for corpus in CORPUS:
        golden(corpus).write_text(text(corpus.read_bytes()))


if __name__ == "__main__":
    main()
