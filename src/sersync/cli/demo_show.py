"""The acts of the demo, each measured, and what is said about them."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.markup import escape

from sersync.cli.compare import Comparison, compare_trees
from sersync.model.figures import count, size, span
from sersync.model.pasting import word
from sersync.model.status import TargetState, TargetStatus

if TYPE_CHECKING:
    from rich.console import Console

    from sersync.cli.demo import Stage
    from sersync.daemon.app import Daemon

_POLL_S: Final = 0.0002
_DEADLINE_S: Final = 30.0
_WIDTH: Final = 58
_SECTIONS: Final = ("articles", "images", "pages", "styles")


def plant(root: Path) -> None:
    """Create a small web site below *root*."""
    for section in _SECTIONS:
        directory = root / section
        directory.mkdir(parents=True)
        for number in range(50):
            (directory / f"{number:03}.html").write_text(f"<p>{section} {number}</p>\n" * 40)
    (root / "index.html").write_text("<h1>It works, version 1</h1>\n")
    (root / "current").symlink_to("pages")


class DidNotArrive(Exception):
    """A change has not arrived in time: the demo ends here."""


class Show:
    """Plays the acts one after the other. For one thread."""

    def __init__(self, stage: Stage, daemon: Daemon, console: Console, pace_s: float) -> None:
        """Prepare to play; *pace_s*: how long each line is left to be read."""
        self._stage = stage
        self._daemon = daemon
        self._console = console
        self._pace_s = pace_s

    def introduce(self) -> None:
        """Say what stands where."""
        say = partial(self._console.print, soft_wrap=True)
        say("\n[bold]sersync demo[/]: changes to a directory tree arrive at a real rsync daemon\n")
        say(f"  source  {self._stage.source}", markup=False)
        say(f"  target  {self._stage.url}", markup=False, style="cyan")
        say(f"          serving {self._stage.target}, with a generated password\n", style="dim")

    def run(self) -> bool:
        """Start the daemon and play everything; tell whether both trees are the same at the end."""
        try:
            self._first_pass()
            self._small_changes()
            self._directory()
            self._outage()
        except DidNotArrive:
            self._apologise()
            return False
        return self._finale()

    def invite(self) -> None:
        """Say what can be tried while it keeps running."""
        say = partial(self._console.print, soft_wrap=True)
        say("\nStill running. In another terminal:\n")
        for line in (
            f"echo hello > {word(str(self._stage.source / 'hello.txt'))}",
            f"ls -l {word(str(self._stage.target))}",
            f"{_own_name()} status --state-dir {word(str(self._stage.state))}",
        ):
            say(f"    {line}", style="cyan", markup=False)
        say("\nCtrl-C ends it and removes the directory.")

    def thank(self) -> None:
        """Say that it ends."""
        self._console.print("\nStopped; the directory is removed.")

    def _first_pass(self) -> None:
        expected = [path.relative_to(self._stage.source) for path in self._stage.source.rglob("*")]
        self._act(f"first full pass: {count(len(expected))} files and directories")
        began = time.monotonic()
        self._daemon.start()
        self._await(self._all_there(expected))
        self._took(time.monotonic() - began)

    def _small_changes(self) -> None:
        source, target = self._stage.source, self._stage.target
        news = b"<h1>News</h1>\n"
        self._measured(
            "create  articles/news.html",
            lambda: (source / "articles/news.html").write_bytes(news),
            lambda: _holds(target / "articles/news.html", news),
        )
        edited = b"<h1>It works, version 2</h1>\n"
        self._measured(
            "edit    index.html, to the same size",
            lambda: (source / "index.html").write_bytes(edited),
            lambda: _holds(target / "index.html", edited),
        )
        self._measured(
            "rename  articles/news.html to articles/yesterday.html",
            lambda: (source / "articles/news.html").rename(source / "articles/yesterday.html"),
            lambda: (
                _holds(target / "articles/yesterday.html", news)
                and not (target / "articles/news.html").exists()
            ),
        )
        self._measured(
            "delete  pages/007.html",
            (source / "pages/007.html").unlink,
            lambda: not (target / "pages/007.html").exists(),
        )
        self._measured(
            "link    current, from pages to articles",
            lambda: _point(source / "current", "articles"),
            lambda: os.readlink(target / "current") == "articles",
        )

    def _directory(self) -> None:
        copy = self._stage.source / "archive"
        originals = [*self._stage.source.glob("*/*.html")]
        prepared = self._stage.top / "prepared"
        for original in originals:
            new = prepared / original.relative_to(self._stage.source)
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(original, new)
        expected = [path.relative_to(prepared) for path in prepared.rglob("*")]
        self._measured(
            f"copy    a directory of {count(len(originals))} files in",
            lambda: shutil.copytree(prepared, copy),
            self._all_there([Path("archive") / path for path in expected]),
        )

    def _outage(self) -> None:
        source, target = self._stage.source, self._stage.target
        self._act("stop    the target; meanwhile create, edit, delete")
        self._stage.target_daemon.stop()
        late = b"written while the target was down\n"
        (source / "late.html").write_bytes(late)
        (source / "index.html").write_bytes(late)
        (source / "styles/001.html").unlink()
        self._await(lambda: self._status().state is TargetState.BACKING_OFF)
        status = self._status()
        waiting = status.pending + status.in_flight
        self._console.print(f"[yellow]{status.state.value}[/], {count(waiting)} pending")
        self._act("start   the target again; all of it arrives")
        began = time.monotonic()
        self._stage.target_daemon.start()
        self._await(
            lambda: (
                _holds(target / "late.html", late)
                and _holds(target / "index.html", late)
                and not (target / "styles/001.html").exists()
            )
        )
        self._took(time.monotonic() - began)

    def _finale(self) -> bool:
        self._act("compare both trees, byte by byte, with all attributes")
        result = self._compared()
        say = partial(self._console.print, soft_wrap=True)
        if result.differences:
            say("[bold red]different[/]\n")
            for line in result.differences[:10]:
                say(f"    {line}", markup=False)
            say(f"\n[bold red]✗ {count(len(result.differences))} differences.[/]")
            return False
        say("[green]identical[/]")
        say(
            f"\n[bold green]✓ {count(result.entries)} files and directories,"
            f" {size(result.bytes)}: source and target are the same.[/]"
        )
        say(f"  Now with a tree of yours:  [bold]{escape(_own_name())} mirror SRC DEST[/]\n")
        return True

    def _apologise(self) -> None:
        status = self._status()
        say = partial(self._console.print, soft_wrap=True)
        say("[bold red]it did not arrive[/]")
        say(f"\n[bold red]✗ The target is {status.state.value}.[/]")
        if status.reason is not None:
            say(f"  {status.reason.message}. {status.reason.remedy}", markup=False)

    def _compared(self) -> Comparison:
        """Compare until both are the same: attributes of directories follow their entries."""
        deadline = time.monotonic() + 5.0
        while True:
            source, target = self._stage.source, self._stage.target
            result = compare_trees(os.fsencode(source), os.fsencode(target))
            if not result.differences or time.monotonic() > deadline:
                return result
            time.sleep(0.05)

    def _measured(
        self, title: str, change: Callable[[], object], stands: Callable[[], bool]
    ) -> None:
        self._act(title)
        change()
        began = time.monotonic()
        self._await(stands)
        self._took(time.monotonic() - began)

    def _act(self, title: str) -> None:
        """Announce, and leave time to read."""
        self._console.print(f"  {title:<{_WIDTH}}", end="", markup=False, soft_wrap=True)
        time.sleep(self._pace_s)

    def _took(self, seconds: float) -> None:
        self._console.print(f"[bold]{span(seconds):>8}[/]")

    def _await(self, stands: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not stands():
            if time.monotonic() > deadline or self._daemon.crashed.is_set():
                raise DidNotArrive
            time.sleep(_POLL_S)

    def _all_there(self, paths: Iterable[Path]) -> Callable[[], bool]:
        waiting = [os.fspath(self._stage.target / path) for path in paths]

        def stands() -> bool:
            while waiting and os.path.lexists(waiting[-1]):
                waiting.pop()
            return not waiting

        return stands

    def _status(self) -> TargetStatus:
        return self._daemon.status().sources[0].targets[0]


def _holds(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() == content
    except FileNotFoundError:
        return False


def _point(link: Path, to: str) -> None:
    """Let *link* lead elsewhere in one step, as a deployment does."""
    new = link.with_name("current.new")
    new.symlink_to(to)
    new.rename(link)


def _own_name() -> str:
    """Return how a person types our name here: as it was typed, unless the shell finds it."""
    typed = sys.argv[0]
    is_program = os.path.basename(typed) == "sersync"
    return typed if is_program and shutil.which("sersync") is None else "sersync"
