"""Runs the daemon in the foreground: what ``mirror`` and ``run`` have in common."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace

from sersync.model.status import BatchReport
from sersync.model.target import Settings


def run_in_foreground(
    settings: Settings,
    *,
    once: bool,
    json_lines: bool,
    quiet: bool,
    log_format: str = "",
    load: Callable[[], Settings] | None = None,
) -> int:
    """Replicate until a signal says stop, or with *once* for one full pass; return the exit code.

    On a terminal a live line shows where things stand, and only warnings are logged; elsewhere
    the log is all there is. *json_lines*: every batch is a line of JSON on standard output.
    *log_format*: in place of what *settings* say.
    """
    from sersync.cli.live import LiveView
    from sersync.daemon.logs import configure
    from sersync.daemon.service import serve

    on_batch = _print_batch if json_lines else None
    form = log_format or settings.log_format
    if quiet or json_lines or form != "text" or not sys.stderr.isatty():
        level = "warning" if quiet and settings.log_level == "info" else settings.log_level
        configure(level, stream=sys.stderr, form=form)
        with contextlib.suppress(BrokenPipeError):
            return serve(
                replace(settings, log_level=level), once=once, load=load, on_batch=on_batch
            )
    with LiveView() as view:
        level = "warning" if settings.log_level == "info" else settings.log_level
        configure(level, stream=sys.stderr)
        quieter = replace(settings, log_level=level)
        return serve(quieter, once=once, load=load, on_status=view.show)


def _print_batch(report: BatchReport) -> None:
    from sersync.api.render import batch_document

    print(json.dumps(batch_document(report)), flush=True)
