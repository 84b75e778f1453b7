"""The manual page and the completions of ``sersync2``, made from its help. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sersync.cli.legacy import HELP, NAME, PLUGINS
from sersync.cli.manual import Page, Word, manual

_OPTION: Final = re.compile(r"^  (-\w)(?: (\w+))? +(\S.*)$", re.MULTILINE)
_MADE: Final = "Made by `python -m sersync.cli.reference`; do not edit."


def legacy_page() -> Page:
    """Return ``sersync2`` as a command like the others."""
    options = tuple(
        Word(names=(name,), value=value, help=f"{said[0].upper()}{said[1:]}.", is_option=True)
        for name, value, said in _OPTION.findall(HELP)
    )
    _, _, *more = HELP.strip().split("\n\n")
    summary = "The command line of sersync 2.5, for scripts that have it."
    return Page(words=(NAME,), help="\n\n".join([summary, *more]), options=options)


def legacy_documents() -> dict[str, str]:
    """Return every generated file for ``sersync2`` by its path in the project."""
    page = legacy_page()
    return {
        f"man/{NAME}.1": manual(page, []),
        f"completions/{NAME}.bash": _bash(page),
        f"completions/_{NAME}": "\n".join(_zsh(page)) + "\n",
        f"completions/{NAME}.fish": "\n".join(_fish(page)) + "\n",
    }


def _bash(page: Page) -> str:
    names = " ".join(name for word in page.options for name in word.names)
    return _BASH.format(made=_MADE, name=NAME, names=names, plugins=" ".join(PLUGINS))


def _zsh(page: Page) -> Iterator[str]:
    yield f"#compdef {NAME}"
    yield f"# Completion of {NAME} for zsh. {_MADE}"
    yield ""
    yield "_arguments \\"
    for word in page.options:
        takes = f":{word.value}:{_zsh_values(word)}" if word.value else ""
        yield f"    '{word.names[0]}[{word.help}]{takes}' \\"
    yield "    '*: :'"


def _zsh_values(word: Word) -> str:
    if word.takes_a_path:
        return "_files"
    return f"({' '.join(PLUGINS)})" if word.value == "PLUGIN" else " "


def _fish(page: Page) -> Iterator[str]:
    yield f"# {_MADE}"
    yield f"complete -c {NAME} -f"
    for word in page.options:
        takes = " -r -F" if word.takes_a_path else " -x" if word.value else ""
        if word.value == "PLUGIN":
            takes += f" -a '{' '.join(PLUGINS)}'"
        yield f"complete -c {NAME} -s {word.names[0][1:]}{takes} -d '{word.help}'"


_BASH: Final = """\
# Completion of {name} for bash. {made}

_{name}() {{
    local current=${{COMP_WORDS[COMP_CWORD]}}
    case ${{COMP_WORDS[COMP_CWORD-1]}} in
        -o)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        -m) mapfile -t COMPREPLY < <(compgen -W '{plugins}' -- "$current") ;;
        -n) COMPREPLY=() ;;
        *) mapfile -t COMPREPLY < <(compgen -W '{names}' -- "$current") ;;
    esac
}}

complete -F _{name} {name}
"""
