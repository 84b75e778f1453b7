"""``sersync2 -d`` as rc.local and units of ``Type=forking`` start it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.legacy.conftest import Legacy
from tests.support.trees import wait_until

_SOURCE_TREE = Path(__file__).parents[3] / "src"

_ASK = """\
import glob, json, os, signal, subprocess, sys, time
program, config = sys.argv[1:]
words = [program, "-d", "-r", "-o", config]
home = os.path.dirname(config)
done = subprocess.run(words, capture_output=True, timeout=60, cwd=home)
found = {"code": done.returncode, "err": done.stderr.decode(), "caller": os.getpid()}
# At once: what is not there when the parent has ended, a service manager does not find.
files = glob.glob("/run/sersync/*.pid")
found["pid_files"] = len(files)
if files:
    pid = int(open(files[0]).read())
    stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    found["pid"], found["parent"] = pid, int(stat[1])
    found["session"], found["terminal"] = int(stat[3]), int(stat[4])
    found["standard"] = [os.readlink(f"/proc/{pid}/fd/{each}") for each in (0, 1, 2)]
    found["directory"] = os.readlink(f"/proc/{pid}/cwd")
    found["name"] = open(f"/proc/{pid}/comm").read().strip()
    found["control"] = len(glob.glob("/var/lib/sersync/*/control.sock"))
    found["log"] = len(glob.glob("/var/log/sersync/*.log"))
    deadline = time.monotonic() + 30
    while not os.path.exists(os.environ["COPY"] + "/kept") and time.monotonic() < deadline:
        time.sleep(0.02)
    def is_running():
        try:
            return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False
    os.kill(pid, signal.SIGTERM)
    while is_running() and time.monotonic() < deadline:
        time.sleep(0.02)
    found["left"] = len(glob.glob("/run/sersync/*.pid"))
print(json.dumps(found))
"""


@pytest.fixture
def program(legacy: Legacy) -> Path:
    """A sersync2 that needs no variable to find itself."""
    paths = [os.fspath(_SOURCE_TREE), *filter(None, sys.path)]
    legacy.program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {paths!r}\n"
        "from sersync.cli.legacy import main\n\nmain()\n"
    )
    return legacy.program


def _asked(legacy: Legacy, program: Path, environ: dict[str, str]) -> dict[str, Any]:
    """Start it where /run, /var/lib and /var/log are this test's own; return what was seen."""
    own = "for d in /run /var/lib /var/log; do mount -t tmpfs tmpfs $d || exit 9; done; "
    done = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", own + 'exec "$@"', "-"),
            *("env", "-i", *(f"{name}={value}" for name, value in environ.items())),
            *(f"COPY={legacy.copy}", sys.executable, "-c", _ASK),
            *(os.fspath(program), os.fspath(legacy.config)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode == 9 or "unshare" in done.stderr:
        pytest.skip("this needs a mount namespace of its own")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount; test_sersync2 runs as any user")
@pytest.mark.parametrize(
    "environ",
    [
        {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin"},
        {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"},
        {},
    ],
    ids=["rc.local", "unit", "nothing"],
)
def test_the_contract_of_forking_holds_with_next_to_no_environment(
    environ: dict[str, str], legacy: Legacy, program: Path
) -> None:
    seen = _asked(legacy, program, environ)

    assert seen["code"] == 0, seen["err"]
    assert seen["pid_files"] == 1
    assert seen["parent"] != seen["caller"]
    assert seen["session"] == seen["pid"]
    assert seen["terminal"] == 0
    assert seen["standard"] == ["/dev/null"] * 3
    assert seen["directory"] == "/"
    assert seen["name"] == "sersync2"
    assert seen["control"] == seen["log"] == 1
    assert seen["left"] == 0
    assert (legacy.copy / "kept").exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_an_existing_unit_is_accepted_by_systemd(tmp_path: Path, legacy: Legacy) -> None:
    unit = tmp_path / "old-sersync.service"
    unit.write_text(
        "[Unit]\nDescription=sersync\n[Service]\nType=forking\n"
        f"ExecStart={legacy.program} -d -r -o {legacy.config}\nRestart=always\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60
    )

    assert "old-sersync" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_the_parent_ends_only_when_changes_are_carried(legacy: Legacy, program: Path) -> None:
    done = legacy.run("-d", "-r", "-o", str(legacy.config))
    assert done.returncode == 0, done.stderr

    (legacy.source / "right after").write_text("x")

    wait_until((legacy.copy / "right after").exists)
