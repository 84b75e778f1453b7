"""Who may do what at the TCP listener. Pure.

A browser on this host may be made to send requests by any page that it shows. So a request must
name this host (else a name that resolves to it could be used, DNS rebinding), and what changes
anything needs a header that no page of others can send: there is no CORS here.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sersync.model.api import ApiSettings, is_loopback

READING: Final = frozenset({"GET", "HEAD"})
_OTHERS: Final = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request says of itself; headers are empty where they are missing."""

    method: str
    host: str
    authorization: str = ""
    content_type: str = ""
    fetch_site: str = ""
    fetch_mode: str = ""
    """Who has made a browser ask, and for what (w3.org/TR/fetch-metadata)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not answered."""

    status: HTTPStatus
    message: str
    challenge: str = ""
    """How the caller may show who it is (RFC 9110, section 11.6.1)."""


def refusal(asked: Asked, settings: ApiSettings) -> Refusal | None:
    """Return why *asked* is refused at the TCP listener; None: it may pass."""
    if settings.is_loopback and not is_loopback(_host(asked.host)):
        message = f"this is not {asked.host[:100]!r}: ask for {settings.address}"
        return Refusal(status=HTTPStatus.MISDIRECTED_REQUEST, message=message)
    if asked.fetch_site in _OTHERS and asked.fetch_mode != "navigate":
        # It could not read the answer, but a question about a path has the targets asked.
        message = "a page of somebody else has asked for this; open it by its own address"
        return Refusal(status=HTTPStatus.FORBIDDEN, message=message)
    if asked.method in READING:
        if settings.is_loopback or _knows(asked, settings.token, schemes=("bearer", "basic")):
            return None
        message = "this address answers only with the token: as a password, or as a bearer token"
        challenge = 'Basic realm="sersync", charset="UTF-8"'
        return Refusal(status=HTTPStatus.UNAUTHORIZED, message=message, challenge=challenge)
    if not settings.token:
        message = "this listener only reads; to act here, set token_file in [api], or --token-file"
        return Refusal(status=HTTPStatus.FORBIDDEN, message=message)
    if not _knows(asked, settings.token, schemes=("bearer",)):
        message = "to act, send the token: Authorization: Bearer TOKEN"
        # No browser asks for a password then, and the page can say what is wrong.
        return Refusal(status=HTTPStatus.UNAUTHORIZED, message=message, challenge="Bearer")
    if asked.content_type.partition(";")[0].strip().lower() != "application/json":
        message = "the body must be JSON: Content-Type: application/json"
        return Refusal(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message=message)
    return None


def _host(header: str) -> str:
    """Return the host of a Host header, without its port (RFC 9110, section 7.2)."""
    if header.startswith("["):
        host, _, port = header[1:].partition("]")
        return "" if port and not port.startswith(":") else host
    return header.partition(":")[0].lower()


def _knows(asked: Asked, token: str, *, schemes: tuple[str, ...]) -> bool:
    scheme, _, credentials = asked.authorization.partition(" ")
    if not token or scheme.lower() not in schemes:
        return False
    given = credentials.strip()
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(given, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return False
        given = pair.partition(":")[2]
    return hmac.compare_digest(given.encode(), token.encode())
