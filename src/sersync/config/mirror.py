"""The settings of ``sersync mirror``: one source and its targets, said on a command line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from sersync.config.across import check_across, source_complaint
from sersync.config.findings import Findings
from sersync.config.lenient import to_look_at
from sersync.config.mistakes import mistakes_of
from sersync.config.places import default_state_dir, digest
from sersync.config.positions import Path
from sersync.config.resolve import resolve
from sersync.config.schema import Document
from sersync.config.toml import Loaded, surroundings
from sersync.errors import Mistake, SourceError, UsageError
from sersync.model.address import without_password
from sersync.model.endpoint import parse_endpoint
from sersync.model.pasting import word
from sersync.model.path import printable
from sersync.model.target import RemoteShell, RsyncModule
from sersync.model.written import Written

_REMOTE = re.compile(r"[^/]*:|[^/]*@|[~\[\s]")
"""What is no directory here: a colon before any slash means another host, as in rsync(1),
"GENERAL". The others look like slips, and the endpoint's parser explains them; a directory of
such a name is spelled with ``./`` before it."""

_OPTION_OF: Final = {
    "password_file": "--password-file",
    "ca_file": "--ca-file",
    "rsync_options": "--rsync-option",
    "max_delete": "--max-delete",
    "state_dir": "--state-dir",
    "listen": "--listen",
    "token_file": "--token-file",
    "port": "--port",
    "rsh": "--rsh",
    "identity": "--identity",
    "exclude": "--exclude",
    "bandwidth": "--bandwidth",
    "name": "--name",
    "root": "SRC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRequest:
    """What was typed. Paths may be relative to the working directory; "" and None are unset."""

    source: str
    targets: tuple[str, ...]
    name: str = ""
    exclude: tuple[str, ...] = ()
    rsync_options: tuple[str, ...] = ()
    delete: bool = True
    max_delete: str = ""
    bandwidth: str = ""
    password_file: str = ""
    ca_file: str = ""
    port: int | None = None
    identity: str = ""
    rsh: str = ""
    state_dir: str = ""
    listen: str = ""
    token_file: str = ""


def mirror_settings(
    request: MirrorRequest, environ: Mapping[str, str] = os.environ, *, only_to_look: bool = False
) -> Loaded:
    """Return the settings for *request*.

    *only_to_look*: what this host does not let be used is returned with its mistakes.
    Raises ``SourceError`` for a source that cannot be read, ``UsageError`` for all other
    mistakes, which it names together.
    """
    root = os.path.abspath(request.source) if request.source else ""
    if complaint := _complaint(request.source, root):
        raise SourceError(complaint, hint="name the directory whose contents are to be mirrored")
    targets = [_absolute(target) for target in request.targets]
    findings = Findings(lambda path: _place(path, request))
    raw = _document(request, root, targets)
    for key in ("password_file", "ca_file", "port", "rsh", "identity"):
        if getattr(request, key) and not any(_takes(key, target) for target in targets):
            findings.mistake((key,), "no DEST is reached in a way that needs it", "leave it out")
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        findings.mistakes += mistakes_of(error, findings.place_of)
        raise _refusal(findings.mistakes) from error
    resolved = resolve(
        document,
        surroundings=surroundings(environ),
        findings=findings,
        written=Written.COMMAND_LINE,
    )
    can_be_looked_at = only_to_look and not findings.mistakes
    check_across(resolved, findings)
    if can_be_looked_at:
        resolved = to_look_at(resolved, findings)
    else:
        for index, target in enumerate(targets):
            _check_parent(("source", 0, "target", index, "to"), target, findings)
        if findings.mistakes:
            raise _refusal(findings.mistakes)
    instance = f"mirror-{digest(os.path.realpath(root), *targets)}"
    state_dir = os.path.abspath(request.state_dir) if request.state_dir else ""
    settings = replace(
        resolved.settings, state_dir=state_dir or default_state_dir(instance, environ)
    )
    return Loaded(settings=settings, warnings=tuple(findings.warnings), mistakes=resolved.mistakes)


def _complaint(source: str, root: str) -> str:
    """Return why *source*, which is *root* in full, cannot be read, or an empty string."""
    if not root:
        return "SRC is empty"
    complaint = source_complaint(os.fsencode(root))
    if complaint and (shown := without_password(source)) != source:
        return f"{printable(shown)} is not a directory of this host"
    return complaint


def _absolute(target: str) -> str:
    return target if not target or _REMOTE.match(target) else os.path.abspath(target)


def _takes(key: str, target: str) -> bool:
    """Tell whether the setting *key* means something for the endpoint that *target* spells."""
    kinds = {
        "password_file": RsyncModule,
        "port": RsyncModule | RemoteShell,
        "rsh": RemoteShell,
        "identity": RemoteShell,
    }
    try:
        endpoint = parse_endpoint(target)
    except ValueError:
        return True  # the address itself is the mistake, and is said elsewhere
    if key == "ca_file":
        return isinstance(endpoint, RsyncModule) and endpoint.tls
    return isinstance(endpoint, kinds[key])


def _document(request: MirrorRequest, root: str, targets: list[str]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"delete": request.delete}
    if request.max_delete:
        defaults["max_delete"] = request.max_delete
    if request.bandwidth:
        defaults["bandwidth"] = request.bandwidth
    if request.rsync_options:
        defaults["rsync_options"] = ["--archive", *request.rsync_options]
    source = {
        "root": root,
        "exclude": list(request.exclude),
        "target": [_target(request, target) for target in targets],
    }
    if request.name:
        source["name"] = request.name
    api = {"listen": request.listen}
    if request.token_file:
        api["token_file"] = os.path.abspath(os.path.expanduser(request.token_file))
    return {"defaults": defaults, "source": [source], "api": api}


def _target(request: MirrorRequest, target: str) -> dict[str, Any]:
    table: dict[str, Any] = {"to": target}
    by_shell = _takes("identity", target)
    if request.password_file and _takes("password_file", target):
        table["password_file"] = os.path.abspath(request.password_file)
    if request.ca_file and _takes("ca_file", target):
        table["ca_file"] = os.path.abspath(os.path.expanduser(request.ca_file))
    if by_shell and request.rsh:
        table["rsh"] = request.rsh
    if by_shell and (request.port or request.identity):
        identity = os.path.abspath(os.path.expanduser(request.identity)) if request.identity else ""
        table["ssh"] = {"port": request.port, "identity": identity}
    elif request.port and _takes("port", target):
        table["port"] = request.port
    return table


def _check_parent(path: Path, target: str, findings: Findings) -> None:
    """Note a local target that rsync could not create: it makes one directory, not several."""
    above = os.path.dirname(target)
    if target.startswith("/") and not os.path.isdir(target) and not os.path.isdir(above):
        findings.mistake(
            path,
            f"{above} does not exist",
            f"mkdir -p {word(above)}; for a host, write host::module or host:/path",
        )


def _place(path: Path, request: MirrorRequest) -> str:
    """Say where on the command line the setting at *path* stands."""
    numbers = [part for part in path if isinstance(part, int)]
    last = next((part for part in reversed(path) if isinstance(part, str)), "")
    if option := _OPTION_OF.get(last):
        return option
    if len(numbers) > 1:
        return f"DEST {numbers[1] + 1}" if len(request.targets) > 1 else "DEST"
    return "SRC"


def _refusal(mistakes: list[Mistake]) -> UsageError:
    """Return all *mistakes* as one error; the same one about several targets is said once."""
    lines = dict.fromkeys(
        f"{mistake.place}: {mistake.message}"
        + (f" ({mistake.suggestion})" if mistake.suggestion else "")
        for mistake in mistakes
    )
    return UsageError("\n".join(lines))
