"""Manual pages, a page of all commands, and completions, made from the commands. Pure.

``python -m sersync.cli.reference`` writes them; a test keeps them current. Pages follow
man-pages(7) and groff_man(7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sersync import __version__
from sersync.cli.examples import EXAMPLES

_FILES: Final = frozenset({"FILE", "DIR", "SRC", "DEST", "FILE.tar.gz", "PATH", "SUBTREE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """An option or an argument of a command, as a person sees it."""

    names: tuple[str, ...]
    """How an option is written; an argument has one name, without dashes."""
    value: str
    """What follows an option; "" for a switch."""
    help: str
    is_option: bool

    @property
    def takes_a_path(self) -> bool:
        """Its value is the name of a file or a directory."""
        return self.value in _FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One command, such as ``sersync target init``."""

    words: tuple[str, ...]
    help: str
    options: tuple[Word, ...]
    below: tuple[str, ...] = ()
    """The names of its own commands."""

    @property
    def example(self) -> str:
        """A line that can be typed; empty where its own commands have theirs."""
        return EXAMPLES.get(" ".join(self.words[1:]), "")

    @property
    def name(self) -> str:
        """The name of its manual page."""
        return "-".join(self.words)


def pages() -> list[Page]:
    """Return every command of ``sersync``, parents before children."""
    from typer.main import get_command

    from sersync.cli.main import app

    return list(_pages(("sersync",), get_command(app)))


def manual(page: Page, every: list[Page]) -> str:
    """Return the manual page of *page* as roff."""
    title = page.name.upper()
    summary, *more = _paragraphs(page.help)
    lines = [
        '.\\" Made by `python -m sersync.cli.reference`; do not edit.',
        f'.TH {_roff(title)} 1 "" "sersync {__version__}" "sersync"',
        ".SH NAME",
        f"{_roff(page.name)} \\- {_roff(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_roff(' '.join(page.words))}",
        *_synopsis(page),
        ".SH DESCRIPTION",
        _roff(summary),
    ]
    for paragraph in more:
        lines += [".PP", _roff(paragraph)]
    if page.below:
        lines.append(".SH COMMANDS")
        for child in every:
            if child.words[:-1] == page.words:
                lines += [".TP", f".BR {_roff(child.name)} (1)", _roff(_paragraphs(child.help)[0])]
    lines += _described("ARGUMENTS", [each for each in page.options if not each.is_option])
    lines += _described("OPTIONS", [each for each in page.options if each.is_option])
    if page.example:
        lines += [".SH EXAMPLE", ".nf", _roff(page.example), ".fi"]
    lines += [".SH SEE ALSO", *_see_also(page)]
    return "\n".join(lines) + "\n"


def commands_page(every: list[Page]) -> str:
    """Return ``docs/commands.md``: every command with its promise and an example."""
    lines = [
        "# Commands",
        "",
        "Each command with one example; `--help` and `man sersync-COMMAND` tell all options.",
        "Those that ask a running instance take `--state-dir DIR` where several run.",
    ]
    for page in every:
        if page.below:
            continue
        lines += ["", f"## `{' '.join(page.words)}`", "", *_paragraphs(page.help)[:1], ""]
        lines += ["```", page.example, "```"]
        lines += [each for more in _paragraphs(page.help)[1:] for each in ("", more)]
    lines += ["", "This page is generated: `python -m sersync.cli.reference`."]
    return "\n".join(lines) + "\n"


def bash(every: list[Page]) -> str:
    """Return the completion for bash: commands, options, and files where an option takes one."""
    cases = "\n".join(
        f"        {_quoted(' '.join(page.words))})\n"
        f"            words={_quoted(' '.join(_completions(page)))}\n"
        f"            paths={_quoted(' '.join(_path_options(page)))} ;;"
        for page in every
    )
    return _BASH.format(cases=cases)


def zsh() -> str:
    """Return the completion for zsh, which can use that of bash."""
    return _ZSH


def fish(every: list[Page]) -> str:
    """Return the completion for fish."""
    return "\n".join(_fish(every)) + "\n"


def documents() -> dict[str, str]:
    """Return every generated file by its path in the project."""
    from sersync.cli.manual_legacy import legacy_documents

    every = pages()
    return {
        **{f"man/{page.name}.1": manual(page, every) for page in every},
        "docs/commands.md": commands_page(every),
        "completions/sersync.bash": bash(every),
        "completions/_sersync": zsh(),
        "completions/sersync.fish": fish(every),
        **legacy_documents(),
    }


def _pages(words: tuple[str, ...], command: Any) -> Iterator[Page]:
    children: dict[str, Any] = getattr(command, "commands", {})
    yield Page(
        words=words,
        help=command.help or "",
        options=tuple(_word(each) for each in command.params if not getattr(each, "hidden", False)),
        below=tuple(children),
    )
    for name, child in children.items():
        if not child.hidden:
            yield from _pages((*words, name), child)


def _word(parameter: Any) -> Word:
    is_option = parameter.param_type_name == "option"
    metavar = parameter.metavar or (parameter.name or "").upper()
    is_switch = is_option and (parameter.is_flag or parameter.count)
    names = (*parameter.opts, *parameter.secondary_opts) if is_option else (metavar,)
    return Word(
        names=tuple(sorted(names, key=lambda name: (len(name), name))),
        value="" if is_switch else metavar,
        help=parameter.help or "",
        is_option=is_option,
    )


def _synopsis(page: Page) -> Iterator[str]:
    if any(each.is_option for each in page.options):
        yield "[\\fIOPTIONS\\fR]"
    for each in page.options:
        if not each.is_option:
            yield f"\\fI{_roff(each.value)}\\fR"
    if page.below:
        yield "\\fICOMMAND\\fR"


def _described(title: str, words: list[Word]) -> Iterator[str]:
    if not words:
        return
    yield f".SH {title}"
    for word in words:
        names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in word.names)
        value = f" \\fI{_roff(word.value)}\\fR" if word.is_option and word.value else ""
        yield ".TP"
        yield names + value
        yield _roff(word.help) or "No more to say."


def _see_also(page: Page) -> Iterator[str]:
    above = "-".join(page.words[:-1]) or "sersync"
    beside = "sersync2" if page.words == ("sersync",) else above
    names = [beside, "rsync", "rsyncd.conf"]
    for index, name in enumerate(names):
        section = "5" if name.endswith(".conf") else "1"
        comma = "," if index + 1 < len(names) else ""
        yield f".BR {_roff(name)} ({section}){comma}"


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()] or [""]


def _roff(text: str) -> str:
    """Return *text* so that roff takes no character of it for its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _completions(page: Page) -> Iterator[str]:
    yield from page.below
    for word in page.options:
        if word.is_option:
            yield from word.names
    yield "--help"


def _path_options(page: Page) -> Iterator[str]:
    """Yield the options whose value is a path, and ``*`` where an argument may be one."""
    for word in page.options:
        if word.takes_a_path:
            yield from word.names if word.is_option else ("ARGUMENT",)


def _fish(every: list[Page]) -> Iterator[str]:
    yield "# Made by `python -m sersync.cli.reference`; do not edit."
    for page in every:
        below = [f"__fish_seen_subcommand_from {name}" for name in page.words[1:]]
        yet = [f"not __fish_seen_subcommand_from {' '.join(page.below)}"] if page.below else []
        when = _quoted("; and ".join([*below, *yet]) or "true")
        for child in every:
            if child.words[:-1] == page.words:
                said = _quoted(_paragraphs(child.help)[0])
                yield f"complete -c sersync -n {when} -f -a {child.words[-1]} -d {said}"
        for word in page.options:
            if not word.is_option:
                continue
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in word.names
            )
            takes = " -r -F" if word.takes_a_path else " -x" if word.value else ""
            yield f"complete -c sersync -n {when} {names}{takes} -d {_quoted(word.help)}"


def _quoted(text: str) -> str:
    """Return *text* as one word of fish, and of bash where no quote or backslash is in it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_BASH: Final = """\
# Completion of sersync for bash. Made by `python -m sersync.cli.reference`; do not edit.

_sersync() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    local command=sersync words='' paths='' index
    # The command is as long as its words are known ones; options may stand between.
    for ((index = 1; index < COMP_CWORD; index++)); do
        _sersync_words "$command"
        case " $words " in
            *" ${{COMP_WORDS[index]}} "*)
                [[ ${{COMP_WORDS[index]}} == -* ]] || command+=" ${{COMP_WORDS[index]}}" ;;
        esac
    done
    _sersync_words "$command"
    if [[ $before == -* && " $paths " == *" $before "* ]] \\
        || [[ $current != -* && " $paths " == *" ARGUMENT "* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
}}

_sersync_words() {{
    words='' paths=''
    case $1 in
{cases}
    esac
}}

complete -F _sersync sersync
"""

_ZSH: Final = """\
#compdef sersync
# Completion of sersync for zsh, by that for bash. Made by `python -m sersync.cli.reference`.

autoload -U +X bashcompinit && bashcompinit
for file in /usr/share/bash-completion/completions/sersync \\
    ${0:A:h}/../../bash-completion/completions/sersync ${0:A:h}/sersync.bash; do
    [[ -r $file ]] && source $file && break
done
"""
