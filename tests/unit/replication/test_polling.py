"""When what nobody tells of is looked through."""

from __future__ import annotations

from sersync.replication.polling import Polling


def test_it_is_looked_through_at_once_and_then_every_so_often() -> None:
    polling = Polling(60.0)
    assert polling.is_due(1000.0, is_looking=False)
    assert not polling.is_due(1059.0, is_looking=False)

    assert polling.is_due(1060.0, is_looking=False)


def test_a_look_that_takes_long_is_followed_by_a_longer_rest() -> None:
    polling = Polling(60.0)
    assert polling.is_due(0.0, is_looking=False)
    assert not polling.is_due(1.0, is_looking=True)
    assert not polling.is_due(99.0, is_looking=True)
    assert not polling.is_due(101.0, is_looking=False)

    assert not polling.is_due(1000.0, is_looking=False)
    assert polling.is_due(1001.0, is_looking=False)


def test_it_is_never_looked_through_when_that_is_not_wanted() -> None:
    assert not Polling(0.0).is_due(1e9, is_looking=False)
