"""The commands for a login go the way that transfers go."""

from __future__ import annotations

import pytest

from sersync.model.target import RemoteShell
from sersync.transfer.login import copy_key_command, login_command

_PLAIN = RemoteShell(host="web", path="/www")
_FULL = RemoteShell(host="web", path="/www", user="u", port=2222, identity="/my keys/id")
_BY_FILE = RemoteShell(host="web", path="/www", user="u", port=22, rsh="/usr/bin/ssh -4 -F '/a b'")
_OTHER = RemoteShell(host="web", path="/www", user="u", rsh="rsh -n")


@pytest.mark.parametrize(
    ("endpoint", "login", "copying"),
    [
        (_PLAIN, "ssh web", "ssh-copy-id web"),
        (_FULL, "ssh -p 2222 -i '/my keys/id' u@web", "ssh-copy-id -p 2222 -i '/my keys/id' u@web"),
        (_BY_FILE, "/usr/bin/ssh -4 -F '/a b' -p 22 u@web", "ssh-copy-id -F '/a b' -p 22 u@web"),
        (_OTHER, "rsh -n -l u web", "ssh-copy-id u@web"),
    ],
)
def test_port_key_user_and_options_are_those_of_the_target(
    endpoint: RemoteShell, login: str, copying: str
) -> None:
    assert login_command(endpoint) == login
    assert login_command(endpoint, "df -h") == f"{login} 'df -h'"
    assert copy_key_command(endpoint) == copying
