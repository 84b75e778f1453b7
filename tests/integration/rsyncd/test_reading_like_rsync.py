"""The reader of rsyncd.conf against the real daemon: which modules there are, and what is in them.

The daemon reads its configuration anew for every connection, so one daemon judges all examples.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sersync.linux.service import Service
from sersync.rsyncd.host import ThisHost
from sersync.rsyncd.reading import Configuration, read_configuration
from sersync.rsyncd.running import reserve_port
from tests.support.trees import wait_until

NAMES = ("a", "b", "A", "a b", " a  b", "c d]e", "", "global", "x/y", "é", "\udcff")
DIRECTORIES = ("one", "two", "with blank", "none")


class Judge:
    """A real daemon that is asked what it makes of a text."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.file = home / "rsyncd.conf"
        for name in DIRECTORIES[:-1]:
            (home / name).mkdir()
            (home / name / f"in {name}").touch()
        self.file.write_text("")
        # Kept until the end, or another test's daemon may get it and answer in place of ours.
        self._reserved = reserve_port()
        self._port = int(self._reserved.getsockname()[1])
        self.service = Service(
            [
                *("rsync", "--daemon", "--no-detach", "--address=127.0.0.1"),
                *(f"--port={self._port}", f"--config={self.file}", "--log-file=/dev/null"),
            ]
        )
        self.service.start()
        wait_until(lambda: self._ask("").returncode == 0)

    def modules(self, text: str) -> dict[str, str] | None:
        """Return the listed modules with their comments; None when the daemon refuses the text."""
        self.file.write_bytes(os.fsencode(text))
        asked = self._ask("")
        if asked.returncode:
            return None
        rows = os.fsdecode(asked.stdout).splitlines()
        return {
            name.rstrip(" "): comment for name, _, comment in (row.partition("\t") for row in rows)
        }

    def contents(self, module: str) -> set[str] | None:
        """Return the names at the top of *module*; None when it cannot be entered."""
        asked = self._ask(f"{module}/")
        if asked.returncode:
            return None
        rows = os.fsdecode(asked.stdout).splitlines()
        return {row.split(maxsplit=4)[4] for row in rows} - {"."}

    def close(self) -> None:
        """End the daemon and give the port back."""
        self.service.stop()
        self._reserved.close()

    def _ask(self, path: str) -> subprocess.CompletedProcess[bytes]:
        url = f"rsync://127.0.0.1:{self._port}/{path}"
        return subprocess.run(["rsync", "-8", "--contimeout=5", url], capture_output=True)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed (apt-get install rsync)")
    judge = Judge(tmp_path_factory.mktemp("judge"))
    yield judge
    judge.close()


def assert_alike(judge: Judge, text: str) -> Configuration:
    theirs = judge.modules(text)
    ours = read_configuration(os.fspath(judge.file), ThisHost())
    if ours.is_broken:
        assert not theirs
        return ours
    listed = [module for module in ours.modules if module.flag("list") == "yes"]
    assert theirs == {module.served_as: module.text("comment") for module in listed}
    for module in ours.modules:
        path = module.text("path")
        inside = set(os.listdir(path)) if path.startswith("/") and os.path.isdir(path) else None
        assert judge.contents(module.served_as) == inside
    return ours


def lines(home: Path) -> st.SearchStrategy[str]:
    blank = st.sampled_from(["", " ", "\t", "  \\\n ", "\r"])
    paths = st.sampled_from([f"{home}/{name}" for name in DIRECTORIES])
    settings_ = st.one_of(
        paths.map(lambda path: f"path = {path}"),
        paths.map(lambda path: f"PA TH={path}//"),
        st.sampled_from(
            ["list = no", "LIST = Yes", "list = maybe", "list =", "list", "name = z", "comment = x"]
        ),
        st.text("ab#;=[]\\ \t", max_size=6).map(lambda text: f"comment = {text}"),
        st.sampled_from(
            ["port = 1", "# c", "; c \\", "disable = no", "\\", "\\[a]", "\\ # c", " "]
        ),
        st.sampled_from(["&include", "&merge", "&include =", "& merge", "&nothing"]).flatmap(
            lambda word: st.sampled_from(
                [f"{word} {home}/{name}" for name in ("in.conf", "d", "no")]
            )
        ),
    )
    headers = st.sampled_from(NAMES).map(lambda name: f"[{name}]")
    line = st.one_of(headers, settings_, st.text("a =[]&#\\", max_size=5))
    return st.tuples(blank, line, blank).map("".join)


def texts(home: Path) -> st.SearchStrategy[str]:
    return st.lists(lines(home), max_size=9).map("\n".join)


# Each example asks a real daemon several times: few in each run, others in the next.
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_written_means_what_the_daemon_takes_it_for(
    judge: Judge, data: st.DataObject
) -> None:
    (judge.home / "d").mkdir(exist_ok=True)
    for name in ("in.conf", "d/b.conf", "d/a.conf", "d/x.inc"):
        (judge.home / name).write_bytes(os.fsencode(data.draw(texts(judge.home), label=name)))
    text = data.draw(texts(judge.home), label="rsyncd.conf")

    assert_alike(judge, text)


EXAMPLES = {
    "two modules": "[a]\npath = {home}/one\ncomment = first\n[b]\npath = {home}/two\nlist = no\n",
    "defaults": "list = no\npath = {home}/one\n[a]\n[b]\nlist = yes\n[global]\nlist = yes\n[c]\n",
    "continued": "[a]\npath = {home}/wi\\\nth blank\ncomment = a \\\n\\\n b\n",
    "trailing": "[a]\npath = {home}/one // \ncomment = \\\n",
    "spaces": "[ a \t b ] rest\nP A T H={home}/one\r\ncomment = x \\ \n\n[c]\npath = {home}/two\n",
    "reopened": "[a]\ncomment = x\n[b]\npath = {home}/two\n[ A ]\npath = {home}/one\n",
    "no equals": "[a]\npath = {home}/one\ncomment\nlist\n",
    "renamed": "[a]\npath = {home}/one\nname = other\n",
    "bad values": "[a]\npath = {home}/one\nlist = nope\n[b]\npath = {home}/two\nlist = 0\n",
    "unclosed": "[a]\npath = {home}/one\n[b\n",
    "zero": "[a]\npath = {home}/one\n\0[b]\npath = {home}/two\n",
    "split path": "[a]\npath = {home}/./one\nuse chroot = no\n",
    "no end": "[a]\npath = {home}/one",
    "include": "comment = x\n&include {home}/in.conf\n[z]\npath = {home}/one\n",
    "late": "[a]\npath = {home}/one\n[global]\ncomment = late\nlist = no\n",
    "late, set before": "comment = x\n[a]\npath = {home}/one\n[global]\ncomment = late\n",
    "after an include": "[a]\n&include {home}/in.conf\npath = {home}/one\ncomment = late\n",
    "merge": "&merge {home}/in.conf\ncomment = merged\n",
    "missing": "[a]\npath = {home}/one\n&include {home}/no-such-file\n",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_people_write_means_what_the_daemon_takes_it_for(judge: Judge, name: str) -> None:
    (judge.home / "in.conf").write_text(f"list = yes\n[in]\npath = {judge.home}/two\n")

    assert_alike(judge, EXAMPLES[name].replace("{home}", os.fspath(judge.home)))
