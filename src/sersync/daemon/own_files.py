"""Our own files are never replicated and never deleted, wherever somebody has put them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from sersync.model.path import RelPath
from sersync.model.target import LocalDirectory, Settings, Source, Target


def without_own_files(settings: Settings, resolve: Callable[[bytes], bytes]) -> Settings:
    """Return *settings* whose filters exclude our own files from every source and local target.

    A state that lies in its own source would change with each checkpoint, and be carried for
    ever; one that lies in a local target would be deleted there. *resolve* is realpath(3).
    """
    files = (settings.state_dir, settings.failure_log)
    own = [resolve(file.encode(errors="surrogateescape")) for file in files if file]
    sources = tuple(_source(source, own, resolve) for source in settings.sources)
    return replace(settings, sources=sources)


def _source(source: Source, own: list[bytes], resolve: Callable[[bytes], bytes]) -> Source:
    inside = list(_below(resolve(source.root), own))
    return replace(
        source,
        filters=source.filters.with_excluded(inside),
        targets=tuple(_target(target, inside, own, resolve) for target in source.targets),
    )


def _target(
    target: Target, inside: list[RelPath], own: list[bytes], resolve: Callable[[bytes], bytes]
) -> Target:
    if isinstance(target.endpoint, LocalDirectory):
        inside = [*inside, *_below(resolve(target.endpoint.path), own)]
    return replace(target, filters=target.filters.with_excluded(inside)) if inside else target


def _below(directory: bytes, files: Iterable[bytes]) -> Iterable[RelPath]:
    """Yield those of *files* that lie below *directory*, relative to it."""
    top = directory.rstrip(b"/") + b"/"
    for file in files:
        if file.startswith(top) and file != top:
            yield RelPath(file[len(top) :])
