"""What keeps a module from becoming an exact copy: symlinks, owners, options, limits. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.rsyncd.lints.access import users_of
from sersync.rsyncd.lints.finding import Finding, Lint, Severity
from sersync.rsyncd.lints.refusing import refused_options
from sersync.rsyncd.parameters import number

CONNECTIONS_PER_SOURCE: Final = 8
"""Two transfers, two connections kept ready, one large file, one probe, and two that are just
ending: what a source with the default settings uses at the most."""
_SHORTEST_TIMEOUT_S: Final = 31
"""A waiting connection says something every 30 s: half of the client's own time-out of 60."""
_FILTERS: Final = ("filter", "exclude", "exclude from", "include", "include from")


def check_mirror(lint: Lint) -> Iterator[Finding]:
    """Yield what keeps mirrors of one module from being exact."""
    yield from _writing(lint)
    yield from _symlinks(lint)
    yield from _owners(lint)
    yield from _filters(lint)
    yield from _limits(lint)
    yield from _rest(lint)


def _writing(lint: Lint) -> Iterator[Finding]:
    module = lint.module
    users = users_of(module.text("auth users"))
    if module.flag("read only") == "yes" and not any("rw" in access for _, access in users):
        is_set = module.find("read only") is not None
        yield lint.found(
            "read-only",
            Severity.WARNING,
            "read only",
            "it is read only, so it cannot be a target"
            + ("" if is_set else ": that is what holds where nothing is said"),
            "Set 'read only = no', or give a user ':rw' in 'auth users'.",
        )
    for user, access in users:
        if "ro" in access or access == "deny":
            yield lint.found(
                "user-cannot-write",
                Severity.NOTE,
                "auth users",
                f"the user {user} may not write ({access}), so no source can log in as it",
                "Leave out what follows the colon, if a source uses that name.",
            )
    if refused := refused_options(module.text("refuse options")):
        deletes = any("delete" in option for option in refused)
        yield lint.found(
            "refuses-options",
            Severity.ERROR,
            "refuse options",
            f"'refuse options' refuses {', '.join('--' + option for option in refused)}, which"
            " mirroring needs" + (": nothing could be deleted here" if deletes else ""),
            "Take it out. Where nothing is to be deleted, let the source say delete = false.",
        )


def _symlinks(lint: Lint) -> Iterator[Finding]:
    module = lint.module
    chroot, munge = module.flag("use chroot"), module.flag("munge symlinks")
    is_split = "/./" in module.text("path")
    if chroot == "yes" and not lint.host.is_root:
        yield lint.found(
            "chroot-needs-root",
            Severity.ERROR,
            "use chroot",
            "'use chroot = yes' needs root, and this user is not: every connection fails",
            "Set 'use chroot = no' and 'munge symlinks = no', or run the daemon as root.",
        )
    if munge == "yes" or (munge == "unset" and (chroot == "no" or is_split)):
        why = "" if munge == "yes" else ", since there is no chroot around the module"
        yield lint.found(
            "munged-symlinks",
            Severity.ERROR,
            "munge symlinks" if munge == "yes" else "use chroot",
            f"symlinks arrive as /rsyncd-munged/…, which lead nowhere{why}",
            "Set 'use chroot = yes' (as root), or 'munge symlinks = no'.",
        )
    elif munge == "no" and chroot == "no":
        yield lint.found(
            "sanitized-symlinks",
            Severity.NOTE,
            "use chroot",
            "without a chroot, symlinks that are absolute or lead out of the module are rewritten",
            "Set 'use chroot = yes' where the daemon runs as root.",
        )


def _owners(lint: Lint) -> Iterator[Finding]:
    module, host = lint.module, lint.host
    fake = module.flag("fake super") == "yes"
    uid = module.text("uid")
    is_root_uid = uid in ("root", "0", "+0") and host.is_root
    if fake and is_root_uid:
        yield lint.found(
            "fake-super-as-root",
            Severity.ERROR,
            "fake super",
            "'fake super' with uid root: symlinks, devices and owners are kept in extended"
            " attributes of plain files, though root could have the real ones",
            "Remove 'fake super = yes'.",
        )
    elif fake:
        yield lint.found(
            "fake-super",
            Severity.NOTE,
            "fake super",
            "symlinks and devices become plain files here, with what they are in extended"
            " attributes: good for a backup, which gets them back, not for use in place",
            "Remove 'fake super = yes' where programs are to read this copy.",
        )
    if is_root_uid and module.flag("use chroot") == "no":
        yield lint.found(
            "root-without-chroot",
            Severity.WARNING,
            "uid",
            "the daemon writes as root, and no chroot holds it in the module",
            "Set 'use chroot = yes', or another 'uid' where owners need not be kept.",
        )
    if not uid and host.is_root:
        yield lint.found(
            "no-uid",
            Severity.WARNING,
            "uid",
            "the daemon writes as 'nobody', so owners are lost, and what is not nobody's cannot"
            " be written",
            "Set 'uid = root' and 'gid = root' with 'use chroot = yes' to keep owners, or the"
            " user and the group that everything is to belong to.",
        )
    yield from _unknown_users(lint)


def _unknown_users(lint: Lint) -> Iterator[Finding]:
    module, host = lint.module, lint.host
    for parameter, look_up in (("uid", host.user), ("gid", host.group)):
        for name in module.text(parameter).replace(",", " ").split():
            if host.is_root and name != "*" and "%" not in name and look_up(name) is None:
                yield lint.found(
                    "unknown-user",
                    Severity.ERROR,
                    parameter,
                    f"there is no {'user' if parameter == 'uid' else 'group'} {name} on this host:"
                    " every connection fails",
                    f"Correct '{parameter}', or add {name}.",
                )


def _filters(lint: Lint) -> Iterator[Finding]:
    for parameter in _FILTERS:
        if lint.module.text(parameter):
            yield lint.found(
                "filters",
                Severity.WARNING,
                parameter,
                f"'{parameter}' hides names: they never arrive, each transfer of one ends with a"
                " problem, and none of them is ever deleted",
                "Remove it, and let the source exclude them.",
            )


def _limits(lint: Lint) -> Iterator[Finding]:
    module = lint.module
    connections = number(module.text("max connections"))
    if connections < 0:
        yield lint.found(
            "disabled",
            Severity.ERROR,
            "max connections",
            "a negative 'max connections' switches the module off",
            "Remove it, or set it to 0 for no limit.",
        )
    elif 0 < connections < CONNECTIONS_PER_SOURCE:
        yield lint.found(
            "few-connections",
            Severity.WARNING,
            "max connections",
            f"{connections} connections are too few for one source: with its transfers and the"
            f" connections that it keeps ready it has up to {CONNECTIONS_PER_SOURCE}",
            f"Set at least {CONNECTIONS_PER_SOURCE} for each source, or 0 for no limit.",
        )
    timeout_s = number(module.text("timeout"))
    if 0 < timeout_s < _SHORTEST_TIMEOUT_S:
        yield lint.found(
            "short-timeout",
            Severity.WARNING,
            "timeout",
            f"connections that wait are dropped after {timeout_s} s, before they say that they are"
            " alive: sources cannot keep any ready",
            "Set 60 or more; 300 is a good choice.",
        )
    verbosity = number(module.text("max verbosity"))
    if verbosity < 0 or verbosity > 2:
        yield lint.found(
            "verbosity",
            Severity.WARNING,
            "max verbosity",
            "sources are not told why a file was skipped"
            if verbosity < 0
            else f"every client may fill the log with messages of level {verbosity}",
            "Remove it: 1 is what holds then.",
        )


def _rest(lint: Lint) -> Iterator[Finding]:
    module = lint.module
    if module.flag("ignore errors") == "yes":
        yield lint.found(
            "ignores-errors",
            Severity.WARNING,
            "ignore errors",
            "files are deleted also when the other side could not read everything",
            "Remove it.",
        )
    if module.flag("write only") == "yes":
        yield lint.found(
            "write-only",
            Severity.NOTE,
            "write only",
            "nothing can be read back from here, also no backup",
            "Remove it, if that is not what you want.",
        )
    if module.text("incoming chmod"):
        yield lint.found(
            "incoming-chmod",
            Severity.WARNING,
            "incoming chmod",
            "modes are changed as files arrive, so they differ from the source's for ever",
            "Remove it.",
        )
    if module.text("temp dir"):
        yield lint.found(
            "temp-dir",
            Severity.WARNING,
            "temp dir",
            "files are written elsewhere first: where that is another file system, they are seen"
            " half written, and a directory that is missing fails every transfer",
            "Remove it.",
        )
    yield from _connecting(lint)


def _connecting(lint: Lint) -> Iterator[Finding]:
    module = lint.module
    for parameter in ("early exec", "pre-xfer exec", "post-xfer exec"):
        if module.text(parameter):
            yield lint.found(
                "exec",
                Severity.NOTE,
                parameter,
                f"'{parameter}' runs for every connection, and sources make many of them",
                "Use the hooks of sersync for what is to be done after a change.",
            )
    if "TCP_NODELAY" not in lint.configuration.common.text("socket options"):
        yield lint.found(
            "no-delay",
            Severity.NOTE,
            "socket options",
            "connections that are not ready yet wait 40 ms for the network's sake",
            "Set 'socket options = TCP_NODELAY' before the first [module].",
        )
