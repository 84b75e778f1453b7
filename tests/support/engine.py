"""A real daemon in the test's own process, and when it has nothing left to do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sersync.daemon.app import Daemon
from sersync.model.filters import Filter
from sersync.model.hooks import HookSettings
from sersync.model.status import BatchReport, TargetState, TargetStatus
from sersync.model.target import Endpoint, Settings, Source, Target
from tests.support.trees import wait_until

_AT_REST = (TargetState.IN_SYNC, TargetState.SETTLING)
_LOOK_AGAIN_S = 0.02
_numbers = count()

SENTINEL = "sentinel"
"""The name of a file that tests of the whole engine keep for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A target, and the directory in which the test finds what it holds."""

    target: Target
    path: Path


def copy_at(path: Path, endpoint: Endpoint, name: str = "copy", **settings: Any) -> Copy:
    """Return a target with its directory. Nothing limits its deletions unless *settings* do."""
    known = {"max_delete": -1, **settings}
    return Copy(target=Target(name=name, endpoint=endpoint, **known), path=path)


class Engine:
    """One source and its targets, watched and carried for as long as the test lasts."""

    def __init__(
        self,
        root: Path,
        *copies: Copy,
        filters: Filter | None = None,
        max_delay_s: float = 0.5,
        grace_s: float = 5.0,
        hooks: tuple[HookSettings, ...] = (),
        state_dir: Path | None = None,
        poll_every_s: float = 60.0,
    ) -> None:
        self.root = root
        self._poll_every_s = poll_every_s
        self.batches: list[BatchReport] = []
        self._copies = {copy.target.name: copy.path for copy in copies}
        self._filters = filters or Filter()
        self._max_delay_s = max_delay_s
        self._grace_s = grace_s
        self._hooks = hooks
        self.state_dir = state_dir or root.parent / f"state-{next(_numbers)}"
        self._sentinels = 0
        self._is_over = False
        self.daemon = Daemon(
            self.settings(*(copy.target for copy in copies)), on_batch=self.batches.append
        )

    def settings(self, *targets: Target) -> Settings:
        """Return settings for this source with *targets*."""
        source = Source(
            name="source",
            root=os.fsencode(self.root),
            targets=targets,
            filters=self._filters,
            max_delay_s=self._max_delay_s,
            poll_every_s=self._poll_every_s,
            hooks=self._hooks,
        )
        return Settings(
            sources=(source,), state_dir=os.fspath(self.state_dir), grace_s=self._grace_s
        )

    def start(self) -> Engine:
        """Begin."""
        self.daemon.start()
        return self

    def stop(self) -> None:
        """End, unless it has ended already."""
        if not self._is_over:
            self._is_over = True
            self.daemon.stop()

    def status(self, name: str = "copy") -> TargetStatus:
        """Return what can be seen of one target."""
        [source] = self.daemon.status().sources
        return next(each for each in source.targets if each.target == name)

    def wait_for_rows(self, *, timeout_s: float = 30.0) -> None:
        """Wait until a restart would find all that is there in the manifest."""
        self._wait(self._is_all_known, "copy", timeout_s)

    def _is_all_known(self) -> bool:
        [source] = self.daemon.status().sources
        return source.outdated == 0

    def is_at_rest(self, name: str = "copy") -> bool:
        """Tell whether nothing is known that the target does not have."""
        now = self.status(name)
        return (
            now.state in _AT_REST
            and not now.searching_names
            and now.progress is None
            and now.pending == now.in_flight == now.runs == 0
        )

    def wait_for_rest(self, *names: str, timeout_s: float = 20.0) -> None:
        """Wait until everything that was changed by now was carried, as far as is known.

        The kernel tells of changes in their order, so a last one that has arrived shows that all
        others are known.
        """
        self._sentinels += 1
        (self.root / SENTINEL).write_text(str(self._sentinels))
        for name in names or self._copies:
            self._wait(partial(self._has_sentinel, name), name, timeout_s)
            self._wait(partial(self._rests, name), name, timeout_s)

    def wait_for_state(
        self, state: TargetState, name: str = "copy", *, timeout_s: float = 20.0
    ) -> TargetStatus:
        """Wait until the target is in *state*; return what can be seen then."""
        self._wait(lambda: self.status(name).state is state, name, timeout_s)
        return self.status(name)

    def _wait(self, condition: Callable[[], bool], name: str, timeout_s: float) -> None:
        def holds() -> bool:
            if self.daemon.crashed.is_set():
                raise AssertionError("a thread of the daemon has crashed; see the log")
            return condition()

        wait_until(holds, timeout_s, message=lambda: f"it stands at {self.status(name)}")

    def _has_sentinel(self, name: str) -> bool:
        try:
            return (self._copies[name] / SENTINEL).read_text() == str(self._sentinels)
        except OSError:
            return False

    def _rests(self, name: str) -> bool:
        if not self.is_at_rest(name):
            return False
        time.sleep(_LOOK_AGAIN_S)
        return self.is_at_rest(name)


class Engines:
    """Starts engines, and ends them all when the test is over."""

    def __init__(self) -> None:
        self._running: list[Engine] = []

    def __call__(self, root: Path, *copies: Copy, **settings: Any) -> Engine:
        """Start one that keeps *copies* of *root*; *settings* as for ``Engine``."""
        engine = Engine(root, *copies, **settings)
        self._running.append(engine)
        return engine.start()

    def close(self) -> None:
        """End them."""
        for engine in self._running:
            engine.stop()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source that is never empty."""
    root = tmp_path / "source"
    root.mkdir()
    (root / "kept").write_text("so that the root is never empty")
    return root


@pytest.fixture
def engines() -> Iterator[Engines]:
    """Start daemons in the test's own process."""
    engines = Engines()
    yield engines
    engines.close()
