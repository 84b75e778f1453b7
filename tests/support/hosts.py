"""A host made up for lints and plans: files, users and ports that exist nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sersync.rsyncd.lints.finding import FileFacts, SpaceFacts

DIRECTORY = FileFacts(mode=0o755, uid=0, gid=0, is_directory=True)
PRIVATE = FileFacts(mode=0o600, uid=0, gid=0, is_directory=False)
ROOM = SpaceFacts(free_bytes=1 << 40, free_inodes=1 << 20, total_inodes=1 << 21, is_read_only=False)
PASSWORDS = "# passwords\npusher:a-long-password\nother:another-long-one\n"


@dataclass(slots=True, kw_only=True)
class MadeUpHost:
    """Implements ``Host`` and ``Files`` out of dictionaries."""

    is_root: bool = True
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, FileFacts] = field(
        default_factory=lambda: {
            "/srv": DIRECTORY,
            "/srv/copy": DIRECTORY,
            "/srv/other": DIRECTORY,
            "/run": DIRECTORY,
            "/etc/rsyncd.secrets": PRIVATE,
        }
    )
    left: SpaceFacts = ROOM
    users: dict[str, int] = field(default_factory=lambda: {"root": 0, "www": 33, "nobody": 65534})
    writable: bool = True
    ports: dict[int, str] = field(default_factory=dict)

    def text(self, path: str) -> str:
        if path not in self.texts:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.texts[path]

    def names(self, path: str) -> Sequence[str] | None:
        prefix = path.rstrip("/") + "/"
        inside = [name[len(prefix) :] for name in self.texts if name.startswith(prefix)]
        if inside:
            return inside
        self.text(path)
        return None

    def file(self, path: str) -> FileFacts | None:
        return self.files.get(path)

    def space(self, path: str) -> SpaceFacts | None:
        return self.left

    def may_write(self, path: str) -> bool:
        return self.writable

    def lines(self, path: str) -> list[str] | None:
        known = {"/etc/rsyncd.secrets": PASSWORDS} | self.texts
        return known[path].splitlines() if path in known else None

    def user(self, name: str) -> int | None:
        return int(name) if name.isdecimal() else self.users.get(name)

    def group(self, name: str) -> int | None:
        return self.user(name)

    def port_holder(self, port: int) -> str:
        return self.ports.get(port, "")
