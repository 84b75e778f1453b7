"""Every lint: a file that it must find something in, and a near miss that it must not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import sersync.rsyncd
from sersync.model.endpoint import parse_endpoint
from sersync.model.target import RsyncModule
from sersync.rsyncd.check import check_configuration, worst
from sersync.rsyncd.lints.client import check_password_file
from sersync.rsyncd.lints.finding import FileFacts, Finding, Severity
from sersync.rsyncd.reading import read_configuration
from tests.support.hosts import DIRECTORY, PRIVATE, ROOM, MadeUpHost
from tests.support.named_in_code import arguments_named

GOOD = """\
socket options = TCP_NODELAY
reverse lookup = no
pid file = /run/rsyncd.pid
[copy]
path = /srv/copy
use chroot = yes
uid = root
gid = root
read only = no
list = no
max connections = 32
timeout = 300
hosts allow = 192.168.0.0/24
auth users = pusher
secrets file = /etc/rsyncd.secrets
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is found in GOOD with *found* instead of *old*, and not with *miss*."""

    code: str
    severity: Severity = Severity.WARNING
    old: str = "timeout = 300"
    found: str = ""
    miss: str = ""
    host: MadeUpHost = field(default_factory=MadeUpHost)
    missing_host: MadeUpHost | None = None


def on(**settings: object) -> MadeUpHost:
    host = MadeUpHost()
    for name, value in settings.items():
        setattr(host, name, value)
    return host


def secrets(text: str, facts: FileFacts = PRIVATE) -> MadeUpHost:
    host = MadeUpHost(texts={"/etc/rsyncd.secrets": text})
    host.files["/etc/rsyncd.secrets"] = facts
    return host


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
PASSWORD = "pusher:a-long-password\n"
CHROOT = "use chroot = yes"
PATH = "path = /srv/copy"
USERS = "auth users = pusher"
HOSTS = "hosts allow = 192.168.0.0/24"
ALONE = "socket options = TCP_NODELAY"

CASES = [
    Case(code="broken", severity=ERROR, found="[unclosed", miss="comment = [unclosed"),
    Case(code="unknown-parameter", found="disable = no", miss="list = no"),
    Case(code="unknown-parameter", found="colour = blue", miss="# colour = blue"),
    Case(code="unknown-parameter", severity=ERROR, found="host deny = *", miss="hosts deny = *"),
    Case(code="unknown-parameter", severity=ERROR, found="auth user = x",
         miss="Auth Users = pusher"),
    Case(code="unknown-parameter", found="max\u00a0verbosity = 1", miss="max verbosity = 1"),
    Case(code="value-missing", found="ignore errors", miss="ignore errors = no"),
    Case(code="value-missing", found="ignore errors =", miss="comment ="),
    Case(code="bad-value", found="ignore errors = never", miss="ignore errors = FALSE"),
    Case(code="bad-value", found="timeout = 5 min", miss="timeout = 300"),
    Case(code="bad-value", severity=ERROR, old="read only = no", found="read only = off",
         miss="read only = 0"),
    Case(code="global-in-module", found="port = 8730", miss="[global]\nport = 873"),
    Case(code="repeated-parameter", found="list = no", miss="[global]\nlist = no"),
    Case(code="repeated-module", found="[COPY]", miss="[copy2]\npath = /srv/other"),
    Case(code="no-module", severity=ERROR, old=GOOD, found="port = 873", miss=GOOD),
    Case(code="no-path", severity=ERROR, old=PATH, found="", miss=PATH),
    Case(code="relative-path", severity=ERROR, old=PATH, found="path = srv/copy", miss=PATH),
    Case(code="path-missing", severity=ERROR, old=PATH, found="path = /srv/none",
         miss="path = /srv/%RSYNC_USER_NAME%"),
    Case(code="path-missing", severity=ERROR, old=PATH, found="path = /etc/rsyncd.secrets",
         miss="path = /srv/./copy"),
    Case(code="path-is-root", severity=ERROR, old=PATH, found="path = /", miss="path = /srv",
         host=MadeUpHost(files={"/": DIRECTORY, "/srv": DIRECTORY, "/run": DIRECTORY})),
    Case(code="path-not-writable", severity=ERROR, old="uid = root", found="uid = www",
         miss="uid = 0"),
    Case(code="path-not-writable", severity=ERROR, found="", miss="",
         host=on(is_root=False, writable=False), missing_host=on(is_root=False)),
    Case(code="path-read-only", severity=ERROR, found="", miss="",
         host=on(left=replace(ROOM, is_read_only=True)), missing_host=on()),
    Case(code="path-full", severity=ERROR, host=on(left=replace(ROOM, free_bytes=1 << 20)),
         missing_host=on(left=replace(ROOM, free_bytes=1 << 30))),
    Case(code="path-full", severity=ERROR, host=on(left=replace(ROOM, free_inodes=10)),
         missing_host=on(left=replace(ROOM, free_inodes=0, total_inodes=0))),
    Case(code="nested-modules", found="[in]\npath = /srv/copy/in", miss="[in]\npath = /srv/copy2"),
    Case(code="nested-modules", found="[in]\npath = /srv/copy/", miss="[in]\npath = /srv/other"),
    Case(code="file-nowhere", severity=ERROR, old="/run/rsyncd.pid", found="/nowhere/rsyncd.pid",
         miss="/run/other.pid"),
    Case(code="port-needs-root", severity=ERROR, old=ALONE, found="port = 873", miss="port = 8730",
         host=on(is_root=False)),
    Case(code="port-taken", severity=ERROR, host=on(ports={873: "xinetd (process 7)"}),
         missing_host=on(ports={873: "rsync (process 7)"})),
    Case(code="port-taken", severity=ERROR, old=ALONE, found="port = 8730", miss="port = 8731",
         host=on(ports={8730: "nc (process 7)"})),
    Case(code="proxy-unguarded", severity=ERROR, old=ALONE, found="proxy protocol = yes",
         miss="proxy protocol = yes\nproxy protocol hosts = 127.0.0.1"),
    Case(code="open-to-all", severity=ERROR, old=f"{HOSTS}\n{USERS}", found="", miss=HOSTS),
    Case(code="no-password", old=USERS, found="", miss=USERS),
    Case(code="hosts-allow-everybody", old=HOSTS, found="hosts allow = 10.0.0.1, *",
         miss="hosts allow = 10.0.0.1, *.example.org"),
    Case(code="hosts-allow-everybody", old=HOSTS, found="hosts allow = 0.0.0.0/0",
         miss="hosts allow = 10.0.0.0/8"),
    Case(code="bad-host-pattern", severity=ERROR, old=HOSTS, found="hosts allow = 192.168.0.0/33",
         miss="hosts allow = fe80::1%eth0/64, 10.0.0.0/255.0.0.0, web1.example.org"),
    Case(code="bad-host-pattern", severity=ERROR, old=HOSTS, found="hosts allow = 192.168.0/24",
         miss="hosts allow = 192.168.0.*"),
    Case(code="hosts-deny-alone", old=HOSTS, found="hosts deny = 10.0.0.1",
         miss=f"{HOSTS}\nhosts deny = *"),
    Case(code="insecure-links", found="insecure links = yes", miss="insecure links = no"),
    Case(code="listed", severity=NOTE, old="list = no", found="", miss="list = no"),
    Case(code="no-secrets-file", severity=ERROR, old="secrets file = /etc/rsyncd.secrets", found="",
         miss="secrets file = /etc/rsyncd.secrets"),
    Case(code="no-secrets-file", severity=ERROR, old="/etc/rsyncd.secrets", found="/etc/none",
         miss="/etc/%RSYNC_MODULE_NAME%"),
    Case(code="secrets-readable", severity=ERROR,
         host=secrets(PASSWORD, replace(PRIVATE, mode=0o644)),
         missing_host=secrets(PASSWORD, replace(PRIVATE, mode=0o600))),
    Case(code="secrets-readable", severity=NOTE,
         host=secrets(PASSWORD, replace(PRIVATE, mode=0o640)),
         missing_host=secrets(PASSWORD, replace(PRIVATE, mode=0o700))),
    Case(code="secrets-owner", severity=ERROR, host=secrets(PASSWORD, replace(PRIVATE, uid=33)),
         missing_host=secrets(PASSWORD)),
    Case(code="strict-modes-off", found="strict modes = no", miss="strict modes = yes"),
    Case(code="secrets-malformed", severity=ERROR, host=secrets(f"a-bare-password\n{PASSWORD}"),
         missing_host=secrets(f"#a-comment\n\n{PASSWORD}")),
    Case(code="user-without-password", severity=ERROR, old=USERS, found="auth users = pusher, joe",
         miss="auth users = pusher other:rw joe:deny @staff web*"),
    Case(code="user-without-password", severity=ERROR, host=secrets("pusher:\n"),
         missing_host=secrets("pusher:a:b:c:d:e:f\n")),
    Case(code="short-password", host=secrets("pusher:123456\n"),
         missing_host=secrets("pusher:12345678\nother:1\n")),
    Case(code="read-only", old="read only = no", found="", miss="read only = false"),
    Case(code="read-only", old=USERS, found=f"{USERS}\nread only = yes",
         miss="read only = yes\nauth users = pusher:rw"),
    Case(code="user-cannot-write", severity=NOTE, old=USERS, found="auth users = pusher:ro",
         miss="auth users = pusher:rw"),
    Case(code="refuses-options", severity=ERROR, found="refuse options = delete",
         miss="refuse options = checksum compress"),
    Case(code="refuses-options", severity=ERROR, found="refuse options = *",
         miss="refuse options = c z"),
    Case(code="refuses-options", severity=ERROR, found="refuse options = delete-*",
         miss="refuse options = delete-* !delete-during !delete-missing-args"),
    Case(code="refuses-options", severity=ERROR, found="refuse options = archive",
         miss="refuse options = a !archive"),
    Case(code="chroot-needs-root", severity=ERROR, found="", miss="", host=on(is_root=False),
         missing_host=on()),
    Case(code="munged-symlinks", severity=ERROR, old=CHROOT, found="use chroot = no",
         miss="use chroot = no\nmunge symlinks = no"),
    Case(code="munged-symlinks", severity=ERROR, old=PATH, found="path = /srv/./copy",
         miss="path = /srv/./copy\nmunge symlinks = no"),
    Case(code="munged-symlinks", severity=ERROR, old=CHROOT,
         found="use chroot = yes\nmunge symlinks = yes", miss="munge symlinks = unset"),
    Case(code="sanitized-symlinks", severity=NOTE, old=CHROOT,
         found="use chroot = no\nmunge symlinks = no", miss="munge symlinks = no"),
    Case(code="fake-super-as-root", severity=ERROR, found="fake super = yes",
         miss="fake super = no"),
    Case(code="fake-super", severity=NOTE, old="uid = root", found="uid = www\nfake super = yes",
         miss="uid = www\nfake super = no"),
    Case(code="root-without-chroot", old=CHROOT, found="use chroot = no\nmunge symlinks = no",
         miss="use chroot = yes\nmunge symlinks = no"),
    Case(code="no-uid", old="uid = root", found="", miss="uid = www"),
    Case(code="unknown-user", severity=ERROR, old="uid = root", found="uid = wwww",
         miss="uid = 33"),
    Case(code="unknown-user", severity=ERROR, old="gid = root", found="gid = root staff",
         miss="gid = * www"),
    Case(code="filters", found="exclude = *.tmp", miss="comment = exclude = *.tmp"),
    Case(code="disabled", severity=ERROR, old="max connections = 32", found="max connections = -1",
         miss="max connections = 0"),
    Case(code="few-connections", old="max connections = 32", found="max connections = 4",
         miss="max connections = 8"),
    Case(code="short-timeout", found="timeout = 30", miss="timeout = 60"),
    Case(code="verbosity", found="max verbosity = -1", miss="max verbosity = 0"),
    Case(code="verbosity", found="max verbosity = 4", miss="max verbosity = 2"),
    Case(code="ignores-errors", found="ignore errors = yes", miss="ignore errors = no"),
    Case(code="write-only", severity=NOTE, found="write only = yes", miss="write only = no"),
    Case(code="incoming-chmod", found="incoming chmod = F644", miss="outgoing chmod = F644"),
    Case(code="temp-dir", found="temp dir = /tmp", miss="temp dir ="),
    Case(code="exec", severity=NOTE, found="pre-xfer exec = /bin/true", miss="pre-xfer exec ="),
    Case(code="no-delay", severity=NOTE, old=ALONE, found="socket options = SO_KEEPALIVE",
         miss="socket options = SO_KEEPALIVE,TCP_NODELAY"),
]  # fmt: skip


def findings(text: str, host: MadeUpHost, *clients: str) -> list[Finding]:
    host.texts["/etc/rsyncd.conf"] = text
    endpoints = [parse_endpoint(client) for client in clients]
    modules = [endpoint for endpoint in endpoints if isinstance(endpoint, RsyncModule)]
    configuration = read_configuration("/etc/rsyncd.conf", host)
    return list(check_configuration(configuration, host, modules))


def test_a_good_file_is_good() -> None:
    assert findings(GOOD, MadeUpHost()) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.found[:30]}")
def test_a_lint_finds_what_it_is_for_and_not_what_only_looks_like_it(case: Case) -> None:
    assert case.old in GOOD
    found = [
        each
        for each in findings(GOOD.replace(case.old, case.found), case.host)
        if each.code == case.code
    ]
    other = findings(GOOD.replace(case.old, case.miss), case.missing_host or case.host)

    assert [each.severity for each in found][:1] == [case.severity]
    assert all(each.message and each.remedy and each.place.line >= 1 for each in found)
    assert case.code not in [each.code for each in other]


def test_a_finding_is_told_at_its_line() -> None:
    [found] = findings(GOOD.replace("timeout = 300", "timeout = 5"), MadeUpHost())

    assert str(found.place) == "/etc/rsyncd.conf:12"


@pytest.mark.parametrize(
    ("old", "new", "command"),
    [
        ("/srv/copy", "/srv/a b;c", "mkdir -p '/srv/a b;c'"),
        ("/run/rsyncd.pid", "/no where/rsyncd.pid", "mkdir -p '/no where'"),
    ],
)
def test_odd_paths_in_remedies_are_quoted(old: str, new: str, command: str) -> None:
    found = findings(GOOD.replace(old, new), MadeUpHost())

    assert [each.remedy for each in found] == [command]


def test_what_many_modules_inherit_is_told_once() -> None:
    text = GOOD.replace("[copy]", "timeout = 5\n[copy]").replace("timeout = 300\n", "")
    second = "[more]\npath = /srv/other\nuse chroot = yes\nuid = root\nread only = no\nlist = no\n"
    host = MadeUpHost()

    codes = [each.code for each in findings(f"{text}{second}", host)]

    assert codes.count("short-timeout") == 1


CLIENTS: list[tuple[str, list[str]]] = [
    ("pusher@10.0.0.1::copy", []),
    ("pusher@10.0.0.1::copyy", ["unknown-module"]),
    ("10.0.0.1::copy", ["unknown-client-user"]),
    ("joe@10.0.0.1::copy", ["unknown-client-user"]),
    ("rsync://pusher@10.0.0.1:8730/copy", ["other-port"]),
    ("rsyncs://pusher@10.0.0.1:8730/copy", []),
]


@pytest.mark.parametrize(("client", "codes"), CLIENTS)
def test_a_client_is_told_why_it_would_be_turned_away(client: str, codes: list[str]) -> None:
    assert [each.code for each in findings(GOOD, MadeUpHost(), client)] == codes


PASSWORD_FILES: list[tuple[str, int, list[str]]] = [
    ("123456\n", 0o600, []),
    ("123456\n# user:password\n", 0o640, []),
    ("pusher:123456\n", 0o600, ["password-file-with-user"]),
    ("123456\n", 0o644, ["password-file-readable"]),
    ("\n", 0o600, ["password-file"]),
    ("", 0o600, ["password-file"]),
]


@pytest.mark.parametrize(("text", "mode", "codes"), PASSWORD_FILES)
def test_a_clients_password_file_holds_a_password_alone(
    text: str, mode: int, codes: list[str]
) -> None:
    host = MadeUpHost(texts={"/etc/password": text})
    host.files["/etc/password"] = replace(PRIVATE, mode=mode)

    assert [each.code for each in check_password_file("/etc/password", host)] == codes


def test_no_lint_is_without_what_it_must_find_and_a_near_miss() -> None:
    code = Path(sersync.rsyncd.__file__).parent
    lints = arguments_named("code", [*code.glob("lints/*.py"), code / "check.py"])
    for_clients = {each for _, codes in CLIENTS for each in codes}
    for_clients |= {each for _, _, codes in PASSWORD_FILES for each in codes}

    # Each case has both; of clients and their files the sound one is the near miss.
    assert lints == {case.code for case in CASES} | for_clients
    assert [] in [codes for _, codes in CLIENTS]
    assert [] in [codes for _, _, codes in PASSWORD_FILES]


def test_the_worst_finding_decides() -> None:
    note, warning = (replace(findings("", MadeUpHost())[0], severity=s) for s in (NOTE, WARNING))

    assert [worst([]), worst([note]), worst([note, warning])] == [0, 0, 1]


ARTICLE = """\
#!/bin/bash
uid = root
gid = root
use chroot = no
disable = no
fake super = yes
max connections = 200
timeout = 300
pid file=/var/run/rsyncd.pid
lock file=/var/run/rsync.lock
log file = /var/log/rsyncd.log
[backup]
path = /backup
ignore errors
read only = false
list = false
hosts allow = 192.168.0.0/24
host deny = 0.0.0.0/0
auth users = rsync_backup
secrets file = /etc/rsync.password
"""
"""The rsyncd.conf that half of the internet copied."""


def test_every_mistake_of_the_article_is_found_at_its_line() -> None:
    host = MadeUpHost(
        texts={"/etc/rsync.password": "rsync_backup:123456\n"},
        files={
            "/backup": DIRECTORY,
            "/var/run": DIRECTORY,
            "/var/log": DIRECTORY,
            "/etc/rsync.password": PRIVATE,
        },
        ports={873: "xinetd (process 812)"},
    )

    found = findings(ARTICLE, host, "rsync_backup@192.168.0.10::openvpn")

    assert {(each.place.line, each.code) for each in found if each.severity > NOTE} == {
        (1, "port-taken"),
        (2, "root-without-chroot"),
        (4, "munged-symlinks"),
        (5, "unknown-parameter"),
        (6, "fake-super-as-root"),
        (12, "unknown-module"),
        (14, "value-missing"),
        (18, "unknown-parameter"),
        (20, "short-password"),
    }
