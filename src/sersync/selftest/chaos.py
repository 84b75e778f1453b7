"""Changes and faults mixed by chance, round after round, with a comparison after each."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Final

from sersync.selftest.changes import Playground, random_step
from sersync.selftest.instance import pause_for, signal_all
from sersync.selftest.proxy import Proxy
from sersync.selftest.row import Broken, Row
from sersync.selftest.site import Site
from sersync.selftest.trial import Differs, Trial

_FEWEST_STEPS: Final = 10
_MOST_STEPS: Final = 60
_MOST_FAULTS: Final = 3
_PAUSE_S: Final = 0.02
_STORY_LINES: Final = 40

Fault = Callable[["Chaos"], AbstractContextManager[None]]


def chaos_row(seconds: float) -> Row:
    """Return a row that mixes faults for so long."""
    return Row(
        name="chaos",
        promise=f"changes and faults mixed by chance for {seconds:.0f} s",
        play=partial(_play, seconds=seconds, rounds=None),
    )


def rounds_row(rounds: int) -> Row:
    """Return a row that mixes faults for so many rounds."""
    return Row(
        name="chaos",
        promise=f"changes and faults mixed by chance, {rounds} times",
        play=partial(_play, seconds=float("inf"), rounds=rounds),
    )


def _play(trial: Trial, *, seconds: float, rounds: int | None) -> None:
    chaos = Chaos(trial)
    until_s = time.monotonic() + seconds
    done = 0
    while time.monotonic() < until_s and (rounds is None or done < rounds):
        chaos.round()
        done += 1
    trial.notes.append(f"{done} rounds, {chaos.steps} changes, {chaos.faults} faults")


class Chaos:
    """A source, a served target behind a proxy and a local one, and chance. For one thread."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.chance: random.Random = trial.chance
        self.steps = 0
        self.faults = 0
        self.far = trial.serve("far", is_proxied=True, timeout="3s", connect_timeout="3s")
        trial.copy_to("near")
        trial.source_settings["max_delay"] = "500ms"
        trial.begin()
        outside = trial.top / "outside"
        outside.mkdir()
        self._playground = Playground(trial.source, outside)

    def round(self) -> None:
        """Make changes while faults come and go; then wait until all targets are the same."""
        told = len(self._playground.told)
        chosen = self.chance.sample(FAULTS, self.chance.randint(1, _MOST_FAULTS))
        with ExitStack() as healing:
            for fault in chosen:
                self._change()
                healing.enter_context(fault(self))
                self.faults += 1
                self._change()
        try:
            self.trial.converge()
        except Broken as failure:
            names = ", ".join(fault.__name__.strip("_") for fault in chosen)
            story = [f"with: {names}", *self._playground.told[told:][-_STORY_LINES:]]
            self.trial.notes += [line.encode("unicode_escape").decode() for line in story]
            if isinstance(failure, Differs):
                raise
            raise Broken(f"{failure} (with: {names})") from failure

    def _change(self) -> None:
        for _ in range(self.chance.randint(_FEWEST_STEPS, _MOST_STEPS) // 2):
            step = random_step(self.chance)
            self._playground.apply(step)
            self.steps += 1
            if self.chance.random() < 0.2:
                pause_for(self.chance.random() * _PAUSE_S)


@contextmanager
def _daemon_killed(chaos: Chaos) -> Iterator[None]:
    trial = chaos.trial
    if trial.instance.is_running:
        trial.instance.kill()
    yield
    if not trial.instance.is_running:
        trial.start()


@contextmanager
def _daemon_stopped(chaos: Chaos) -> Iterator[None]:
    trial = chaos.trial
    if trial.instance.is_running:
        trial.instance.signal(signal.SIGCONT)
        trial.instance.stop()
    yield
    if not trial.instance.is_running:
        trial.start()


@contextmanager
def _daemon_asleep(chaos: Chaos) -> Iterator[None]:
    instance = chaos.trial.instance
    if instance.is_running:
        instance.signal(signal.SIGSTOP)
    yield
    if instance.is_running:
        instance.signal(signal.SIGCONT)


@contextmanager
def _clients_killed(chaos: Chaos) -> Iterator[None]:
    instance = chaos.trial.instance
    if instance.is_running:
        signal_all(instance.children(), signal.SIGKILL)
    yield


@contextmanager
def _servers_killed(chaos: Chaos) -> Iterator[None]:
    signal_all(chaos.far.processes(), signal.SIGKILL)
    yield


@contextmanager
def _target_down(chaos: Chaos) -> Iterator[None]:
    chaos.far.down()
    yield
    chaos.far.up()


@contextmanager
def _target_asleep(chaos: Chaos) -> Iterator[None]:
    frozen = chaos.far.freeze()
    yield
    signal_all(frozen, signal.SIGCONT)


@contextmanager
def _connections_cut(chaos: Chaos) -> Iterator[None]:
    _proxy_of(chaos.far).cut()
    yield


@contextmanager
def _connections_short(chaos: Chaos) -> Iterator[None]:
    proxy = _proxy_of(chaos.far)
    proxy.cut_after(chaos.chance.choice((100, 700, 1500, 4000, 30_000)))
    proxy.cut()
    yield
    proxy.cut_after(0)


@contextmanager
def _connections_frozen(chaos: Chaos) -> Iterator[None]:
    proxy = _proxy_of(chaos.far)
    proxy.freeze()
    yield
    proxy.thaw()


@contextmanager
def _connections_garbled(chaos: Chaos) -> Iterator[None]:
    proxy = _proxy_of(chaos.far)
    proxy.garble(2)
    proxy.cut()
    yield
    proxy.garble(0)


def _proxy_of(site: Site) -> Proxy:
    if site.proxy is None:
        raise AssertionError("this site was asked for with a proxy")
    return site.proxy


FAULTS: Final[tuple[Fault, ...]] = (
    _daemon_killed,
    _daemon_stopped,
    _daemon_asleep,
    _clients_killed,
    _servers_killed,
    _target_down,
    _target_asleep,
    _connections_cut,
    _connections_short,
    _connections_frozen,
    _connections_garbled,
)
