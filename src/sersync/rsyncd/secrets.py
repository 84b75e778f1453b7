"""Passwords for rsync modules: made at random, written so that only their owner reads them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sersync.errors import UsageError


def generate_password() -> str:
    """Return a new password of 192 random bits, free of characters that a shell would mind."""
    return secrets.token_urlsafe(24)


def write_secrets(file: Path, passwords: Mapping[str, str]) -> None:
    """Replace *file* by an rsync daemon's ``secrets file``, one ``user:password`` per line.

    Raises ``UsageError`` for a user or a password that such a file cannot hold, and ``OSError``.
    """
    for user, password in passwords.items():
        if not user or ":" in user or user.startswith(("#", "@")) or _breaks_line(user + password):
            raise UsageError(
                f"{user!r} or its password cannot stand in an rsync secrets file",
                hint="A user has no ':' and no '#' or '@' in front; neither has line breaks.",
            )
    _write_private(file, "".join(f"{user}:{word}\n" for user, word in passwords.items()))


def write_password(file: Path, password: str) -> None:
    """Replace *file* by one for rsync's ``--password-file``. Raises as ``write_secrets``."""
    if not password or _breaks_line(password):
        raise UsageError("a password must not be empty or have line breaks")
    _write_private(file, password + "\n")


def _write_private(file: Path, text: str) -> None:
    """Put *text* under the name *file* in one step, mode 0600 from its first byte on."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as sink:
            sink.write(text)
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(file)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def _breaks_line(text: str) -> bool:
    return any(character in text for character in "\r\n\0")
