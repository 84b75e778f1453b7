"""Gathers what the doctor must know of a target, step by step, until one step fails."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sersync.doctor.exam import Exam
from sersync.doctor.look_host import look_at_room
from sersync.doctor.reach import is_direct, reach
from sersync.doctor.root_times import RootTimes
from sersync.doctor.shell import Login
from sersync.doctor.target_facts import TargetFacts
from sersync.linux.children import Children
from sersync.linux.wake import Wake
from sersync.model.batch import Outcome, Reason
from sersync.model.pasting import word
from sersync.model.path import display
from sersync.model.target import LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.launch import Launcher
from sersync.transfer.probe import Probe
from sersync.transfer.remote_shell import SharedConnections
from sersync.transfer.tls import tls_rsh


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What one small file, sent and removed again, told."""

    probe: Probe
    outcome: Outcome | None


def connections_of(target: Target) -> int:
    """Return how many rsyncs may be connected to *target* at the same time: lanes and spares."""
    return target.parallel + target.spares + 1


def look_at_target(target: Target, shared: SharedConnections, *, in_use: bool) -> TargetFacts:
    """Return what can be seen of *target*; what was put there is removed again."""
    match target.endpoint:
        case RsyncModule() as module:
            return _look_at_module(target, module, in_use=in_use)
        case RemoteShell() as endpoint:
            return _look_by_shell(target, endpoint, shared)
        case LocalDirectory() as local:
            return _look_at_directory(target, local)


def _look_at_module(target: Target, module: RsyncModule, *, in_use: bool) -> TargetFacts:
    reached = None
    if is_direct():
        wanted = connections_of(target)
        reached = reach(module, wanted=wanted, timeout_s=target.connect_timeout_s)
        if reached.no_address or reached.not_connected:
            return TargetFacts(reached=reached)
    facts = _try(target, tls_rsh(module) if module.tls else "")
    return _with(facts, TargetFacts(reached=reached, in_use=in_use))


def _look_by_shell(target: Target, endpoint: RemoteShell, shared: SharedConnections) -> TargetFacts:
    login = Login(target, endpoint, shared, at_once=connections_of(target))
    seen = login.look()
    if seen.code in (124, 127, 255):
        return TargetFacts(shell=seen)
    room = None if seen.is_restricted else login.room()
    rsh = shared.rsh(endpoint, connect_timeout_s=target.connect_timeout_s)
    return _with(_try(target, rsh), TargetFacts(shell=seen, room=room))


def _look_at_directory(target: Target, local: LocalDirectory) -> TargetFacts:
    path = os.fsdecode(local.path)
    place = path if os.path.isdir(path) else os.path.dirname(path)
    room = look_at_room(display(local.path), at=place)
    if not os.path.isdir(place):
        reason = Reason(
            message=f"{place} does not exist",
            remedy="Create it, or mount the file system that holds it.",
            command=f"mkdir -p {word(place)}",
        )
        return TargetFacts(was_tried=True, failure=reason)
    if not os.path.isdir(path):
        # rsync would create it, and then it would stay.
        return TargetFacts(room=room)
    return _with(_try(target, ""), TargetFacts(room=room))


def _try(target: Target, rsh: str) -> TargetFacts:
    """Send a small file with the very options of transfers, then a directory to read back."""
    launcher = Launcher(target, b"/", rsh=rsh)
    root = RootTimes(launcher)
    try:
        return _try_all(launcher)
    finally:
        root.give_back()


def _try_all(launcher: Launcher) -> TargetFacts:
    tried = _probe(launcher)
    capabilities, notes = tried.probe.capabilities, tried.probe.notes
    if tried.outcome is not None:
        reason = tried.outcome.reason or Reason(message="it did not take a small test file")
        return TargetFacts(was_tried=True, failure=reason)
    exam = Exam(launcher, capabilities)
    try:
        kept = exam.run()
    finally:
        exam.close()
    return TargetFacts(was_tried=True, capabilities=capabilities, notes=notes, kept=kept)


def _probe(launcher: Launcher) -> Tried:
    wake = Wake()
    children = Children(wake)
    try:
        probe = Probe(launcher, children, gives_root_back=False, has_connected=True)
        return Tried(probe=probe, outcome=probe.run(bool))
    finally:
        children.close()
        wake.close()


def _with(tried: TargetFacts, before: TargetFacts) -> TargetFacts:
    """Return what the trial told together with what was known before it."""
    return TargetFacts(
        reached=before.reached,
        shell=before.shell,
        room=before.room,
        in_use=before.in_use,
        was_tried=tried.was_tried,
        failure=tried.failure,
        capabilities=tried.capabilities,
        notes=tried.notes,
        kept=tried.kept,
    )
