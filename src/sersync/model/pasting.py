"""Commands for people to paste into a shell. Pure."""

from __future__ import annotations

import shlex
from typing import Final

from sersync.model.path import printable

_PLAIN: Final = frozenset(range(0x20, 0x7F)) - frozenset(b"\\'")


def word(value: str | bytes) -> str:
    r"""Return *value* as one word of a shell; bytes that do not show are written ``$'\xNN'``."""
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    text = raw.decode("utf-8", "surrogateescape")
    if printable(text) == text:
        return shlex.quote(text)
    escaped = "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in raw)
    return f"$'{escaped}'"


def command_line(*words: str | bytes) -> str:
    """Return the command of *words* as a line to paste."""
    return " ".join(map(word, words))


def own_command(*words: str, state_dir: str) -> str:
    """Return a command of sersync as a line to paste, which reaches the daemon of *state_dir*.

    That is always named: others may run here too, and be found instead.
    """
    where = ("--state-dir", state_dir) if state_dir else ()
    return command_line("sersync", *words, *where)


def resume_command(state_dir: str, source: str, target: str = "", *, confirm: bool) -> str:
    """Return the command by which a person lets a source, or one target of it, go on."""
    words = [*(["--confirm"] if confirm else []), "--source", source]
    words += ["--target", target] if target else []
    return own_command("resume", *words, state_dir=state_dir)


def until_resumed(remedy: str, command: str) -> str:
    """Return *remedy* with how what stands still goes on after it, by the *command* of resume."""
    still = "It stands still until you let it go on (a restart or a SIGHUP does that too)"
    return f"{remedy} {still}: {command}".strip()


def beside(remedy: str, *commands: str) -> str:
    """Return *remedy* without the *commands* that are shown below it anyway."""
    for command in filter(None, commands):
        remedy = remedy.replace(command, "the command below")
    return remedy
