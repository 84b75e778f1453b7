from __future__ import annotations

import pytest

from sersync.errors import UsageError
from sersync.rsyncd.conf import DaemonConfig, Module, render


def text_of(module: Module, *, as_root: bool = False) -> list[str]:
    config = DaemonConfig(modules=(module,))
    return render(config, as_root=as_root).decode().splitlines()


def test_a_plain_module_names_its_path_and_keeps_symlinks_as_they_are() -> None:
    assert text_of(Module(name="www", path=b"/srv/www")) == [
        "reverse lookup = no",
        "",
        "[www]",
        "path = /srv/www",
        "use chroot = no",
        "munge symlinks = no",
        "read only = no",
    ]


def test_only_a_root_daemon_changes_root_and_user() -> None:
    module = Module(name="www", path=b"/srv/www", uid="www-data", gid="www-data")

    as_root, as_user = text_of(module, as_root=True), text_of(module)

    assert {"use chroot = yes", "uid = www-data", "gid = www-data"} <= set(as_root)
    assert "use chroot = no" in as_user
    assert not [line for line in as_user if line.startswith(("uid", "gid"))]


def test_every_parameter_of_a_module_has_its_line() -> None:
    module = Module(
        name="m",
        path=b"/m",
        comment="the copy",
        read_only=True,
        users=("alice", "bob:ro"),
        secrets_file=b"/etc/secrets",
        hosts_allow=("10.0.0.0/8", "::1"),
        max_connections=4,
        timeout_s=300,
        exclude=("/cache/", "*.tmp"),
        refused_options=("delete",),
    )

    assert {
        "comment = the copy",
        "read only = yes",
        "auth users = alice bob:ro",
        "secrets file = /etc/secrets",
        "hosts allow = 10.0.0.0/8 ::1",
        "max connections = 4",
        "timeout = 300",
        "exclude = /cache/ *.tmp",
        "refuse options = delete",
    } <= set(text_of(module))


def test_the_daemon_s_own_files_come_before_the_modules() -> None:
    config = DaemonConfig(
        modules=(Module(name="m", path=b"/m"),),
        log_file=b"/run/r.log",
        pid_file=b"/run/r.pid",
        lock_file=b"/run/r.lock",
        socket_options="TCP_NODELAY",
    )

    assert render(config, as_root=False).decode().splitlines()[:5] == [
        "reverse lookup = no",
        "log file = /run/r.log",
        "pid file = /run/r.pid",
        "lock file = /run/r.lock",
        "socket options = TCP_NODELAY",
    ]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (b"/", b"path = /"),
        (b"/srv/www///", b"path = /srv/www"),
        (b"/ends in space ", b"path = /ends in space /."),
        (b"/ends in backslash\\", b"path = /ends in backslash\\/."),
        (b"/\xff#;%", b"path = /\xff#;%"),
    ],
)
def test_odd_paths_survive_the_file_format(path: bytes, line: bytes) -> None:
    config = DaemonConfig(modules=(Module(name="m", path=path),))

    assert line in render(config, as_root=False).split(b"\n")


@pytest.mark.parametrize(
    "module",
    [
        Module(name="m", path=b"relative"),
        Module(name="m", path=b"/line\nbreak"),
        Module(name="m", path=b"/%RSYNC_USER_NAME%"),
        Module(name="", path=b"/m"),
        Module(name="a/b", path=b"/m"),
        Module(name="a]b", path=b"/m"),
        Module(name="global", path=b"/m"),
        Module(name="m", path=b"/m", exclude=("two words",)),
        Module(name="m", path=b"/m", comment="ends in \\"),
    ],
)
def test_what_the_file_format_cannot_say_is_refused_with_a_hint(module: Module) -> None:
    with pytest.raises(UsageError) as refusal:
        text_of(module)

    assert refusal.value.hint
