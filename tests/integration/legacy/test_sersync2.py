"""The command line of sersync 2.5, with real processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.integration.legacy.conftest import Legacy, is_running
from tests.support.cli import standing_still
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until


def test_d_returns_when_changes_are_carried_and_leaves_a_daemon(legacy: Legacy) -> None:
    (legacy.source / "old").write_text("old")

    done = legacy.run("-d", "-r", "-o", str(legacy.config))

    assert done.returncode == 0, done.stderr
    [pid] = legacy.pids()
    (legacy.source / "new").write_text("new")
    wait_until(lambda: (legacy.copy / "new").exists() and (legacy.copy / "old").exists())
    assert os.getsid(pid) == pid
    legacy.end(pid)
    assert legacy.pids() == []


def test_the_summary_holds_the_facts_and_never_the_password(legacy: Legacy, rsyncd: Rsyncd) -> None:
    done = legacy.run("-d", "-r", "-n", "10", "-o", str(legacy.config))

    said = done.stdout
    locked = rsyncd.locked
    for fact in (
        f"watch path is: {legacy.source}",
        "host: 127.0.0.1",
        f"port: {rsyncd.port}",
        "module: locked",
        f"user: {locked.user}",
        f"password file: {locked.password_file}",
        "at most 10",
        "full pass: rsync",
        str(legacy.config),
    ):
        assert fact in said
    assert locked.password not in said + done.stderr + legacy.log()


def test_the_summary_tells_the_filter_and_prints_no_command_that_disregards_it(
    legacy: Legacy,
) -> None:
    filters = (
        '<filter start="true"><exclude expression="(.*)\\.svn"/>'
        '<exclude expression="^static/[a-f]{3}x*"/></filter>\n<sersync>'
    )
    file = legacy.write("filtered.xml", **{"<sersync>": filters})
    full = legacy.run("-d", "-r", "-o", str(file))
    for pid in legacy.pids():
        legacy.end(pid)

    later = legacy.run("-d", "-o", str(file))

    assert full.returncode == later.returncode == 0, (full.stderr, later.stderr)
    for said in (full.stdout, later.stdout):
        assert "filter: exclude regex (.*)\\.svn\n" in said
        assert "filter: exclude regex ^static/[a-f]{3}x* (beyond" in said
    assert "full pass: rsync --dry-run " in full.stdout
    assert "by regex: ^static/[a-f]{3}x*\n" in full.stdout
    assert "full pass" not in later.stdout
    assert "    rsync options: --archive --times --update --compress\n" in later.stdout


def test_the_configuration_is_confxml_xml_of_the_working_directory(legacy: Legacy) -> None:
    pid = legacy.start()

    assert is_running(pid)


def test_remedies_name_what_a_confxml_xml_has(legacy: Legacy) -> None:
    for number in range(20):
        (legacy.source / f"{number}").write_text("x")
    limited = {'"-artuz"': '"-artuz --max-delete=5"'}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = f'port="{other.getsockname()[1]}"/>\n<sersync>'
        text = legacy.write("limited.xml", **limited).read_text()
        (legacy.home / "limited.xml").write_text(re.sub(r'port="\d+"/>\n<sersync>', port, text))
        pid = legacy.start("-r", "-o", str(legacy.home / "limited.xml"))
    wait_until(lambda: "everything is compared" in legacy.log(), 30)

    # All at once: if one were left when the limit is reached, it would be told in other words.
    with standing_still(pid):
        for number in range(20):
            (legacy.source / f"{number}").unlink()

    wait_until(lambda: "entries are to be deleted" in legacy.log(), 30)
    log = legacy.log()
    [taken] = [line for line in log.splitlines() if "is taken by" in line]
    assert "WARNING" in taken
    assert "Choose another port (port of <host>)" in taken
    [halt] = [line for line in log.splitlines() if "entries are to be deleted" in line]
    assert "to the params of <commonParams>" in halt
    assert "set max_delete" not in halt


def test_without_r_only_later_changes_are_carried(legacy: Legacy) -> None:
    (legacy.source / "old").write_text("old")
    (legacy.copy / "extraneous").write_text("extraneous")
    legacy.start()

    (legacy.source / "new").write_text("new")

    wait_until((legacy.copy / "new").exists)
    assert not (legacy.copy / "old").exists()
    assert (legacy.copy / "extraneous").exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_without_r_a_second_start_carries_what_changed_while_it_was_down(
    legacy: Legacy, end: int
) -> None:
    (legacy.source / "quiet").mkdir()
    (legacy.source / "quiet" / "before").write_text("before the first start")
    for root in (legacy.source, legacy.copy):
        (root / "goes").write_text("old")
    (legacy.copy / "only-there").write_text("extraneous")
    first = legacy.start("-o", str(legacy.config))
    (legacy.source / "after").write_text("after the first start")
    wait_until((legacy.copy / "after").exists)
    # A directory that changed just now is not vouched for yet.
    wait_until(lambda: _rows(legacy) >= 2, 30)
    legacy.end(first, end)
    (legacy.source / "changed").write_text("while it was down")
    (legacy.source / "goes").unlink()

    legacy.start("-o", str(legacy.config))

    wait_until((legacy.copy / "changed").exists)
    wait_until(lambda: not (legacy.copy / "goes").exists())
    assert (legacy.copy / "only-there").exists()
    assert not (legacy.copy / "quiet" / "before").exists()


def _rows(legacy: Legacy) -> int:
    """Return of how many directories the state file knows what they held."""
    [file] = (legacy.home / "state").rglob("*.sqlite")
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as state:
        return int(state.execute("SELECT count(*) FROM manifest").fetchone()[0])


def test_r_deletes_what_is_extraneous(legacy: Legacy) -> None:
    (legacy.copy / "extraneous").write_text("extraneous")

    legacy.start("-r")

    wait_until(lambda: not (legacy.copy / "extraneous").exists())


def test_r_compares_everything_at_each_start(legacy: Legacy) -> None:
    (legacy.source / "quiet").mkdir()
    (legacy.source / "quiet" / "file").write_text("x")
    first = legacy.start("-r", "-o", str(legacy.config))
    wait_until((legacy.copy / "quiet" / "file").exists)
    wait_until(lambda: _rows(legacy) >= 2, 30)
    legacy.end(first)
    (legacy.copy / "quiet" / "file").unlink()
    (legacy.copy / "extraneous").write_text("somebody wrote into the copy")

    legacy.start("-r", "-o", str(legacy.config))

    wait_until((legacy.copy / "quiet" / "file").exists)
    wait_until(lambda: not (legacy.copy / "extraneous").exists())


def test_flags_may_stand_together(legacy: Legacy) -> None:
    done = legacy.run("-dro", str(legacy.config))

    assert done.returncode == 0, done.stderr
    assert "-r    compare everything" in done.stdout


def test_a_second_instance_of_the_same_file_is_refused_and_of_another_is_not(
    legacy: Legacy,
) -> None:
    legacy.start()
    other = legacy.write("other.xml")

    again = legacy.run("-d")
    side_by_side = legacy.run("-d", "-o", str(other))

    assert again.returncode == 75
    assert "another sersync" in again.stderr
    assert f"kill {legacy.pids()[0]}" in again.stderr
    assert side_by_side.returncode == 0, side_by_side.stderr
    assert len(legacy.pids()) == 2


def test_the_process_is_called_sersync2_by_everybody_who_asks(legacy: Legacy) -> None:
    pid = legacy.start()

    assert Path(f"/proc/{pid}/comm").read_text() == "sersync2\n"
    assert Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sersync2\0-d\0")
    for command in (["pgrep", "-x", "sersync2"], ["pidof", "sersync2"]):
        if shutil.which(command[0]):
            found = subprocess.run(command, capture_output=True, text=True).stdout.split()
            assert str(pid) in found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_kill_stops_it_and_its_files_go(legacy: Legacy, number: int) -> None:
    pid = legacy.start()

    legacy.end(pid, number)

    assert legacy.pids() == []
    assert "stopping" in legacy.log()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-x"], "option -x not recognized"),
        (["-n", "many"], "not a number of workers"),
        (["-m", "nothing"], "no such plugin"),
        (["confxml.xml"], "nothing is expected here"),
        (["-o"], "option -o requires argument"),
    ],
)
def test_a_wrong_command_line_is_told_with_exit_64(
    legacy: Legacy, words: list[str], said: str
) -> None:
    done = legacy.run(*words)

    assert done.returncode == 64
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_parent_whose_child_cannot_begin_ends_with_its_code_and_message(
    legacy: Legacy,
) -> None:
    broken = legacy.write("broken.xml", **{"<localpath watch": "<localpathwatch"})
    nowhere = legacy.write("nowhere.xml", **{str(legacy.source): "/nonexistent"})

    misspelled = legacy.run("-d", "-o", str(broken))
    missing = legacy.run("-d", "-o", str(nowhere))
    absent = legacy.run("-d", "-o", "absent.xml")

    assert [misspelled.returncode, missing.returncode, absent.returncode] == [78, 66, 78]
    assert "write <localpath watch=" in misspelled.stderr
    assert "/nonexistent does not exist" in missing.stderr
    assert "sersync2 -o FILE" in absent.stderr
    assert legacy.pids() == []


def test_with_a_notify_socket_it_stays_in_the_foreground(legacy: Legacy) -> None:
    child = subprocess.Popen(
        [legacy.program, "-d", "-o", legacy.config],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=legacy.environ | {"NOTIFY_SOCKET": str(legacy.home / "nobody")},
    )
    try:
        (legacy.source / "x").write_text("x")
        wait_until(lambda: self_writes(legacy), 60)
        assert child.poll() is None
    finally:
        child.terminate()
        assert child.wait(30) == 0


def self_writes(legacy: Legacy) -> bool:
    """Change something until it arrives: the start takes its time."""
    (legacy.source / "x").write_text(os.urandom(4).hex())
    return (legacy.copy / "x").exists()


def test_an_old_sersync2_on_the_same_tree_is_found_and_refused(legacy: Legacy) -> None:
    old = legacy.home / "old" / "sersync2"
    old.parent.mkdir()
    shutil.copy(shutil.which("bash") or "/bin/bash", old)
    script = "sleep 60 & trap 'kill $!' TERM EXIT; wait"
    elsewhere = legacy.write("elsewhere.xml", **{str(legacy.source): str(legacy.copy)})
    rival = subprocess.Popen(
        [old, "-c", script, "-o", legacy.config], stdin=subprocess.DEVNULL, cwd=legacy.home
    )
    try:
        wait_until(lambda: Path(f"/proc/{rival.pid}/comm").read_text() == "sersync2\n")
        same = legacy.run("-d", "-o", str(legacy.config))
        other = legacy.run("-d", "-o", str(elsewhere))
    finally:
        rival.terminate()
        rival.wait()

    assert same.returncode == 75
    assert f"the old sersync2 (process {rival.pid}) works on {legacy.source}" in same.stderr
    assert f"kill {rival.pid}" in same.stderr
    assert other.returncode == 0, other.stderr


def test_help_needs_nothing_heavy(legacy: Legacy) -> None:
    done = legacy.run("-h", PYTHONVERBOSE="")

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: sersync2 [-h] [-d] [-r] [-o FILE] [-n N] [-m PLUGIN]")
    loaded = subprocess.run(
        ["sh", "-c", f"head -1 {legacy.program} | cut -c3-"], capture_output=True, text=True
    ).stdout.strip()
    modules = subprocess.run(
        [loaded, "-c", "import sys, sersync.cli.legacy; print(*sys.modules)"],
        capture_output=True,
        text=True,
        env=legacy.environ,
    ).stdout.split()
    assert not {"pydantic", "rich", "typer", "defusedxml"} & set(modules)


def _page(legacy: Legacy, config: Path) -> int:
    """Return with which code the page of *config* answers; 0: nobody does."""
    [port] = re.findall(r'<host hostip="[^"]*" port="(\d+)"', config.read_text())
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    try:
        connection.request("GET", "/v1/status")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_the_host_of_the_file_is_where_the_page_listens(legacy: Legacy) -> None:
    done = legacy.run("-d", "-o", str(legacy.config))

    assert "page: http://127.0.0.1:" in done.stdout
    wait_until(lambda: _page(legacy, legacy.config) == 200)


def test_a_port_that_is_taken_is_told_and_everything_else_works(legacy: Legacy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = legacy.home / "taken.xml"
        port = other.getsockname()[1]
        text = re.sub(r'port="\d+"/>', f'port="{port}"/>', legacy.config.read_text(), count=1)
        taken.write_text(text)
        legacy.start("-r", "-o", str(taken))

        wait_until((legacy.copy / "kept").exists)
        wait_until(lambda: f"127.0.0.1:{port} is taken" in legacy.log())


def test_an_address_that_others_can_reach_is_told_and_there_is_no_page(legacy: Legacy) -> None:
    everywhere = legacy.write("everywhere.xml", **{'hostip="localhost"': 'hostip="0.0.0.0"'})
    done = legacy.run("-d", "-r", "-o", str(everywhere))

    assert done.returncode == 0
    assert "no status page" in done.stderr
    assert "page: http" not in done.stdout
    wait_until((legacy.copy / "kept").exists)
    assert _page(legacy, everywhere) == 0
