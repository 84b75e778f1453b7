"""What a target lacks is looked at without looking at all of it."""

from __future__ import annotations

from collections.abc import Iterator

from sersync.changelog.backlog import Backlog
from sersync.changelog.glimpse import Glimpse, Oldest
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath

MANY = 10_000


class Counted:
    """Pending paths that count how often one is looked at."""

    def __init__(self, count: int = MANY) -> None:
        self.entries = {name: _dirty(name, first_seen=100.0 + n) for n, name in _names(count)}
        self.looks = 0
        self.glimpse = Glimpse(Backlog(cursor=0, now=0.0), self._pending, self.entries.get)

    def _pending(self) -> Iterator[DirtyPath]:
        for entry in self.entries.values():
            self.looks += 1
            yield entry


def _names(count: int) -> Iterator[tuple[int, RelPath]]:
    return ((number, RelPath(b"f%d" % number)) for number in range(count))


def _dirty(path: RelPath, *, first_seen: float) -> DirtyPath:
    return DirtyPath(path=path, scope=Scope.ENTRY, sequence=1, first_seen=first_seen)


def _find(oldest: Oldest, counted: Counted, now: float) -> float | None:
    return oldest.find(counted.glimpse, count=len(counted.entries), now=now)


def test_a_few_of_many_are_shown_by_looking_at_a_few() -> None:
    counted = Counted()

    assert len(counted.glimpse.some(20)) == 20
    assert counted.looks <= 60


def test_the_oldest_of_many_is_looked_for_once() -> None:
    counted, oldest = Counted(), Oldest()

    assert [_find(oldest, counted, now) for now in (1.0, 2.0, 3.0)] == [100.0] * 3
    assert counted.looks == MANY


def test_while_many_are_carried_one_after_the_other_all_are_looked_at_now_and_then() -> None:
    counted, oldest = Counted(), Oldest()
    _find(oldest, counted, 0.0)
    for number in range(1000):
        del counted.entries[RelPath(b"f%d" % number)]
        since = _find(oldest, counted, now=number * 0.001)
        # Never younger than the truth, and older only by what was carried within a moment.
        assert since is not None
        assert 101.0 + number - 25 <= since <= 101.0 + number

    assert counted.looks < 1.0 / (MANY * 2e-6) * 1.1 * MANY


def test_what_is_dirty_again_since_long_ago_is_the_oldest() -> None:
    counted, oldest = Counted(10), Oldest()
    _find(oldest, counted, 1.0)
    retried = _dirty(RelPath(b"retried"), first_seen=5.0)
    oldest.add(retried)
    counted.entries[retried.path] = retried

    assert _find(oldest, counted, 1.0) == 5.0


def test_where_nothing_is_dirty_there_is_no_oldest_at_once() -> None:
    counted, oldest = Counted(10), Oldest()
    _find(oldest, counted, 1.0)
    counted.entries.clear()

    assert _find(oldest, counted, 1.0) is None
