"""What settings are called where people have written them. Pure."""

from __future__ import annotations

from enum import Enum


class Written(Enum):
    """In which form a daemon was told its settings; a remedy has to name them in that form."""

    TOML = "sersync.toml"
    CONFXML = "confxml.xml"
    COMMAND_LINE = "command line"

    @property
    def listen(self) -> str:
        """Return where the address of the page stands."""
        match self:
            case Written.TOML:
                return "listen in [api]"
            case Written.CONFXML:
                return "port of <host>"
            case Written.COMMAND_LINE:
                return "--listen"

    def allows_deletions(self, target: str, entries: int) -> str:
        """Return what to write so that *entries* may be deleted on *target* without a question."""
        match self:
            case Written.TOML:
                return f'set max_delete of {target} to {entries} or more, or to "off"'
            case Written.CONFXML:
                return (
                    f"add --max-delete={entries}, or more, to the params of <commonParams>; for"
                    f" {target} alone, or without a limit, that needs a sersync.toml (sersync"
                    " convert)"
                )
            case Written.COMMAND_LINE:
                return f"start it with --max-delete {entries} or more, or with --max-delete off"
