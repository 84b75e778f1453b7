"""``sersync run``: the service, in the foreground."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from sersync.model.target import Settings


def run(
    config: Annotated[str, Option("--config", "-c", metavar="FILE", help="The sersync.toml.")],
    once: Annotated[
        bool, Option("--once", help="Make one full pass to every target, then exit.")
    ] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    json: Annotated[bool, Option("--json", help="One line of JSON for every batch.")] = False,
) -> int:
    """Run the service that FILE describes. SIGHUP reads it again, SIGTERM stops cleanly."""
    from sersync.cli.foreground import run_in_foreground
    from sersync.cli.messages import warn
    from sersync.config.toml import load

    def load_and_warn() -> Settings:
        loaded = load(config)
        warn(loaded.warnings)
        return loaded.settings

    return run_in_foreground(
        load_and_warn(), once=once, json_lines=json, quiet=quiet, load=load_and_warn
    )
