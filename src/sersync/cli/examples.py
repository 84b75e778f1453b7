"""One example of each command, for ``docs/commands.md`` and the manual pages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "mirror": "sersync mirror /srv/www backup@192.0.2.7::www --password-file /etc/sersync.pass",
    "run": "sersync run -c /etc/sersync/sersync.toml",
    "demo": "sersync demo --keep",
    "check": "sersync check -c /etc/sersync/sersync.toml",
    "convert": "sersync convert confxml.xml -o sersync.toml",
    "status": "sersync status --watch",
    "top": "sersync top",
    "health": "sersync health --max-lag 5m --max-pending 10000",
    "doctor": "sersync doctor -c /etc/sersync/sersync.toml",
    "pause": "sersync pause --target web1",
    "resume": "sersync resume --confirm --source www --target web1",
    "resync": "sersync resync img/2026 --target web1",
    "wait": "sersync wait --path /srv/www/release --timeout 60",
    "flush": "sersync flush --source www",
    "explain": "sersync explain /srv/www/img/logo.png",
    "verify": "sersync verify /srv/www/img --checksum --target web1",
    "history": "sersync history --target web1 --since 2h",
    "selftest": "sersync selftest --only kill-transfer",
    "target init": "sersync target init --module www --path /srv/www --user push"
    " --allow 192.0.2.0/24",
    "target check": "sersync target check /etc/rsyncd.conf",
    "target serve": "sersync target serve --module www --path /srv/www --user push"
    " --password-file /etc/sersync.pass --allow 192.0.2.0/24",
    "target list": "sersync target list push@192.0.2.7::www --password-file /etc/sersync.pass",
    "service install": "sersync service install -c /etc/sersync/sersync.toml",
    "service uninstall": "sersync service uninstall -c /etc/sersync/sersync.toml",
}
