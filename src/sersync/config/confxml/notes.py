"""Where the old daemon did something else with the same file: one sentence each. Pure.

Only what the file touches is said. Each of these was a fault of sersync 2.5, seen with its binary.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from sersync.config.confxml.document import EDITORS_FILES, lacks_recursion, page_of
from sersync.config.confxml.nouns import Confxml, Spot
from sersync.config.confxml.values import Values
from sersync.errors import Mistake


def notes_on(confxml: Confxml, values: Values) -> Iterator[Mistake]:
    """Yield what is different now for somebody who used *confxml* with sersync 2.5."""
    said = [*_for_everybody(confxml), *_on_params(confxml), *_on_transfers(confxml)]
    for spot, message in [*said, *_on_passes(confxml), *_on_plugins(confxml)]:
        yield Mistake(place=values.place(spot.position, spot.label), message=message)


def _for_everybody(confxml: Confxml) -> Iterator[tuple[Spot, str]]:
    if not confxml.localpaths:
        return
    here = confxml.localpaths[0].spot
    yield (
        here,
        (
            "names that begin with a dot or end with ~ were never sent, such as .htaccess; all are"
            f" sent now, but for editors' temporary files: {' '.join(EDITORS_FILES)}"
        ),
    )
    yield (
        here,
        (
            "a file that is written again within a second, with as many bytes, was never sent"
            " again; it is now"
        ),
    )
    yield (
        here,
        (
            "names with a quote, a backquote or a backslash failed, or were run by a shell as"
            " root; no shell sees a name now"
        ),
    )
    yield (
        here,
        (
            "changes were lost when too many came at once, and when the daemon was not running;"
            " they are found and carried now, but for those before the first start without -r"
        ),
    )
    if "delete" in confxml.switches:
        yield (
            here,
            (
                "a directory that was emptied, or not mounted at a start with -r, emptied the"
                " targets; now nothing is deleted then, and replication halts until it is back"
            ),
        )
    if len(confxml.localpaths) > 1:
        line = confxml.localpaths[1].spot
        yield line, "only the first <localpath> was watched; every one is now"


def _on_transfers(confxml: Confxml) -> Iterator[tuple[Spot, str]]:
    spots = confxml.spots
    for path in confxml.localpaths:
        if len(path.remotes) > 1:
            yield path.spot, "one remote that hung held up the others; none does now"
            break
    if "attrib" in confxml.switches and "inotify.attrib" in spots:
        yield (
            spots["inotify.attrib"],
            "a chmod of a directory ended the watching of all below it; it does not now",
        )
    if "modify" in confxml.switches and "inotify.modify" in spots:
        yield (
            spots["inotify.modify"],
            (
                "a file that stays open was sent with every write; now it is sent once a second"
                " while it grows, and when it is closed"
            ),
        )
    if "createFile" not in confxml.switches and "inotify.createFile" in spots:
        yield (
            spots["inotify.createFile"],
            "symlinks, further hard links and devices are sent when made: none is ever closed",
        )
    if confxml.ssh is not None:
        if confxml.auth is not None:
            yield spots["passwordfile"], "ssh asks for no password file, so it is not used"
        if confxml.port is not None:
            yield (
                spots["port"],
                (
                    'userDefinedPort is that of an rsync daemon; that of sshd is <ssh start="true"'
                    ' port="…">'
                ),
            )
    if confxml.is_xfs and "xfs" in spots:
        yield spots["xfs"], "xfs makes no difference any more: every file system is read alike"


def _on_params(confxml: Confxml) -> Iterator[tuple[Spot, str]]:
    try:
        words = shlex.split(confxml.params)
    except ValueError:
        return
    if "params" in confxml.spots and lacks_recursion(words):
        yield (
            confxml.spots["params"],
            (
                "without -r single files were carried, at any depth, new directories were not, and"
                " full passes failed; now all of it is carried, as with -r"
            ),
        )


def _on_passes(confxml: Confxml) -> Iterator[tuple[Spot, str]]:
    spots = confxml.spots
    if confxml.excludes:
        spot = spots["filter.0"]
        yield spot, "a filter switched -r off; a full pass obeys the filter now"
        yield spot, "what a filter excludes is not deleted on the targets either"
        if confxml.crontab is not None and not confxml.crontab_excludes:
            yield (
                spots["crontab"],
                (
                    "a filter without a crontabfilter switched the schedule off; it is on now, and"
                    " obeys the filter"
                ),
            )
    if "fail_log" in spots and confxml.fail_log:
        yield (
            spots["fail_log"],
            (
                "the failLog was a script, writable by everybody, that root ran every"
                f" {confxml.fail_log_minutes} minutes; now it is a list to read; what failed"
                " is tried again much sooner, and all of it at least that often"
            ),
        )
    if "host" in spots and page_of(confxml)[0]:
        yield (
            spots["host"],
            "the old daemon did not use this address; now a page there shows where things stand",
        )


def _on_plugins(confxml: Confxml) -> Iterator[tuple[Spot, str]]:
    if not confxml.plugin:
        return
    spot = confxml.spots[f"plugin.{confxml.plugin}"]
    yield (
        spot,
        (
            "a plugin ran after each attempt, failed ones too; now it runs when the path stands on"
            " all targets, or after a minute"
        ),
    )
    if confxml.plugin == "command":
        yield spot, "the file's name went through a shell; now it is one argument, whatever it is"
    if confxml.plugin in ("socket", "refreshCDN"):
        yield (
            spot,
            (
                "the plugin's own watch took the place of the <localpath>; now both hold: it runs"
                " for what lies below its own"
            ),
        )
