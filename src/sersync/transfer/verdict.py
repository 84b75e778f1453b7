"""From the way an rsync ended to what is to be done: the table of verdicts. Pure.

Exit codes are those of rsync(1), section EXIT VALUES; what they hide is read from the texts.
That a code is 0 does not say that all went well: a daemon whose ``--max-delete`` stopped
deletions, and a directory that could not be emptied, end with 0.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, replace
from typing import Final

from sersync.model.batch import Problem, Reason, Stage, Verdict
from sersync.model.path import RelPath, display, join, name, parent
from sersync.model.target import Target
from sersync.transfer.causes import Cause, find_cause
from sersync.transfer.trouble import Trouble, find_trouble

MAX_DELETE_EXIT: Final = 25
"""rsync's code for deletions that ``--max-delete`` stopped."""
_PARTIAL_CODES: Final = frozenset({23, 24})
_CONFIGURATION_CODES: Final = frozenset({1, 4, 5, 6})
_CUT_CODES: Final = frozenset({2, 10, 12, 13, 14, 19, 20, 21, 22, 30, 35, 255})
_STOPPED: Final = re.compile(
    rb"^Deletions stopped due to --max-delete limit \((\d+) skipped\)", re.MULTILINE
)
_NOTHING_CAME_BACK: Final = b"connection unexpectedly closed (0 bytes received so far) [sender]"
_CUT: Final = re.compile(
    rb"Connection reset by peer|Broken pipe|connection unexpectedly closed|unknown option"
)
_NOISE: Final = re.compile(rb"^(?:rsync error: .*|rsync: connection unexpectedly closed .*|)$")
_MEANINGS: Final = {
    2: "the two rsyncs did not understand each other",
    10: "the connection was lost",
    11: "the target cannot write",
    12: "the connection ended in the middle of a transfer",
    13: "rsync failed to report what went wrong",
    14: "rsync's own processes lost each other",
    20: "rsync was told to end",
    22: "rsync ran out of memory",
    30: "nothing came from the target for too long",
    35: "the target did not answer in time",
    255: "the remote shell failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one rsync's end means.

    *exit_code* is rsync's own, negative for a signal; but always 25 when deletions were stopped.
    """

    verdict: Verdict
    exit_code: int = 0
    reason: Reason | None = None
    unconfirmed: bool = False
    """The run may still be finishing on the target."""
    problems: tuple[Problem, ...] = ()
    unnamed: tuple[Problem, ...] = ()
    """Problems with temporary files; see ``explanation``."""
    is_explained: bool = True
    """The problems name all that went wrong: no dry run has to find out."""
    deletions_skipped: bool = False
    """A directory could not be read, so rsync deleted nothing in any."""
    deletions_stopped: int = 0
    """Entries that ``--max-delete`` kept from being deleted."""
    missing_args_rejected: bool = False
    """The daemon cannot delete by name (rsync 3.4.3); nothing was transferred."""
    too_many_connections: bool = False
    connection_reset: bool = False
    """The connection ended without a word, as it does when an old rsync dislikes an option."""

    def needs_a_look(self, *, has_filters: bool) -> bool:
        """Tell whether a dry run has to find out what is missing, or was not deleted.

        With filters also when nothing went wrong but that directories could not be deleted: they
        may hold what is excluded.
        """
        if self.verdict is not Verdict.PARTIAL:
            return self.exit_code == MAX_DELETE_EXIT
        is_left = all(each.stage is Stage.DELETE for each in self.problems)
        return not self.is_explained or (has_filters and self.exit_code == 0 and is_left)

    def explanation(self, path: RelPath) -> Problem | None:
        """Return what rsync told about *path*, also if only by the name of a temporary file."""
        for problem in self.problems:
            if problem.path == path:
                return problem
        bare = join(parent(path), name(path).removeprefix(b"."))
        for problem in self.unnamed:
            if problem.path in (path, bare):
                return replace(problem, path=path)
        return None


def judge(
    exit_code: int, stderr: bytes, stdout: bytes, *, target: Target, root: bytes
) -> Judgement:
    """Return what it means that a run to *target* from the source *root* ended like this.

    *exit_code* is negative when a signal ended rsync, as in ``subprocess``.
    """
    stopped = _STOPPED.search(stderr)
    if stopped or exit_code == MAX_DELETE_EXIT:
        return _stopped(int(stopped[1]) if stopped else 0, target)
    if exit_code == 0 or exit_code in _PARTIAL_CODES:
        trouble = find_trouble(stderr, stdout, target=target, root=root)
        return _carried(exit_code, trouble, stderr, stdout, target)
    if exit_code < 0:
        return _killed(-exit_code)
    return _failed(exit_code, stderr, target)


def _stopped(skipped: int, target: Target) -> Judgement:
    entries = "1 entry" if skipped == 1 else f"{skipped or 'some'} entries"
    return Judgement(
        verdict=Verdict.HALT,
        exit_code=MAX_DELETE_EXIT,
        deletions_stopped=skipped,
        reason=Reason(
            message=f"the limit of deletions kept {entries} on {target.name} from being deleted",
            remedy="Look at the source: is everything there that should be? If the deletions are"
            f' meant, set max_delete of {target.name} to a larger number or to "off".',
        ),
    )


def _carried(
    exit_code: int, trouble: Trouble, stderr: bytes, stdout: bytes, target: Target
) -> Judgement:
    problems = tuple(trouble.problems.values())
    if exit_code == 0 and not problems:
        return Judgement(verdict=Verdict.DONE)
    cause = find_cause(exit_code, stderr, target)
    # Which deletions were skipped has no name in any text.
    deletions_skipped = b"IO error encountered -- skipping file deletion" in stdout + stderr
    return Judgement(
        verdict=Verdict.PARTIAL,
        exit_code=exit_code,
        reason=cause.reason if cause is not None else _partial_reason(exit_code, trouble, stderr),
        problems=problems,
        unnamed=tuple(trouble.unnamed.values()),
        is_explained=bool(problems) and trouble.is_explained and not deletions_skipped,
        deletions_skipped=deletions_skipped,
    )


def _partial_reason(exit_code: int, trouble: Trouble, stderr: bytes) -> Reason:
    told = [*trouble.problems.values(), *trouble.unnamed.values()]
    if not told:
        said = first_words(stderr) or f"rsync ended with code {exit_code}"
        return Reason(message=f"not everything could be carried: {said}")
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    return Reason(message=f"{display(told[0].path)}: {told[0].message}{more}")


def _killed(number: int) -> Judgement:
    try:
        name_of_signal = signal.Signals(number).name
    except ValueError:
        name_of_signal = f"signal {number}"
    remedy = ""
    if number == signal.SIGKILL:
        remedy = "If nobody did that by hand, the kernel may have run out of memory."
    return Judgement(
        verdict=Verdict.RETRY,
        exit_code=-number,
        unconfirmed=True,
        reason=Reason(
            message=f"rsync was killed by {name_of_signal}",
            remedy=remedy,
            command="journalctl -k -g 'out of memory'" if remedy else "",
        ),
    )


def _failed(exit_code: int, stderr: bytes, target: Target) -> Judgement:
    cause = find_cause(exit_code, stderr, target)
    if cause is None:
        cause = _by_code(exit_code, stderr)
    is_cut = exit_code in _CUT_CODES or exit_code > 128
    return Judgement(
        verdict=cause.verdict,
        exit_code=exit_code,
        reason=cause.reason,
        unconfirmed=is_cut and cause.had_begun and _NOTHING_CAME_BACK not in stderr,
        missing_args_rejected=cause.name == "missing_args",
        too_many_connections=cause.name == "max_connections",
        connection_reset=cause.name in ("", "unknown_option")
        and exit_code in (10, 12)
        and _CUT.search(stderr) is not None,
    )


def _by_code(exit_code: int, stderr: bytes) -> Cause:
    said = first_words(stderr)
    meaning = _MEANINGS.get(exit_code, f"rsync ended with code {exit_code}")
    verdict = Verdict.HALT if exit_code in _CONFIGURATION_CODES else Verdict.RETRY
    remedy = ""
    if verdict is Verdict.HALT:
        remedy = "Correct the target's settings or the far side, then reload (SIGHUP)."
    message = f"{meaning}: {said}" if said else meaning
    return Cause(name="", verdict=verdict, reason=Reason(message=message, remedy=remedy))


def first_words(stderr: bytes) -> str:
    """Return the first line of *stderr* that says something, for people."""
    for line in stderr.replace(b"\r\n", b"\n").split(b"\n"):
        if not _NOISE.match(line):
            return display(line.removeprefix(b"rsync: "))
    return ""
