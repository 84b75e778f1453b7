"""What a person can do about a single path."""

from __future__ import annotations

import pytest

from sersync.model.batch import Stage
from sersync.model.path import RelPath
from sersync.model.target import LocalDirectory, Target
from sersync.transfer.trouble import find_trouble


@pytest.mark.parametrize("error", [b"Operation not permitted (1)", b"Read-only file system (30)"])
@pytest.mark.parametrize(
    ("line", "stage"),
    [
        (b'rsync: [receiver] rename "/copy/.f.aBcDeF" -> "f" failed: ', Stage.WRITE),
        (b"rsync: [generator] delete_file: unlink(f) failed: ", Stage.DELETE),
    ],
)
def test_a_refusal_of_the_file_system_comes_with_what_to_do(
    line: bytes, stage: Stage, error: bytes
) -> None:
    target = Target(name="copy", endpoint=LocalDirectory(path=b"/copy"))
    found = find_trouble(line + error + b"\n", b"", target=target, root=b"/srv")

    problem = found.problems[RelPath(b"f")]
    assert problem.stage is stage
    assert problem.remedy
