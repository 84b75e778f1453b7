from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sersync.rsyncd.log_lines import level_of, told
from sersync.rsyncd.stunnel import Front, front_config, wrapped_config

FRONT = Front(port=874, plain_port=4000, certificate=Path("/c"), key=Path("/k"))


def test_the_daemon_is_told_who_connects() -> None:
    assert "protocol = proxy\n" in front_config(FRONT, "0.0.0.0")
    assert "accept = 0.0.0.0:874\nconnect = 127.0.0.1:4000\n" in front_config(FRONT, "0.0.0.0")
    assert wrapped_config(Path("/etc/rsyncd.conf")).endswith("&merge /etc/rsyncd.conf\n")


def test_ipv6_is_left_to_the_process_for_it() -> None:
    assert "IPV6_V6ONLY=yes" in front_config(FRONT, "::")
    assert "IPV6_V6ONLY" not in front_config(FRONT, "0.0.0.0")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026/01/02 03:04:05 [7] connect from web1 (10.0.0.1)", logging.INFO),
        ("2026/01/02 03:04:05 [7] connect from localhost (127.0.0.1)", logging.DEBUG),
        ("2026/01/02 03:04:05 [7] connect from ip6-localhost (::1)", logging.DEBUG),
        ("[7] rsync allowed access on module m from localhost (127.0.0.1)", logging.INFO),
        ("2026/01/02 03:04:05 [7] auth failed on module copy from web1", logging.WARNING),
        ("2026/01/02 03:04:05 [7] rsync denied on module copy", logging.WARNING),
    ],
)
def test_a_refusal_is_louder_than_a_connection(line: str, level: int) -> None:
    assert level_of(line) == level


def test_a_line_has_one_date() -> None:
    assert told("2026/01/02 03:04:05 [7] connect from a") == "[7] connect from a"
