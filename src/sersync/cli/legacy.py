"""``sersync2``: the command line of sersync 2.5, as scripts and rc.local have it.

Nothing heavy is imported before it is needed: ``--help`` answers at once.
"""

from __future__ import annotations

import getopt
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sersync.errors import ConfigError, SersyncError, UsageError
from sersync.model.pasting import word

if TYPE_CHECKING:
    from sersync.config.toml import Loaded
    from sersync.model.target import Settings, Target

NAME: Final = "sersync2"
PLUGINS: Final = ("command", "socket", "refreshCDN", "http")
_MOST_LANES: Final = 64
_NO_LARGE_LANE: Final = 1 << 60

HELP: Final = """\
Usage: sersync2 [-h] [-d] [-r] [-o FILE] [-n N] [-m PLUGIN]

  -d         run in the background; returns when everything is watched
  -r         first compare everything with the targets, and delete there what is not here
  -o FILE    the configuration, confxml.xml in this directory if unset; a sersync.toml will do too
  -n N       at most N transfers to a target at the same time
  -m PLUGIN  run the plugin only, and carry nothing: command, socket, refreshCDN or http
  -h         show this

Without -r, the first start takes the targets as they are; later changes are carried.
The configuration is checked by: sersync check -c FILE. Where things stand: sersync status
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was typed."""

    config: str = "confxml.xml"
    is_help: bool = False
    in_background: bool = False
    full_pass: bool = False
    workers: int | None = None
    plugin: str = ""


def main() -> None:
    """Run and exit with the code; expected errors are messages, never tracebacks."""
    sys.exit(_run(sys.argv[1:]))


def parse_order(words: list[str]) -> Order:
    """Return what *words* ask for. Raises ``UsageError``."""
    try:
        options, rest = getopt.gnu_getopt(words, "hdro:n:m:", ["help"])
    except getopt.GetoptError as error:
        raise UsageError(str(error), hint="sersync2 -h    # what there is") from error
    if rest:
        raise UsageError(
            f"{rest[0]}: nothing is expected here",
            hint=f"sersync2 -o {word(rest[0])}    # was that meant?",
        )
    given = dict(options)
    plugin = given.get("-m", "")
    known = next((name for name in PLUGINS if name.lower() == plugin.lower()), "")
    if plugin and not known:
        raise UsageError(f"-m {plugin}: no such plugin", hint=f"plugins are {', '.join(PLUGINS)}")
    return Order(
        config=given.get("-o", "confxml.xml"),
        is_help=bool(given.keys() & {"-h", "--help"}),
        in_background="-d" in given,
        full_pass="-r" in given,
        workers=_workers(given.get("-n")),
        plugin=known,
    )


def _workers(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UsageError(f"-n {text}: not a number of workers", hint="sersync2 -n 10")
    return int(text)


def _run(words: list[str]) -> int:
    try:
        order = parse_order(words)
        if order.is_help:
            print(HELP, end="")
            return 0
        return _obey(order, words)
    except SersyncError as error:
        _complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _complain(error: SersyncError) -> None:
    from sersync.cli.messages import complain

    complain(error)
    if isinstance(error, ConfigError) and not os.path.exists(error.file):
        print("         sersync2 -o FILE    # where the configuration is", file=sys.stderr)
    elif isinstance(error, ConfigError):
        print(f"         sersync check -c {word(error.file)}    # what it means", file=sys.stderr)


def _obey(order: Order, words: list[str]) -> int:
    from sersync.cli.legacy_rival import refuse_rivals
    from sersync.cli.legacy_summary import summary
    from sersync.cli.messages import warn
    from sersync.linux.title import set_title

    set_title(NAME, words)
    order = replace(order, config=os.path.abspath(order.config))
    loaded = _loaded(order)
    warn(loaded.warnings)
    if not order.plugin:
        refuse_rivals(loaded.settings)
    for line in summary(loaded.settings, order):
        print(line)
    sys.stdout.flush()

    def load() -> Settings:
        return _loaded(order).settings

    # A service manager that is told of readiness watches this very process: it must not fork.
    if order.in_background and not os.environ.get("NOTIFY_SOCKET"):
        return _in_background(loaded.settings, load)
    from sersync.cli.foreground import run_in_foreground

    return run_in_foreground(loaded.settings, once=False, json_lines=False, quiet=False, load=load)


def _loaded(order: Order) -> Loaded:
    from sersync.config.file import load

    loaded = load(order.config, only_plugin=order.plugin)
    return replace(loaded, settings=ordered(loaded.settings, order))


def ordered(settings: Settings, order: Order) -> Settings:
    """Return *settings* as the options of *order* change them."""

    def changed(target: Target) -> Target:
        target = replace(
            target,
            baseline=target.baseline or not order.full_pass,
            compares_at_start=order.full_pass,
        )
        if order.workers is None:
            return target
        # Large files have a lane of their own; with one worker they share the only one.
        lanes = max(1, min(order.workers - 1, _MOST_LANES))
        large = target.large_file_bytes if order.workers > 1 else _NO_LARGE_LANE
        return replace(target, parallel=lanes, large_file_bytes=large)

    sources = tuple(
        replace(source, targets=tuple(map(changed, source.targets))) for source in settings.sources
    )
    return replace(settings, sources=sources)


def _in_background(settings: Settings, load: Callable[[], Settings]) -> int:
    from sersync.config.places import instance_files
    from sersync.daemon.pid_file import PidFile
    from sersync.linux.daemonize import in_background

    files = instance_files(settings.config_file, os.environ)
    print(f"log: {files.log}")

    def work(tell_ready: Callable[[], None]) -> int:
        from sersync.daemon.logs import configure_file
        from sersync.daemon.service import serve

        pid_file = PidFile(files.pid)

        def ready() -> None:
            pid_file.write()
            tell_ready()

        try:
            configure_file(settings.log_level, files.log)
            return serve(settings, load=load, on_ready=ready)
        except SersyncError as error:
            _complain(error)
            return error.exit_code
        except OSError as error:
            print(f"sersync: {error.filename}: {error.strerror}", file=sys.stderr)
            return 73
        finally:
            pid_file.remove()

    return in_background(work)
