"""A module is added to an rsyncd.conf; nothing that stands there is replaced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sersync.errors import UsageError
from sersync.rsyncd.check import check_configuration, worst
from sersync.rsyncd.conf import DaemonConfig, Module
from sersync.rsyncd.reading import Configuration, read_configuration
from sersync.rsyncd.setup import MAX_CONNECTIONS, TIMEOUT_S, Wish, new_text
from tests.support.hosts import MadeUpHost

FILE = "/etc/rsyncd.conf"
MODULE = Module(
    name="copy",
    path=b"/srv/copy",
    uid="root",
    gid="root",
    users=("pusher",),
    secrets_file=b"/etc/rsyncd.secrets",
    hosts_allow=("192.168.0.0/24",),
    max_connections=MAX_CONNECTIONS,
    timeout_s=TIMEOUT_S,
    is_listed=False,
)
DAEMON = DaemonConfig(modules=(MODULE,), pid_file=b"/run/rsyncd.pid", socket_options="TCP_NODELAY")
WISH = Wish(module=MODULE, daemon=DAEMON, as_root=True)


def made(before: str | None, wish: Wish = WISH) -> str:
    return new_text(wish, FILE, MadeUpHost(texts={} if before is None else {FILE: before}))


def read(text: str) -> Configuration:
    return read_configuration(FILE, MadeUpHost(texts={FILE: text}))


def test_a_new_file_is_one_that_check_finds_nothing_in() -> None:
    assert worst(check_configuration(read(made(None)), MadeUpHost())) == 0


def test_a_new_file_of_a_user_is_fine_too() -> None:
    module = replace(MODULE, fake_super=True)
    wish = Wish(module=module, daemon=replace(DAEMON, modules=(module,), port=8730), as_root=False)

    text = made(None, wish)

    assert "fake super = yes\n" in text
    assert "uid" not in text
    assert worst(check_configuration(read(text), MadeUpHost(is_root=False))) == 0


def test_doing_it_again_changes_nothing() -> None:
    text = made(None)

    assert made(text) == text


def test_what_stands_in_a_file_stays_and_the_module_comes_last() -> None:
    before = "# ours\nlog file = /var/log/r\n\n[old]\npath = /srv/other   # kept"

    after = made(before)

    assert after.startswith(
        "# ours\nlog file = /var/log/r\n\nsocket options = TCP_NODELAY\n[old]\n"
    )
    assert "path = /srv/other   # kept\n\n[copy]\n" in after
    assert made(after) == after


def test_a_module_does_not_inherit_what_would_harm_it() -> None:
    after = made("fake super = yes\nexclude = *.tmp\nrefuse options = delete\n[old]\npath = /o\n")

    module = read(after).module("copy")
    assert module is not None
    assert (module.flag("fake super"), module.text("exclude")) == ("no", "")
    assert [
        each.code
        for each in check_configuration(read(after), MadeUpHost())
        if each.module == "copy" and each.severity
    ] == []


def test_a_module_with_other_settings_is_not_overwritten() -> None:
    text = made(None).replace("read only = no", "read only = yes")

    with pytest.raises(UsageError, match="is there with other settings") as refusal:
        made(text)

    assert "read only = yes   (wanted: no)" in refusal.value.message
    assert "uid" not in refusal.value.message


def test_another_spelling_of_the_same_settings_is_the_same() -> None:
    text = made(None).replace("read only = no", "ReadOnly = False").replace("[copy]", "[ Copy ]")

    assert made(text) == text


def test_another_port_is_not_changed_under_other_modules() -> None:
    wish = replace(WISH, daemon=replace(DAEMON, port=8730))

    assert "port = 8730\n" in made("[old]\npath = /o\n", wish)
    with pytest.raises(UsageError, match="listens on port 873 already"):
        made("port = 873\n[old]\npath = /o\n", wish)


def test_nothing_is_added_to_a_file_that_is_broken() -> None:
    with pytest.raises(UsageError, match="is broken"):
        made("[old\n")
