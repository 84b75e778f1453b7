"""Which kinds of change are carried when they happen."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Trigger(Enum):
    """A kind of change. One that is switched off waits for the next full pass.

    It goes earlier where its directory is compared for another reason: of a run that was cut off
    nobody knows the end, so the directories that it wrote to are.

    Symlinks, devices and further names of a file are never closed, so they are carried when they
    are made, whatever is switched off.
    """

    DELETE = "delete"
    """A name was removed."""
    CREATE_DIRECTORY = "create-directory"
    """A directory was made. Switched off, nothing below a new one is watched either."""
    CREATE_FILE = "create-file"
    """A file was made that its creator has not closed yet."""
    CLOSE = "close"
    """A file was closed by somebody who could write to it."""
    MOVE_FROM = "move-from"
    """A name was moved away."""
    MOVE_TO = "move-to"
    """A name was moved here."""
    ATTRIBUTES = "attributes"
    """Mode, owner, times or extended attributes changed."""
    MODIFY = "modify"
    """A file is being written: it is carried now and then while it stays open."""


EVERY_TRIGGER: Final = frozenset(Trigger)
