"""``python -m sersync``, with the test's home in place of the system's directories.

Else a command of root's would leave its state in ``/var/lib``, and see what runs there.
"""

from __future__ import annotations

import os

from sersync.cli.main import main
from sersync.config import places


def at_home() -> None:
    """Run the command line."""
    for name in ("SYSTEM_STATE", "SYSTEM_RUNTIME", "SYSTEM_LOG"):
        place = os.path.join(os.environ["HOME"], getattr(places, name).lstrip("/"))
        setattr(places, name, place)
    main()


if __name__ == "__main__":
    at_home()
