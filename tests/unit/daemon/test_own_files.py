"""Where our own files are in the way of what is replicated, they are excluded."""

from __future__ import annotations

from sersync.daemon.own_files import without_own_files
from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.model.target import LocalDirectory, RsyncModule, Settings, Source, Target


def settings(state_dir: str, *, root: bytes = b"/home", copy: bytes = b"/copy") -> Settings:
    targets = (
        Target(name="far", endpoint=RsyncModule(host="h", module="m")),
        Target(name="near", endpoint=LocalDirectory(path=copy)),
    )
    return Settings(sources=(Source(name="home", root=root, targets=targets),), state_dir=state_dir)


def excluded(given: Settings, path: bytes) -> list[bool]:
    """Tell whether *path* is excluded from the source, the far and the near target."""
    [source] = without_own_files(given, lambda path: path).sources
    filters: list[Filter] = [source.filters, *(target.filters for target in source.targets)]
    return [each.excludes(RelPath(path), is_dir=True) for each in filters]


def test_a_state_inside_its_source_is_excluded_everywhere() -> None:
    given = settings("/home/me/.local/st*te[1]")

    assert excluded(given, b"me/.local/st*te[1]") == [True, True, True]
    assert excluded(given, b"me/.local/st*te[1]/www.sqlite") == [True, True, True]
    assert excluded(given, b"me/.local/state1") == [False, False, False]


def test_a_state_inside_a_local_target_is_not_deleted_there() -> None:
    assert excluded(settings("/copy/.state"), b".state") == [False, False, True]


def test_a_state_elsewhere_changes_nothing() -> None:
    given = settings("/var/lib/sersync/x")

    assert without_own_files(given, lambda path: path) == given


def test_links_are_followed() -> None:
    given = settings("/var/lib/sersync/x", root=b"/link")
    resolved = {b"/link": b"/var"}
    [source] = without_own_files(given, lambda path: resolved.get(path, path)).sources

    assert source.filters.excludes(RelPath(b"lib/sersync/x"), is_dir=True)
