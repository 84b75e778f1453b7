"""``sersync doctor``: this host, the sources and the targets, looked at before they fail."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Final

from typer import Option

from sersync.cli.options import Config

if TYPE_CHECKING:
    from sersync.config.toml import Loaded
    from sersync.doctor.finding import Finding
    from sersync.model.target import Settings, Source, Target

_MARKS: Final = {"ok": "green", "warning": "yellow", "failure": "bold red", "skipped": "dim"}


def doctor(
    config: Config = "",
    target: Annotated[
        list[str] | None,
        Option("--target", metavar="DEST", help="Try this target; repeatable."),
    ] = None,
    source: Annotated[str, Option(metavar="SRC", help="Look at this directory as a source.")] = "",
    password_file: Annotated[
        str, Option(metavar="FILE", help="For --target; or set RSYNC_PASSWORD.")
    ] = "",
    ca_file: Annotated[str, Option(metavar="FILE", help="For --target with TLS.")] = "",
    port: Annotated[int | None, Option(metavar="N", help="For --target.")] = None,
    identity: Annotated[str, Option(metavar="FILE", help="For --target: the ssh key.")] = "",
    rsh: Annotated[str, Option(metavar="COMMAND", help="For --target: in place of ssh.")] = "",
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
    bundle: Annotated[
        str,
        Option(metavar="FILE.tar.gz", help="Write what a helper must see, secrets masked."),
    ] = "",
) -> int:
    """Say what is wrong with this host, the sources and the targets, and how to mend it.

    Each target is tried with a small directory that is removed again. Exit: 0 fine, 1 warnings,
    2 failures.
    """
    from sersync.doctor.examine import examine
    from sersync.doctor.report import code_of, document, summary
    from sersync.doctor.settings_checks import check_settings

    loaded = _loaded(config) if config else None
    settings = loaded.settings if loaded else None
    asked = _asked_for(target or [], password_file, ca_file, port, identity, rsh)
    typed = [each for one in asked.settings.sources for each in one.targets] if asked else []
    mistakes = [mistake for one in (loaded, asked) if one for mistake in one.mistakes]
    sources = _sources(settings, source)
    targets = [each for one in settings.sources for each in one.targets] if settings else []
    targets += typed
    state_dir = settings.state_dir if settings else _state_base()
    found = chain(check_settings(mistakes), examine(sources, targets, state_dir=state_dir))
    findings = list(found) if json else _shown(found)
    if json:
        print(json_module.dumps(document(findings)))
    else:
        print(summary(findings))
    if bundle:
        _bundle(bundle, findings, targets, config, settings.state_dir if settings else "")
    return code_of(findings)


def _loaded(config: str) -> Loaded:
    from sersync.cli.messages import warn
    from sersync.config.file import load

    loaded = load(config, only_to_look=True)
    warn(loaded.warnings)
    return loaded


def _sources(settings: Settings | None, typed: str) -> list[Source]:
    from sersync.model.target import Source as SourceNoun

    sources = list(settings.sources) if settings else []
    if typed:
        root = os.path.abspath(typed)
        sources.append(SourceNoun(name=typed, root=os.fsencode(root), targets=()))
    return sources


def _asked_for(
    targets: list[str], password_file: str, ca_file: str, port: int | None, identity: str, rsh: str
) -> Loaded | None:
    """Return what the command line says of targets, by the rules of ``sersync mirror``."""
    if not targets:
        return None
    import tempfile

    from sersync.cli.messages import warn
    from sersync.config.mirror import MirrorRequest, mirror_settings

    # A source that is none of theirs: what is checked here is the targets' side.
    with tempfile.TemporaryDirectory(prefix="sersync-doctor-") as nothing:
        loaded = mirror_settings(
            MirrorRequest(
                source=nothing,
                targets=tuple(targets),
                password_file=password_file,
                ca_file=ca_file,
                port=port,
                identity=identity,
                rsh=rsh,
            ),
            only_to_look=True,
        )
    warn(loaded.warnings)
    return loaded


def _state_base() -> str:
    from sersync.config.places import state_base

    return state_base(os.environ)


def _shown(findings: Iterable[Finding]) -> list[Finding]:
    """Print each finding as it comes: a target that hangs must not hide the others."""
    from sersync.doctor.report import text_of

    seen: list[Finding] = []
    if not sys.stdout.isatty():
        for each in findings:
            print("\n".join(text_of(each, is_first=_begins(each, seen))), flush=True)
            seen.append(each)
        return seen
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for each in findings:
        if _begins(each, seen):
            console.print(Text(each.subject, style="bold"))
        said = Text(each.message)
        if each.remedy:
            said.append(f"\n{each.remedy}")
        if each.command:
            said.append(f"\n$ {each.command}", style="dim")
        row = Table.grid(padding=(0, 2))
        row.add_column(width=8, no_wrap=True)
        row.add_column(width=17, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(Text(each.level.value, style=_MARKS[each.level.value]), each.check, said)
        console.print(Padding(row, (0, 0, 0, 2)))
        seen.append(each)
    return seen


def _begins(finding: Finding, before: list[Finding]) -> bool:
    """Tell whether *finding* is the first about its subject."""
    return not before or before[-1].subject != finding.subject


def _bundle(
    file: str, findings: list[Finding], targets: list[Target], config: str, state_dir: str
) -> None:
    from sersync.cli.instances import ask_instances
    from sersync.doctor.bundle import (
        contents,
        log_files,
        secret_headers,
        secrets_of,
        write_bundle,
    )
    from sersync.errors import UsageError

    # The one that is meant may keep its state where no other one is looked for.
    answers = [
        each for place in dict.fromkeys((state_dir, "")) for each in ask_instances(place).documents
    ]
    statuses = list({each["pid"]: each for each in answers}.values())
    logs = log_files(config, [each["pid"] for each in statuses], os.environ)
    texts = contents(findings, config_file=config, statuses=statuses, logs=logs)
    secrets = secrets_of(targets, os.environ) | (secret_headers(config) if config else set())
    try:
        names = write_bundle(file, texts, secrets)
    except OSError as error:
        raise UsageError(
            f"the bundle {file} cannot be written: {error.strerror}", hint="Name a new file."
        ) from error
    print(f"{file}: {', '.join(names)}; passwords are masked", file=sys.stderr)
