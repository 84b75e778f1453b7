"""What is to be pasted on the source once a target is there. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from sersync.model.pasting import command_line, word
from sersync.model.target import RemoteShell, RsyncModule


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSide:
    """How a source reaches the target, and what it needs for that."""

    endpoint: RsyncModule | RemoteShell
    password: str = ""
    certificate: str = ""
    """In PEM form; "" without TLS."""


def source_side(side: SourceSide) -> Iterator[str]:
    """Yield the lines for the source: commands, then sersync.toml, then confxml.xml."""
    endpoint = side.endpoint
    name = f"{endpoint.host}-{getattr(endpoint, 'module', 'copy')}".replace("/", "-")
    password_file, ca_file = f"/etc/sersync/{name}.password", f"/etc/sersync/{name}.pem"
    options = []
    if side.password or side.certificate:
        yield "install -d -m 755 /etc/sersync"
    if side.password:
        yield f"install -m 600 /dev/null {word(password_file)}"
        yield f"printf '%s\\n' {word(side.password)} > {word(password_file)}"
        options += ["--password-file", password_file]
    if side.certificate:
        yield f"cat > {word(ca_file)} <<'END'"
        yield from side.certificate.strip().splitlines()
        yield "END"
        options += ["--ca-file", ca_file]
    yield ""
    yield "# Try it:"
    yield command_line("sersync", "mirror", "/srv/tree", str(endpoint), *options)
    yield ""
    yield "# Or in sersync.toml:"
    yield "[[source]]"
    yield 'root = "/srv/tree"'
    yield "[[source.target]]"
    yield f"to = {_toml(str(endpoint))}"
    if side.password:
        yield f"password_file = {_toml(password_file)}"
    if side.certificate:
        yield f"ca_file = {_toml(ca_file)}"
    yield ""
    yield from _confxml(endpoint, password_file if side.password else "")


def _toml(text: str) -> str:
    """Return *text* as a string of TOML: as one of JSON, but for a byte that only TOML escapes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _confxml(endpoint: RsyncModule | RemoteShell, password_file: str) -> Iterator[str]:
    if isinstance(endpoint, RsyncModule) and endpoint.tls:
        yield "# confxml.xml knows no TLS: sersync convert makes a sersync.toml of it."
        return
    name = endpoint.module if isinstance(endpoint, RsyncModule) else endpoint.path
    yield "# Or in confxml.xml:"
    yield '<localpath watch="/srv/tree">'
    yield f"    <remote ip={quoteattr(endpoint.host)} name={quoteattr(name)}/>"
    yield "</localpath>"
    yield "<rsync>"
    yield '    <commonParams params="-artuz"/>'
    if isinstance(endpoint, RemoteShell):
        user = f" user={quoteattr(endpoint.user)}" if endpoint.user else ""
        yield f'    <ssh start="true"{user}/>'
    elif password_file:
        users, file = quoteattr(endpoint.user), quoteattr(password_file)
        yield f'    <auth start="true" users={users} passwordfile={file}/>'
    if isinstance(endpoint, RsyncModule) and endpoint.port != 873:
        yield f'    <userDefinedPort start="true" port="{endpoint.port}"/>'
    yield "</rsync>"
