"""A configuration in a file: a sersync.toml, or the confxml.xml of sersync 2."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from sersync.config.places import default_state_dir, digest
from sersync.config.toml import Loaded, decoded_text
from sersync.config.toml import parse as parse_toml
from sersync.errors import ConfigError, Mistake


def load(
    path: str,
    environ: Mapping[str, str] = os.environ,
    *,
    only_plugin: str = "",
    only_to_look: bool = False,
) -> Loaded:
    """Return the settings in the file at *path*; ``ConfigError`` with all mistakes otherwise.

    What begins like XML is read as a confxml.xml; *only_plugin* of it runs, and nothing else.
    *only_to_look*: what can be looked at is returned with its mistakes, unless those keep the file
    from meaning anything. ``RSYNC_PASSWORD`` in *environ* serves rsync daemons that have no
    password file.
    """
    content = read_bytes(path)
    if looks_like_xml(content):
        from sersync.config.confxml.load import parse as parse_confxml
        from sersync.config.confxml.load import parse_plugin_only

        loaded = (
            parse_plugin_only(content, path, only_plugin)
            if only_plugin
            else parse_confxml(content, path, environ, only_to_look=only_to_look)
        )
    elif only_plugin:
        mistake = Mistake(place=path, message="plugins are in a confxml.xml, and this is none")
        raise ConfigError(path, [mistake])
    else:
        text = decoded_text(content, path)
        loaded = parse_toml(text, path, environ, only_to_look=only_to_look)
    real = os.path.realpath(path)
    # A service manager that gives us a directory knows best (systemd.exec(5), StateDirectory=).
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    default = given or default_state_dir(f"run-{digest(real)}", environ)
    state_dir = loaded.settings.state_dir or default
    return replace(loaded, settings=replace(loaded.settings, config_file=real, state_dir=state_dir))


def read_bytes(path: str) -> bytes:
    """Return the content of the file at *path*; ``ConfigError`` if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError(path, [Mistake(place=path, message=error.strerror or "")]) from error


def looks_like_xml(content: bytes) -> bool:
    """Tell whether *content* is meant to be XML: its first character decides."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
