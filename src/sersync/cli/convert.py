"""``sersync convert``: from sersync 2's confxml.xml to a sersync.toml."""

from __future__ import annotations

import os
from typing import Annotated

from typer import Argument, Option

from sersync.errors import UsageError

_File = Annotated[str, Argument(metavar="FILE", help="A confxml.xml of sersync 2.")]
_Output = Annotated[
    str, Option("--output", "-o", metavar="FILE", help="Write there; standard output if unset.")
]


def convert(file: _File, output: _Output = "") -> int:
    """Print a sersync.toml that means what FILE means, and what is different from sersync 2."""
    from sersync.cli.messages import note, warn
    from sersync.config.confxml.convert import convert as converted
    from sersync.config.file import looks_like_xml, read_bytes

    content = read_bytes(file)
    if not looks_like_xml(content):
        raise UsageError(f"{file} is no XML", hint="sersync convert confxml.xml")
    result = converted(content, file)
    if output:
        _write(output, result.text)
    else:
        print(result.text, end="")
    warn(result.warnings)
    note(result.notes)
    return 0


def _write(output: str, text: str) -> None:
    """Write a file that was not there before: it may name passwords, so it is its owner's."""
    try:
        fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(
            f"{output}: {error.strerror}", hint="name a file that is not there yet"
        ) from error
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
