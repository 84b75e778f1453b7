from __future__ import annotations

import os

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sersync.model.endpoint import parse_endpoint
from sersync.model.target import Endpoint, LocalDirectory, RemoteShell, RsyncModule


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("host::backup", RsyncModule(host="host", module="backup")),
        ("me@host::backup", RsyncModule(host="host", module="backup", user="me")),
        ("host::backup/a/b", RsyncModule(host="host", module="backup", path="a/b")),
        ("host::backup//a/./b/", RsyncModule(host="host", module="backup", path="a/b")),
        ("host::with space", RsyncModule(host="host", module="with space")),
        ("10.0.0.1::b", RsyncModule(host="10.0.0.1", module="b")),
        ("rsync://host/backup", RsyncModule(host="host", module="backup")),
        ("RSYNC://host/backup/", RsyncModule(host="host", module="backup")),
        (
            "rsync://me@host:8730/backup/a",
            RsyncModule(host="host", module="backup", path="a", user="me", port=8730),
        ),
        ("rsyncs://host/backup", RsyncModule(host="host", module="backup", port=874, tls=True)),
        (
            "rsyncs://me@[::1]:8740/b/c",
            RsyncModule(host="::1", module="b", path="c", user="me", port=8740, tls=True),
        ),
        ("rsync://[::1]:8730/b", RsyncModule(host="::1", module="b", port=8730)),
        ("[::1]::b", RsyncModule(host="::1", module="b")),
        ("me@[fe80::1%eth0]::b", RsyncModule(host="fe80::1%eth0", module="b", user="me")),
        ("host:/srv/backup", RemoteShell(host="host", path="/srv/backup")),
        ("me@host:/srv", RemoteShell(host="host", path="/srv", user="me")),
        (
            "me@corp.example@host:/srv",
            RemoteShell(host="host", path="/srv", user="me@corp.example"),
        ),
        ("me@[::1]:/srv", RemoteShell(host="::1", path="/srv", user="me")),
        ("host:relative/to/home", RemoteShell(host="host", path="relative/to/home")),
        ("host:~/backup", RemoteShell(host="host", path="backup")),
        ("host:~", RemoteShell(host="host", path=".")),
        ("host:/with:colon", RemoteShell(host="host", path="/with:colon")),
        ("/srv/backup", LocalDirectory(path=b"/srv/backup")),
        ("/srv/backup/", LocalDirectory(path=b"/srv/backup")),
        ("/", LocalDirectory(path=b"/")),
        ("/odd:name/a::b@c ", LocalDirectory(path=b"/odd:name/a::b@c ")),
        ("/\udcff", LocalDirectory(path=b"/\xff")),
    ],
)
def test_target_is_read_as_rsync_reads_it(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the target is empty"),
        ("backup", "a local directory is written with its full path"),
        ("host/module", "written host::module or host:/path"),
        ("./backup", "a local directory is written with its full path"),
        ("~/backup", "`~` is not replaced here"),
        ("host:~bob/x", "write its path in full"),
        ("host:", "write host:/path for a directory reached by ssh, or host::module"),
        ("host::", "the name of the daemon's module is missing"),
        ("host:: /", "there is a space around the module's name"),
        ("host::m/a /", "or after the path"),
        ("host::/a", "the name of the daemon's module is missing"),
        ("rsync://host", "the name of the daemon's module is missing"),
        ("host::m/../x", "does not lead out of its module"),
        ("rsync://host:0/m", "ports are 1 to 65535"),
        ("rsync://host:65536/m", "ports are 1 to 65535"),
        ("rsync://host:/m", "ports are 1 to 65535"),
        ("rsync://host:" + "9" * 5000 + "/m", "ports are 1 to 65535"),
        ("rsync://", "there is no host"),
        ("rsync://a[b/m", "write rsync://"),
        ("host:8730::m", "write rsync://host:8730/m"),
        ("ssh://host/path", "`ssh://` is not a way to reach rsync"),
        ("me@host", "write me@host::module"),
        ("@host::m", "no user stands before the `@`"),
        ("a b@host::m", "`a b` is not a user name"),
        ("ho st::m", "`ho st` is not a host name"),
        ("-oProxyCommand=x:/p", "is not a host name"),
        ("host:-x", "would be taken for an option"),
        (":/path", "there is no host"),
        ("::m", "there is no host"),
        ("2001:db8::1::m", "[2001:db8::1]::m"),
        ("me@fe80::1:/srv", "me@[fe80::1]:/srv"),
        ("[host]::m", "brackets are for IPv6 addresses"),
        ("[::1]", "write [address]::module"),
        (" host::m", "write `host::m`"),
        ("host::m\n", "control character"),
        ("/a\0b", "zero byte"),
    ],
)
def test_target_spelled_wrongly_is_answered_with_what_was_meant(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is what counts
        parse_endpoint(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "me:secret@host::m",
        "rsync://me:secret@host/m",
        "RSYNC://me:secret@host/m",
        "rsync://:secret@host/m",
        "rsync://me:a/secret@host/m",
    ],
)
def test_password_in_a_target_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="password file") as caught:
        parse_endpoint(text)
    assert "secret" not in str(caught.value)


FORMS_WITH_A_PASSWORD = (
    "me:{}@host::m",
    "me:{}@host:/p",
    "me:{}@[::1]::m",
    "me@:{}@host::m",
    "rsync://me:{}@host/m",
    "RSYNC://me:{}@host/m",
    "Rsyncs://me:{}@[::1]:8730/m/p",
    "rsync://:{}@host/m",
    "rsync://me:{}@host",
    "rsync://me:a/{}@host/m",
    "rsync:/me:{}@host/m",
    "ssh://me:{}@host/p",
    "sftp://:{}@host/p",
    "me:{}@",
)


@given(st.sampled_from(FORMS_WITH_A_PASSWORD), st.text(max_size=12), st.text(max_size=12))
@example("rsync://me:{}@host/m", "a/b@c:d", "\0")
@example("ssh://me:{}@host/p", "\n::@ ", "[::1]")
def test_no_refusal_of_a_target_depends_on_the_password_in_it(
    form: str, password: str, other: str
) -> None:
    assume(not password.startswith("//") and not other.startswith("//"))  # begins a host's name
    said = {_refusal(form.format(each)) for each in (password, other)} - {None}
    assert len(said) <= 1


def _refusal(text: str) -> str | None:
    try:
        parse_endpoint(text)
    except ValueError as error:
        return str(error)
    return None


word = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True)
hosts = word | st.ip_addresses(v=6).map(str)
users = st.just("") | word
paths = st.lists(st.from_regex(r"[^/\x00-\x20\x7f]{1,6}", fullmatch=True), max_size=3).map("/".join)
endpoints = (
    st.builds(
        RsyncModule,
        host=hosts,
        module=word,
        path=paths.filter(lambda path: not {".", ".."} & set(path.split("/"))),
        user=users,
        port=st.integers(1, 65535),
    )
    | st.builds(RemoteShell, host=hosts, path=paths.map(lambda p: "/" + p), user=users)
    | st.builds(
        LocalDirectory,
        path=st.binary(min_size=1, max_size=20).map(
            lambda b: b"/" + b.replace(b"\0", b"_").strip(b"/")
        ),
    )
)


@given(endpoints)
def test_endpoint_as_shown_spells_itself(endpoint: Endpoint) -> None:
    assert parse_endpoint(str(endpoint)) == endpoint


@given(st.text(max_size=30) | st.text(alphabet="ab1:@/[]~. -%", max_size=20))
def test_any_text_is_an_endpoint_that_spells_itself_or_an_error(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except ValueError:
        return
    assert parse_endpoint(str(endpoint)) == endpoint
    assert os.fsencode(str(endpoint))
