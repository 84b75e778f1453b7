"""No secret leaves this host, and what is none stays readable."""

from __future__ import annotations

import pytest

from sersync.doctor.masking import masked


@pytest.mark.parametrize(
    "text",
    [
        'password = "hunter22"',
        "passwd='hunter22'",
        '<cdninfo username="u" passwd="hunter22"/>',
        '"api_key": "hunter22",',
        "Authorization: Bearer hunter22",
        'headers = { Authorization = "hunter22" }',
        'headers = { X-Key = "hunter22", Accept = "a, b" }',
        'headers = {\n  "X-Key" = "hunter22",\n}',
        'headers = { X-One = "a}b", X-Key = "hunter22" }',
        '[[hooks]]\ntype = "webhook"\n[hooks.headers]\n\nX-Key = "hunter22"\n[api]\n',
        "[notify.headers]\nX-Other = 'hunter22'",
        'headers.X-Key = "hunter22"',
        '"headers": {"X-Key": "hunter\\"22 hunter22"}',
        "RSYNC_PASSWORD=hunter22 rsync",
        "https://user:hunter22@hook.example.net/x",
        "RSYNC://user:hunter22@host/m",
        "rsync://:hunter22@host/m",
        "rsync://user:a/hunter22@host/m",
        'to = "user:hunter22@host::m"',
        "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter22\n-----END OPENSSH PRIVATE KEY-----",
        "?user=u&pswd=hunter22&ok=ok",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert "hunter22" not in masked(text)
    assert "***" in masked(text)


def test_a_known_secret_is_masked_wherever_it_stands() -> None:
    assert masked("said hunter22 twice: hunter22", ["hunter22"]) == "said *** twice: ***"


@pytest.mark.parametrize(
    "text",
    [
        'password_file = "/etc/sersync/web1.password"',
        '<auth start="true" users="backup" passwordfile="/etc/rsync.pas"/>',
        "rsync://user@host:873/module",
        "target web: rsync://user@host/module",
        'to = "backup@web::www"',
        "the password file /x can be read by others",
        '[[hooks]]\nurl = "http://web/headers"\n[[source]]\nroot = "/srv"\n',
    ],
)
def test_names_of_files_and_addresses_stay(text: str) -> None:
    assert masked(text) == text
