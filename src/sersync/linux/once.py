"""One short command, run to its end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended.

    Code 127: it is not there; 126: it cannot be run; 124: it took too long and was killed.
    """

    code: int
    stdout: bytes = b""
    stderr: bytes = b""


def run_once(
    argv: Sequence[str | bytes],
    *,
    deadline_s: float,
    stdin: bytes | None = None,
    environ: Mapping[str, str] | None = None,
) -> Finished:
    """Run *argv* and wait for it, at most *deadline_s*. Never raises for what it does.

    *stdin*: what it reads; None is nothing. *environ*: in place of ours with English messages.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin or b"",
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"} if environ is None else dict(environ),
            timeout=deadline_s,
            check=False,
        )
    except FileNotFoundError as error:
        return Finished(code=127, stderr=os.fsencode(str(error)))
    except OSError as error:
        return Finished(code=126, stderr=os.fsencode(str(error)))
    except subprocess.TimeoutExpired:
        return Finished(code=124)
    return Finished(code=done.returncode, stdout=done.stdout, stderr=done.stderr)
