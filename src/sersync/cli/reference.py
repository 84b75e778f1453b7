"""``python -m sersync.cli.reference``: writes parts of ``docs/``, ``man/``, ``completions/``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sersync.cli.manual import documents
from sersync.config.reference import json_schema, settings_tables
from sersync.config.rsync_reference import options_page

_GENERATED = re.compile(r"(<!-- settings: .*? -->\n).*?(<!-- end of settings -->)", re.DOTALL)


def schema_text() -> str:
    """Return what belongs in ``docs/sersync.schema.json``."""
    return json.dumps(json_schema(), indent=2) + "\n"


def with_settings(text: str) -> str:
    """Return the Markdown *text* with its generated part renewed."""
    return _GENERATED.sub(lambda marks: f"{marks[1]}\n{settings_tables()}{marks[2]}", text)


def main() -> None:
    """Renew the documents below the working directory."""
    Path("docs/sersync.schema.json").write_text(schema_text())
    Path("docs/rsync-options.md").write_text(options_page())
    page = Path("docs/configuration.md")
    page.write_text(with_settings(page.read_text()))
    for name, text in documents().items():
        file = Path(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
