"""From the settings of hooks to hooks: our own, and those of third parties by entry points."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final

from sersync.errors import EnvironmentMissing
from sersync.hooks.chinacache import ChinaCacheHook
from sersync.hooks.command import CommandHook
from sersync.hooks.form import FormHook
from sersync.hooks.tcp import SocketHook
from sersync.hooks.tree import SourceNames
from sersync.hooks.webhook import WebHook
from sersync.model.hooks import (
    CallPlugin,
    Change,
    HookOutcome,
    HookSettings,
    PostForm,
    PostJson,
    RefreshChinaCache,
    RunCommand,
    SendPath,
)
from sersync.replication.hook_ports import Hook
from sersync.replication.hook_worker import HookWorker
from sersync.replication.pipeline import Pipeline
from sersync.replication.ports import Clock

log: Final = logging.getLogger("sersync.hook")

GROUP: Final = "sersync.hooks"
"""Where third parties offer hooks: a callable that takes a table of options, and returns one."""


def assemble_hooks(pipeline: Pipeline, root: bytes, clock: Clock) -> list[HookWorker]:
    """Return a worker for each hook of the source. Raises ``EnvironmentMissing``."""
    source = pipeline.source
    names = SourceNames(root, source.filters)
    return [
        HookWorker(
            settings,
            new_hook(settings, source.name),
            names,
            stands=pipeline.stands,
            max_delay_s=source.max_delay_s,
            clock=clock,
        )
        for settings in source.hooks
    ]


def new_hook(settings: HookSettings, source: str) -> Hook:
    """Return what *settings* describe. Raises ``EnvironmentMissing`` for a missing plugin."""
    timeout_s, below = settings.timeout_s, settings.below
    match settings.action:
        case RunCommand() as action:
            return CommandHook(action, timeout_s=timeout_s)
        case SendPath() as action:
            return SocketHook(action, timeout_s=timeout_s)
        case PostJson() as action:
            return WebHook(action, source=source, timeout_s=timeout_s)
        case PostForm() as action:
            return FormHook(action, below=below, timeout_s=timeout_s)
        case RefreshChinaCache() as action:
            return ChinaCacheHook(action, below=below, timeout_s=timeout_s)
        case CallPlugin() as action:
            return ForeignHook(action)


class ForeignHook:
    """A hook of a third party; whatever it raises is a failure, and told."""

    def __init__(self, action: CallPlugin) -> None:
        found = list(entry_points(group=GROUP, name=action.name))
        if not found:
            offered = ", ".join(sorted(each.name for each in entry_points(group=GROUP)))
            raise EnvironmentMissing(
                f"no installed package offers a hook named {action.name}",
                hint=f"Offered are: {offered or 'none'}. Install the package next to sersync.",
            )
        self._name = action.name
        try:
            self._hook: Hook = found[0].load()(dict(action.options))
        except Exception as error:
            log.exception("the hook %s cannot be made", action.name)
            raise EnvironmentMissing(
                f"the hook {action.name} cannot be made: {error}",
                hint="Look at its options, and at the traceback in the log.",
            ) from error

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Hand *changes* over."""
        try:
            return self._hook.run(changes)
        except Exception as error:
            log.exception("the hook %s failed by a defect of its own", self._name)
            return HookOutcome(failed=tuple(changes), message=f"{type(error).__name__}: {error}")

    def cancel(self) -> None:
        """Ask it to return."""
        try:
            self._hook.cancel()
        except Exception:
            log.exception("the hook %s cannot be stopped", self._name)
