"""``sersync run``: the service, in the foreground."""

from __future__ import annotations

from sersync.cli.options import Config, Json, LogFormat, Once, Quiet
from sersync.model.target import Settings


def run(
    config: Config,
    once: Once = False,
    quiet: Quiet = False,
    json: Json = False,
    log_format: LogFormat = None,
) -> int:
    """Run the service that FILE describes. SIGHUP reads it again, SIGTERM stops cleanly."""
    from sersync.cli.foreground import run_in_foreground
    from sersync.cli.messages import warn
    from sersync.config.file import load

    def load_and_warn() -> Settings:
        loaded = load(config)
        warn(loaded.warnings)
        return loaded.settings

    return run_in_foreground(
        load_and_warn(),
        once=once,
        json_lines=json,
        quiet=quiet,
        log_format=log_format or "",
        load=load_and_warn,
    )
