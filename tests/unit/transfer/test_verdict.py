"""The table of verdicts, with the words of real rsyncs."""

from __future__ import annotations

import dataclasses
import signal

import pytest

from sersync.model.batch import Stage, Verdict
from sersync.model.path import RelPath
from sersync.model.target import Endpoint, LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.verdict import Judgement, judge

ROOT = b"/srv/www"
MODULE = RsyncModule(host="web2", module="www", user="pusher")
SHELL = RemoteShell(host="web3", path="/srv/copy", user="deploy", port=2222)
LOCAL = LocalDirectory(path=b"/mnt/copy")
END = b"rsync error: some files/attrs were not transferred (code 23) at main.c(1394) [sender]\n"


def judged(
    code: int,
    stderr: bytes = b"",
    stdout: bytes = b"",
    *,
    endpoint: Endpoint = MODULE,
    password_file: str = "",
) -> Judgement:
    target = Target(name="copy", endpoint=endpoint, password_file=password_file)
    return judge(code, stderr, stdout, target=target, root=ROOT)


def problems(judgement: Judgement) -> dict[bytes, Stage]:
    return {problem.path: problem.stage for problem in judgement.problems}


def test_a_quiet_end_with_code_zero_is_done() -> None:
    assert judged(0) == Judgement(verdict=Verdict.DONE)


def test_items_and_statistics_on_stdout_are_no_problems() -> None:
    assert judged(0, stdout=b"Number of files: 3\n<f+++++++++ a\n").verdict is Verdict.DONE


def test_a_file_that_becomes_a_device_while_it_is_read_is_no_reason_to_halt() -> None:
    said = b"attempt to copy device contents without --copy-devices\n"

    assert judged(2, said).verdict is Verdict.RETRY


class TestNothingIsSuccessByMistake:
    @pytest.mark.parametrize("code", [-signal.SIGKILL, -signal.SIGTERM, -signal.SIGSEGV, -64])
    def test_an_rsync_that_a_signal_ended_is_unconfirmed_and_tried_again(self, code: int) -> None:
        judgement = judged(code)
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, True)
        assert judgement.reason is not None
        assert "was killed by" in judgement.reason.message

    @pytest.mark.parametrize("code", [10, 12, 20, 30, 35, 255, 137])
    def test_an_end_that_nobody_saw_is_unconfirmed(self, code: int) -> None:
        judgement = judged(code, b"rsync error: whatever\n")
        assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, True)

    @pytest.mark.parametrize("code", [*range(1, 36), 99, 126, 127, 128, 255])
    def test_no_code_but_zero_is_done(self, code: int) -> None:
        judgement = judged(code)
        assert judgement.verdict is not Verdict.DONE
        assert judgement.reason is not None
        assert judgement.reason.message

    def test_a_daemon_hides_stopped_deletions_behind_code_zero(self) -> None:
        said = b"Deletions stopped due to --max-delete limit (3 skipped)\n"
        for code in (0, 23, 25):
            judgement = judged(code, said, b"cannot delete non-empty directory: d\n")
            assert judgement.verdict is Verdict.HALT
            assert (judgement.exit_code, judgement.deletions_stopped) == (25, 3)

    def test_a_directory_that_is_not_empty_hides_behind_code_zero(self) -> None:
        judgement = judged(0, stdout=b"cannot delete non-empty directory: d/e\\#012f\n")
        assert judgement.verdict is Verdict.PARTIAL
        assert problems(judgement) == {b"d/e\nf": Stage.DELETE}
        assert judgement.is_explained

    def test_a_device_at_an_unprivileged_daemon_hides_behind_code_zero(self) -> None:
        judgement = judged(0, stdout=b'skipping non-regular file "d/dev"\n')
        assert judgement.verdict is Verdict.PARTIAL
        assert problems(judgement) == {b"d/dev": Stage.REFUSED}


class TestPartial:
    def test_names_that_the_target_keeps_to_itself_are_refused(self) -> None:
        judgement = judged(
            23,
            b'ERROR: daemon refused to receive file "x.own"\n'
            b'ERROR: daemon refused to receive directory "d/y"z.own"\n'
            b"*** Skipping any contents from this failed directory ***\n"
            b'skipping daemon-excluded file "old.own"\n' + END,
        )
        assert judgement.verdict is Verdict.PARTIAL
        assert problems(judgement) == {
            b"x.own": Stage.REFUSED,
            b'd/y"z.own': Stage.REFUSED,
            b"old.own": Stage.REFUSED,
        }
        assert judgement.is_explained

    def test_what_cannot_be_read_is_named_below_the_source(self) -> None:
        judgement = judged(
            23,
            b'rsync: [sender] send_files failed to open "/srv/www/b\\#012ad": '
            b"Permission denied (13)\n"
            b'rsync: [sender] opendir "/srv/www/locked" failed: Permission denied (13)\n'
            b'rsync: link_stat "/srv/www/old rsync" failed: Not a directory (20)\n' + END,
            b"IO error encountered -- skipping file deletion\n",
        )
        assert problems(judgement) == dict.fromkeys([b"b\nad", b"locked", b"old rsync"], Stage.READ)
        assert judgement.deletions_skipped
        assert not judgement.is_explained, "the deletions that were skipped have no names"

    def test_what_vanished_or_changed_meanwhile_is_told_as_that(self) -> None:
        judgement = judged(
            24,
            b'file has vanished: "/srv/www/f4"\n'
            b"WARNING: log/a failed verification -- update discarded (will try again).\n"
            b"rsync warning: some files vanished before they could be transferred (code 24)\n",
        )
        assert problems(judgement) == {b"f4": Stage.VANISHED, b"log/a": Stage.CHANGED}

    def test_what_the_target_cannot_delete_or_write_is_named_below_the_target(self) -> None:
        judgement = judged(
            23,
            b"rsync: [generator] delete_file: unlink(ro/gone) failed: Permission denied (13)\n"
            b'rsync: [generator] recv_generator: mkdir "ro/d" (in www) failed: '
            b"Read-only file system (30)\n"
            b'rsync: [generator] symlink "a" -> "ro/link" failed: Permission denied (13)\n' + END,
        )
        assert problems(judgement) == {
            b"ro/gone": Stage.DELETE,
            b"ro/d": Stage.WRITE,
            b"ro/link": Stage.WRITE,
        }

    @pytest.mark.parametrize(
        ("endpoint", "spelled"),
        [
            (dataclasses.replace(MODULE, path="sub/dir"), b"sub/dir/a/b"),
            (SHELL, b"/srv/copy/a/b"),
            (LOCAL, b"/mnt/copy/a/b"),
        ],
    )
    def test_every_kind_of_target_spells_its_paths_in_its_own_way(
        self, endpoint: Endpoint, spelled: bytes
    ) -> None:
        said = b'rsync: [generator] chown "%s" failed: Operation not permitted (1)\n' % spelled
        assert problems(judged(23, said + END, endpoint=endpoint)) == {b"a/b": Stage.WRITE}

    def test_a_temporary_name_explains_the_file_once_a_dry_run_has_named_it(self) -> None:
        judgement = judged(
            23,
            b'rsync: [receiver] mkstemp "ro/.new.tZkWI5" (in www) failed: '
            b"Permission denied (13)\n"
            b'rsync: [receiver] mkstemp "ro/.hid.heevOK" (in www) failed: '
            b"Permission denied (13)\n" + END,
        )
        assert judgement.problems == ()
        assert not judgement.is_explained
        for path in (b"ro/new", b"ro/.hid"):
            problem = judgement.explanation(RelPath(path))
            assert problem is not None
            assert problem.path == path
            assert problem.message == "the target cannot write it: Permission denied"
        assert judgement.explanation(RelPath(b"ro/other")) is None
        assert judgement.reason is not None
        assert "Permission denied, and 1 more" in judgement.reason.message

    def test_words_that_we_do_not_know_leave_it_to_the_dry_run(self) -> None:
        judgement = judged(
            23, b'file has vanished: "/srv/www/a"\nrsync: something quite new happened\n' + END
        )
        assert not judgement.is_explained
        assert not judged(23).is_explained

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (b"No space left on device (28)", "is full"),
            (b"Disk quota exceeded (122)", "quota"),
            (b"Read-only file system (30)", "read only"),
        ],
    )
    def test_a_target_that_cannot_write_is_explained(self, words: bytes, told: str) -> None:
        said = b'rsync: [receiver] mkstemp ".i4.bOdCcz" (in www) failed: ' + words + b"\n"
        partial = judged(23, said + END)
        aborted = judged(11, said)
        assert (partial.verdict, aborted.verdict) == (Verdict.PARTIAL, Verdict.RETRY)
        assert not aborted.unconfirmed
        for judgement in (partial, aborted):
            assert judgement.reason is not None
            assert told in judgement.reason.message
            assert judgement.reason.remedy
            assert judgement.reason.command.startswith("ssh web2 ")


HALTS = [
    (5, b"@ERROR: Unknown module 'wwww'\n", "no module 'wwww'", "hosts allow"),
    (5, b"Password: @ERROR: auth failed on module www\n", "refused the user", "0600"),
    (5, b"@ERROR: access denied to www from h (10.0.0.1)\n", "does not let this host", "allow"),
    (5, b"@ERROR: something new\n", "something new", "log"),
    (1, b"ERROR: module is read only\n", "read only", "read only = no"),
    (4, b"rsync: The server is configured to refuse --delete\n", "refuses --delete", "refuse opt"),
    (1, b"ERROR: password file must not be other-accessible\n", "/etc/pw", "rights"),
    (1, b"ERROR: password file must be owned by root when running as root\n", "/etc/pw", "root"),
    (
        1,
        b"rsync: [sender] could not open password file /etc/pw: No such file or directory (2)\n",
        "/etc/pw cannot be opened: No such file",
        "path",
    ),
    (1, b"rsync: --nosuch: unknown option\n", "does not know the option --nosuch", "options"),
    (4, b"rsync: the server does not support ACLs\n", "does not support ACLs", "settings"),
]


@pytest.mark.parametrize(("code", "said", "told", "remedy"), HALTS)
def test_what_a_person_must_set_right_halts(code: int, said: bytes, told: str, remedy: str) -> None:
    judgement = judged(code, said + b"rsync error: it (code 1)\n", password_file="/etc/pw")
    assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
    assert judgement.reason is not None
    assert told in judgement.reason.message
    assert remedy in judgement.reason.remedy


SHELL_HALTS = [
    (255, b"Host key verification failed.\n", "host key"),
    (
        255,
        b"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
        "is not the",
    ),
    (255, b"deploy@web3: Permission denied (publickey,password).\n", "does not accept the ssh key"),
    (12, b"bash: line 1: rsync: command not found\n", "no rsync on web3"),
    (127, b"sh: 1: rsync: not found\n", "no rsync on web3"),
    (12, b"bash: line 1: /opt/rsync: No such file or directory\n", "no rsync on web3"),
    (2, b"protocol version mismatch -- is your shell clean?\n", "prints text"),
    (12, b"rsync: [sender] Failed to exec /x/ssh: No such file or directory (2)\n", "/x/ssh"),
]


@pytest.mark.parametrize(("code", "said", "told"), SHELL_HALTS)
def test_what_a_person_must_set_right_about_ssh_halts(code: int, said: bytes, told: str) -> None:
    said += b"rsync: connection unexpectedly closed (0 bytes received so far) [sender]\n"
    judgement = judged(code, said, endpoint=SHELL)
    assert (judgement.verdict, judgement.unconfirmed) == (Verdict.HALT, False)
    assert judgement.reason is not None
    assert told in judgement.reason.message


RETRIES = [
    (10, b"rsync: [sender] failed to connect to web2 (10.0.0.2): Connection refused (111)\n"),
    (10, b"rsync: getaddrinfo: web2 873: Name or service not known\n"),
    (35, b"rsync: [sender] timeout waiting for daemon connection\n"),
    (5, b"@ERROR: max connections (4) reached -- try again later\n"),
    (5, b"@ERROR: chdir failed\n"),
    (5, b"rsync: [sender] did not see server greeting\n"),
    (5, b'rsync: server sent "HTTP/1.1 400 Bad Request" rather than greeting\n'),
    (5, b"rsync: [sender] didn't get server startup line\n"),
    (4, b"pre-xfer exec returned failure (256)\n"),
    (2, b"ERROR: invalid file mode 00 for a [Receiver]\n"),
    (255, b"ssh: connect to host web3 port 22: Connection refused\n"),
    (255, b"ssh: Could not resolve hostname web3: Name or service not known\n"),
    (255, b"kex_exchange_identification: Connection closed by remote host\n"),
    (11, b'rsync: [Receiver] mkdir "no/such" (in www) failed: No such file or directory (2)\n'),
    (3, b'rsync: [sender] change_dir "/srv/www" failed: No such file or directory (2)\n'),
    (12, b"rsync: connection unexpectedly closed (0 bytes received so far) [sender]\n"),
]


@pytest.mark.parametrize(("code", "said"), RETRIES)
def test_what_may_pass_by_itself_is_tried_again_and_nothing_was_carried(
    code: int, said: bytes
) -> None:
    judgement = judged(code, said)
    assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, False)
    assert judgement.reason is not None
    assert judgement.reason.message


def test_a_source_that_changes_while_it_is_listed_halts_nothing() -> None:
    judgement = judged(
        2,
        b"ABORTING due to invalid path from sender: b/c\n"
        b"rsync error: protocol incompatibility (code 2) at generator.c(1715) [generator=3.5.0]\n"
        b"rsync: [sender] read error: Connection reset by peer (104)\n",
    )

    assert judgement.verdict is Verdict.RETRY
    assert not judgement.missing_args_rejected


def test_a_connection_lost_midway_is_unconfirmed() -> None:
    said = b"rsync: connection unexpectedly closed (5012 bytes received so far) [sender]\n"
    assert judged(12, said).unconfirmed
    assert judged(10, b"rsync: [sender] read error: Connection reset by peer (104)\n").unconfirmed


@pytest.mark.parametrize(
    "said",
    [
        b"Invalid checksum length 1860894720 [sender]\n",
        b"Invalid block length 3735928559 [sender]\n",
        b"unexpected tag 93 [sender]\n",
        b"overflow: xflags=0x9d l1=141 l2=1684957527 lastname=x [Receiver]\n",
    ],
)
def test_bytes_that_make_no_sense_are_a_connection_lost_midway(said: bytes) -> None:
    judgement = judged(2, said)

    assert (judgement.verdict, judgement.unconfirmed) == (Verdict.RETRY, True)
    assert judgement.reason is not None
    assert judgement.reason.message.startswith("the two rsyncs did not understand each other: ")


def test_the_flags_tell_the_transport_what_to_do_differently() -> None:
    assert judged(5, b"@ERROR: max connections (4) reached\n").too_many_connections
    assert judged(2, b"ERROR: invalid file mode 00 for a [Receiver]\n").missing_args_rejected
    reset = b"rsync: [sender] read error: Connection reset by peer (104)\n"
    assert judged(10, reset).connection_reset
    old = b"rsync: --delete-missing-args: unknown option\nrsync error: usage [server=3.0.9]\n"
    assert judged(12, old, endpoint=SHELL).connection_reset
    refused = b"rsync: failed to connect to web2 (10.0.0.2): Connection refused (111)\n"
    assert not judged(10, refused).connection_reset
    assert not judged(4, b"The server is configured to refuse --delete\n" + reset).connection_reset


def test_a_command_to_paste_is_quoted_for_the_shell() -> None:
    judgement = judged(
        5, b"@ERROR: auth failed on module www\n", password_file="/etc/my secrets/pw"
    )
    assert judgement.reason is not None
    assert judgement.reason.command == (
        "rsync --password-file='/etc/my secrets/pw' rsync://pusher@web2/www/"
    )
    changed = judged(255, b"REMOTE HOST IDENTIFICATION HAS CHANGED\n", endpoint=SHELL)
    assert changed.reason is not None
    assert changed.reason.command == "ssh-keygen -R '[web3]:2222'"


def test_odd_bytes_in_messages_are_shown_harmlessly() -> None:
    judgement = judged(4, b"\x1b]0;title\x07 \xff {0} {target}\n")
    assert judgement.reason is not None
    assert "\x1b" not in judgement.reason.message
    hostile = judged(5, b"@ERROR: {0} \x1b {evil}\n")
    assert hostile.reason is not None
    assert "{0} \\x1b {evil}" in hostile.reason.message
