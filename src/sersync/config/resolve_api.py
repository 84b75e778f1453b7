"""Who may ask a daemon: from the table ``[api]`` to its settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from sersync.config.findings import Findings
from sersync.config.schema import ApiTable
from sersync.model.api import ApiSettings, is_loopback, parse_listen
from sersync.model.pasting import word

_SHORTEST_TOKEN: Final = 16
_MAKE_ONE: Final = "umask 077; openssl rand -base64 33 >"


def resolve_api(
    table: ApiTable, findings: Findings, read_file: Callable[[str], bytes] | None
) -> ApiSettings:
    """Return the settings that *table* means; what cannot be used is left out and noted."""
    host, port = "", 0
    if table.listen:
        try:
            host, port = parse_listen(table.listen)
        except ValueError as error:
            findings.mistake(("api", "listen"), str(error), 'as in listen = "127.0.0.1:8377"')
    token = _token(table.token_file, findings, read_file) if table.token_file else ""
    if host and not is_loopback(host) and not table.token_file:
        findings.mistake(
            ("api", "listen"),
            f"{table.listen} can be reached by other hosts, and nothing keeps them out",
            f'set token_file ({_MAKE_ONE} FILE), or listen = "127.0.0.1:{port}"',
        )
    if table.token_file and not table.listen:
        findings.warning(("api", "token_file"), "nobody needs the token, since listen is not set")
    return ApiSettings(host=host, port=port, token=token, socket_group=table.socket_group)


def _token(file: str, findings: Findings, read_file: Callable[[str], bytes] | None) -> str:
    place = ("api", "token_file")
    try:
        content = read_file(file) if read_file is not None else b""
    except OSError as error:
        findings.mistake(place, f"{file}: {error.strerror or error}", f"{_MAKE_ONE} {word(file)}")
        return ""
    token = os.fsdecode(content.split(b"\n")[0].strip())
    if not (token.isascii() and token.isprintable()):
        # RFC 6750, section 2.1: what stands in a header.
        findings.mistake(
            place, f"the first line of {file} is no plain text", f"{_MAKE_ONE} {word(file)}"
        )
    elif len(token) < _SHORTEST_TOKEN:
        findings.mistake(
            place,
            f"the first line of {file} is shorter than {_SHORTEST_TOKEN} characters",
            f"{_MAKE_ONE} {word(file)}",
        )
    return token
