"""Command lines of runs, as rsync gets them."""

from __future__ import annotations

from typing import Any

import pytest

from sersync.model.capabilities import Capabilities
from sersync.model.filters import Filter, parse_rule
from sersync.model.options import RsyncOptions
from sersync.model.target import Endpoint, LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.command import (
    Kind,
    Recipe,
    command,
    command_with_names,
    destination,
    name_list,
    pasteable,
)

MODULE = RsyncModule(host="web1", module="www", user="pusher")
LOCAL = LocalDirectory(path=b"/mnt/copy")


def words(
    kind: Kind = Kind.ENTRIES,
    *,
    endpoint: Endpoint = LOCAL,
    capabilities: Capabilities | None = None,
    max_delete: int | None = None,
    bandwidth_kib_s: int = 0,
    **settings: Any,
) -> list[bytes]:
    recipe = Recipe(
        kind=kind,
        capabilities=capabilities or Capabilities(),
        max_delete=max_delete,
        bandwidth_kib_s=bandwidth_kib_s,
    )
    target = Target(name="copy", endpoint=endpoint, **settings)
    return command(target, recipe, b"/srv/www", rsh="ssh -p 22")


@pytest.mark.parametrize(
    ("endpoint", "spelled"),
    [
        (MODULE, b"pusher@web1::www/"),
        (RsyncModule(host="::1", module="www", path="a b/c"), b"[::1]::www/a b/c/"),
        (RemoteShell(host="web1", path="/srv/copy/", user="me"), b"me@web1:/srv/copy/"),
        (LOCAL, b"/mnt/copy/"),
        (LocalDirectory(path=b"/"), b"/"),
    ],
)
def test_every_kind_of_endpoint_is_spelled_as_rsync_wants_it(
    endpoint: Endpoint, spelled: bytes
) -> None:
    assert destination(endpoint) == spelled


def test_times_are_compared_to_the_nanosecond() -> None:
    assert b"--modify-window=-1" in words()


def test_an_old_target_is_not_asked_for_nanoseconds() -> None:
    given = words(capabilities=Capabilities(nanoseconds=False))

    assert not any(word.startswith(b"--modify-window") for word in given)


def test_a_coarse_file_system_gets_a_window_that_fits() -> None:
    given = words(capabilities=Capabilities(mtime_granularity_ns=2_000_000_000))

    assert b"--modify-window=2" in given


def test_who_chooses_how_to_compare_gets_no_window_of_ours() -> None:
    given = words(options=RsyncOptions(passed=("-a", "-c"), own_compare=True))

    assert not any(word.startswith(b"--modify-window") for word in given)


def test_no_run_is_recursive_and_none_changes_in_place() -> None:
    for kind in Kind:
        given = words(kind)
        assert given.index(b"--no-recursive") > given.index(b"--archive")
        assert b"--inplace" not in given


def test_rewrites_are_sent_whatever_size_and_time_say() -> None:
    assert b"--ignore-times" in words(Kind.REWRITES)
    assert b"--ignore-times" not in words(Kind.ENTRIES)


def test_only_what_lists_levels_leaves_large_files_out() -> None:
    limit = b"--max-size=1000"

    assert limit in words(Kind.ENTRIES, large_file_bytes=1000)
    assert limit not in words(Kind.LARGE, large_file_bytes=1000)
    assert limit not in words(Kind.REWRITES, large_file_bytes=1000)


def test_a_size_limit_of_the_user_stands_alone() -> None:
    options = RsyncOptions(passed=("-a", "--max-size=5"), max_size=True)

    assert not any(word.startswith(b"--max-size=8") for word in words(options=options))


def test_what_deletes_carries_its_limit() -> None:
    given = words(max_delete=77)

    assert {b"--force", b"--delete", b"--delete-missing-args", b"--max-delete=77"} <= set(given)


def test_a_target_that_cannot_delete_by_name_ignores_what_is_gone() -> None:
    given = words(capabilities=Capabilities(missing_args=False))

    assert b"--ignore-missing-args" in given
    assert b"--delete-missing-args" not in given
    assert b"--delete" in given


def test_without_deletion_nothing_is_given_that_could_delete() -> None:
    given = words(delete=False, max_delete=77)

    assert not {b"--force", b"--delete", b"--delete-missing-args"} & set(given)
    assert b"--ignore-missing-args" in given


def test_filters_are_part_of_every_run() -> None:
    filters = Filter([parse_rule(b"- *.tmp")])

    assert all(any(b"*.tmp" in word for word in words(kind, filters=filters)) for kind in Kind)


def test_connections_to_a_daemon_do_not_wait_for_full_packets() -> None:
    given = words(endpoint=MODULE, password_file="/etc/secret", timeout_s=7, connect_timeout_s=3)

    expected = {b"--sockopts=TCP_NODELAY", b"--contimeout=3", b"--timeout=7"}
    assert expected <= set(given)
    assert b"--password-file=/etc/secret" in given


def test_a_remote_shell_gets_no_options_that_are_for_daemons() -> None:
    given = words(endpoint=RemoteShell(host="web1", path="/srv/copy"))

    assert b"--rsh=ssh -p 22" in given
    assert not any(word.startswith((b"--contimeout", b"--sockopts")) for word in given)
    assert b"--protect-args" not in given


def test_a_path_that_a_shell_would_read_is_protected_from_it() -> None:
    assert b"--protect-args" in words(endpoint=RemoteShell(host="web1", path="/srv/a b$c"))


def test_no_password_is_ever_part_of_a_command() -> None:
    assert not any(b"secret" in word for word in words(endpoint=MODULE, password="secret"))


def test_names_as_arguments_cannot_be_taken_for_options_or_hosts() -> None:
    recipe = Recipe(kind=Kind.ENTRIES, capabilities=Capabilities(), max_delete=None)
    target = Target(name="copy", endpoint=LOCAL)
    given = command_with_names(target, recipe, [b"./-n", b"/host:a/b", b"./d/"])

    assert given[given.index(b"--") + 1 :] == [b"./-n", b"./host:a/b", b"./d/", b"/mnt/copy/"]
    assert b"--relative" in given


def test_a_list_of_names_holds_any_byte_but_nul() -> None:
    assert name_list([b"./a\nb", b"/#c"]) == b"./a\nb\0/#c\0"


def test_a_command_to_paste_shows_the_first_names_quoted() -> None:
    shown = pasteable([b"rsync", b"--files-from=-", b"a b"], [b"./x y", b"./2", b"./3", b"./4"])

    assert (
        shown == "printf '%s\\0' './x y' ./2 ./3 | rsync --files-from=- 'a b'  # and 1 more names"
    )


def test_over_tls_rsync_is_given_a_helper_in_place_of_socket_options() -> None:
    secured = RsyncModule(host="web1", module="www", user="pusher", port=874, tls=True)

    given = words(endpoint=secured, password_file="/etc/password")

    assert b"--rsh=ssh -p 22" in given
    assert b"--password-file=/etc/password" in given
    assert given[-1] == b"pusher@web1::www/"
    # rsync ends with 1 when it gets these and does not connect by itself.
    assert not any(word.startswith((b"--contimeout", b"--sockopts", b"--port")) for word in given)


def test_what_was_left_under_an_old_name_looks_extraneous_and_nothing_else_is_looked_at() -> None:
    target = Target(name="t", endpoint=LOCAL, baseline=True, filters=Filter([parse_rule(b"+ x")]))
    recipe = Recipe(kind=Kind.LEFT, capabilities=Capabilities(), max_delete=None, left=b"/deep/app")
    argv = command(target, recipe, b"/srv")

    first = argv.index(b"--filter=R /deep/app")
    assert argv[first + 1] == b"--filter=- /deep/*"
    assert all(not word.startswith(b"--filter") for word in argv[:first])
    assert b"--delete" in argv
