"""What several commands are tried on."""

from __future__ import annotations

import json

from tests.support.cli import Cli, RunningCli


def leave_alone(cli: Cli, running: RunningCli, *where: str) -> None:
    """Let the witness have its first look at the only target, which *where* leads to.

    What others do there it finds in some minutes only, and not between two commands of a test.
    """

    def has_looked() -> bool:
        [instance] = json.loads(cli.run("status", "--json", *where).stdout)["instances"]
        return instance["sources"][0]["targets"][0]["witness"] is not None

    running.wait_until(has_looked)
