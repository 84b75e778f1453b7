"""Each contract of the house goes red when it is broken; a rule that nothing checks decays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

BREACHES = {
    "The house has floors": ("sersync/watch/breach.py", "import sersync.transfer"),
    "The engine meets the world only through its ports": (
        "sersync/replication/breach.py",
        "import socket",
    ),
    "Deciding modules are pure": ("sersync/model/breach.py", "import time"),
    "ctypes, fcntl and subprocess stay in the basement": (
        "sersync/daemon/breach.py",
        "import subprocess",
    ),
}
"""For each contract a module that breaks it, and no other contract."""


def contracts() -> list[str]:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        return [each["name"] for each in tomllib.load(file)["tool"]["importlinter"]["contracts"]]


def verdicts(house: Path) -> dict[str, str]:
    """What import-linter says of each contract in a copy of the house: KEPT or BROKEN."""
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": os.fspath(house / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {
        name: verdict
        for name in contracts()
        for verdict in ("KEPT", "BROKEN")
        if f"{name} {verdict}" in run.stdout
    }
    assert found, run.stdout + run.stderr
    return found


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_has_a_breach_here() -> None:
    assert sorted(BREACHES) == sorted(contracts())


def test_every_contract_is_kept(house: Path) -> None:
    assert verdicts(house) == dict.fromkeys(contracts(), "KEPT")


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_turns_its_contract_red_and_no_other(house: Path, contract: str) -> None:
    file, line = BREACHES[contract]
    (house / "src" / file).write_text(f"{line}\n")

    assert [name for name, said in verdicts(house).items() if said == "BROKEN"] == [contract]
