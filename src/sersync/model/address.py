"""Addresses as they may be shown: a password that was written into one is masked. Pure."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"
_UP_TO_HOST: Final = re.compile(r"(?s)\A((?>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^:]*:).*@")


def without_password(text: str) -> str:
    """Return *text*, a target as somebody wrote it, without what may be a password in it.

    That is all from the first colon, behind the scheme of a URL, to the last ``@``: a password may
    hold slashes, colons and more of these. So too much is masked sooner than too little. A path
    that begins with a slash holds no password.
    """
    return text if text.startswith("/") else _UP_TO_HOST.sub(rf"\g<1>{MASK}@", text)
