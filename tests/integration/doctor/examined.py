"""What the doctor says of a target, for those who look for one line of it."""

from __future__ import annotations

import json
from typing import Any

from tests.support.cli import Cli

Findings = dict[str, dict[str, Any]]


def examined(cli: Cli, *arguments: str, **environ: str) -> Findings:
    """Return the findings about the target, or else the source or the host, by their check."""
    result = cli.run("doctor", "--json", *arguments, **environ)
    assert result.returncode in (0, 1, 2), result.stderr
    found = json.loads(result.stdout)["findings"]
    subjects = [each["subject"] for each in found]
    return {each["check"]: each for each in found if each["subject"] == subjects[-1]}


def tried(cli: Cli, target: str, *more: str, **environ: str) -> Findings:
    return examined(cli, "--target", target, *more, **environ)
