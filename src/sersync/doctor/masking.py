"""Takes secrets out of text that leaves this host. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sersync.model.address import MASK

_SHORTEST: Final = 4
_KEY: Final = r"[\w.-]*(?:passw|passphrase|passwd|pswd|secret|token|api[_-]?key|credential)[\w.-]*"
_SETTING: Final = re.compile(
    rf"(?i)(?P<key>['\"]?\b{_KEY}['\"]?)(?P<is>\s*[=:]\s*)"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,;<>]+)"
)
_IS_PLACE: Final = re.compile(r"(?i)(?:file|path|users)['\"]?$")
_IN_ADDRESS: Final = re.compile(
    r"(?i)(?P<start>(?:\b[a-z][a-z0-9+.-]*://)?[^\s/:@\"'<>=]*):(?!//)[^\s\"'<>]+@"
)
_HEADER: Final = re.compile(
    r"(?i)\b(?P<name>authorization|cookie|x-[\w-]*token)(?P<is>['\"]?\s*[=:]\s*)[^\n,}]+"
)
_HEADERS_INLINE: Final = re.compile(
    r"\bheaders['\"]?\s*[=:]\s*\{(?:\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|[^}\"'])*\}"
)
_HEADERS_TABLE: Final = re.compile(
    r"^\s*\[[^\]\n]*\bheaders['\"]?\s*\]{1,2}.*\n(?:(?!\s*\[).*\n?)*", re.MULTILINE
)
_HEADERS_DOTTED: Final = re.compile(r"^.*\bheaders['\"]?\s*\.\s*[^\s=]+\s*=.*$", re.MULTILINE)
_ITS_VALUE: Final = re.compile(r"(?P<is>[=:]\s*)(?P<value>\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')")
"""A string in TOML or JSON, behind the key that it belongs to."""
_KEY_BLOCK: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL
)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* without *secrets* and without what looks like one.

    A value whose name speaks of a password, a secret or a token is masked, but for the names of
    files; so are passwords in addresses, private keys, and the headers of requests: which of them
    lets somebody in is known to nobody but the other side.
    """
    for secret in sorted(filter(_is_secret, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _KEY_BLOCK.sub(MASK, text)
    text = _IN_ADDRESS.sub(rf"\g<start>:{MASK}@", text)
    for headers in (_HEADERS_INLINE, _HEADERS_TABLE, _HEADERS_DOTTED):
        text = headers.sub(_without_values, text)
    text = _HEADER.sub(rf"\g<name>\g<is>{MASK}", text)
    return _SETTING.sub(_without_value, text)


def _without_values(match: re.Match[str]) -> str:
    return _ITS_VALUE.sub(rf'\g<is>"{MASK}"', match[0])


def _is_secret(secret: str) -> bool:
    # A secret of a letter or two would mask half of the text, and tell where it stood.
    return len(secret) >= _SHORTEST


def _without_value(match: re.Match[str]) -> str:
    if _IS_PLACE.search(match["key"]):
        return match[0]
    value = match["value"]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match['key']}{match['is']}{quote}{MASK}{quote}"
