"""Who may do what at the TCP listener."""

from __future__ import annotations

import hmac
from http import HTTPStatus

import pytest

from sersync.api.access import Asked, refusal
from sersync.model.api import ApiSettings

TOKEN = "a-token-of-more-than-sixteen-characters"
LOOPBACK = ApiSettings(host="127.0.0.1", port=8377, token=TOKEN)


@pytest.mark.parametrize(
    ("host", "passes"),
    [
        ("127.0.0.1:8377", True),
        ("127.0.0.1", True),
        ("localhost:8377", True),
        ("LOCALHOST", True),
        ("[::1]:8377", True),
        ("", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8377", False),
        ("[::1].evil.example", False),
        ("localhost@evil.example", False),
        ("192.0.2.7:8377", False),
    ],
)
def test_only_names_of_this_host_are_answered_on_the_loopback(host: str, passes: bool) -> None:
    found = refusal(Asked(method="GET", host=host), LOOPBACK)

    assert (found is None) == passes
    assert found is None or found.status is HTTPStatus.MISDIRECTED_REQUEST


def test_the_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    asked = Asked(
        method="POST",
        host="localhost",
        authorization="Bearer wrong",
        content_type="application/json",
    )

    assert refusal(asked, LOOPBACK) is not None
    assert compared == [(b"wrong", TOKEN.encode())]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_whatever_does_not_read_needs_the_token(method: str) -> None:
    found = refusal(Asked(method=method, host="localhost"), LOOPBACK)

    assert found is not None
    assert found.status is HTTPStatus.UNAUTHORIZED
