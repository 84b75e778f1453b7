"""What rsync, its daemon and ssh say when a whole run fails, and what a person can do. Pure.

Every text was seen from a real rsync (3.1.3 to 3.5.0) or OpenSSH. The first row that matches
counts, so the particular ones stand before the general ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sersync.model.batch import Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what is said, and what to tell.

    In the texts ``{0}`` is the pattern's first group; other names are facts of the target.
    """

    pattern: str
    verdict: Verdict
    message: str
    remedy: str = ""
    command: str = ""
    name: str = ""
    codes: tuple[int, ...] = ()
    """Only for these exit codes; none: for all."""
    had_begun: bool = False


_HALT: Final = Verdict.HALT
_RETRY: Final = Verdict.RETRY
_NO_DAEMON: Final = (
    "Check the port, and that rsync runs there as a daemon. With TLS a target is spelled"
    " rsyncs://, without it rsync://."
)

DAEMON: Final = (
    Row(
        r"@ERROR: max connections \((\d+)\) reached",
        _RETRY,
        "the module {module} on {host} takes no more than {0} connections, and all are in use",
        "Raise 'max connections' there, or lower 'parallel' and 'spares' of {target}.",
        name="max_connections",
    ),
    Row(
        r"@ERROR: Unknown module '(.*)'",
        _HALT,
        "the rsync daemon on {host} knows no module '{0}', or this host is not in its hosts allow",
        "Check the spelling against the daemon's list, and 'hosts allow' in its rsyncd.conf.",
        "{client} {daemon}",
    ),
    Row(
        r"@ERROR: auth failed on module",
        _HALT,
        "the rsync daemon on {host} refused the user or the password for the module {module}{who}",
        "Check the user and the password file here; there 'auth users', and that the 'secrets file'"
        " exists with mode 0600. The daemon's log tells which of them it was.",
        "{client} {password_option}{url}/",
    ),
    Row(
        r"@ERROR: access denied to",
        _HALT,
        "the rsync daemon on {host} does not let this host into the module {module}",
        "Add this host's address to 'hosts allow' of the module in its rsyncd.conf.",
    ),
    Row(
        r"@ERROR: (chdir|chroot) failed",
        _RETRY,
        "the directory of the module {module} on {host} is missing or cannot be entered",
        "Create it, or mount its file system; its 'path' is in the daemon's rsyncd.conf.",
    ),
    Row(
        r"ERROR: module is read only",
        _HALT,
        "the module {module} on {host} is read only{who}",
        "Set 'read only = no' in its rsyncd.conf, or ':rw' for the user in 'auth users'.",
    ),
    Row(
        r"The server is configured to refuse (--?[\w-]+)",
        _HALT,
        "the rsync daemon on {host} refuses {0}",
        "Take it out of 'refuse options' of the module {module}. Without that right a target can"
        " only be mirrored with delete = false.",
    ),
    Row(
        r"(pre-xfer exec|early exec) returned failure",
        _RETRY,
        "the {0} of the module {module} on {host} refuses transfers",
        "Look at what the command does, and at the daemon's log.",
    ),
    Row(
        r"invalid file mode 00 for",
        _RETRY,
        "the rsync on {host} cannot delete by name (rsync 3.4.3 has this bug)",
        "We compare the directory instead. rsync 3.4.4 repairs it.",
        name="missing_args",
    ),
    Row(
        r"@ERROR: (.*)",
        _HALT,
        "the rsync daemon on {host} refuses: {0}",
        "The daemon's log may tell more.",
        codes=(5,),
    ),
    Row(
        r"didn't get server startup line",
        _RETRY,
        "the rsync daemon on {host} closed the connection while it was being made",
        "It is tried again by itself. If it stays so, look at the daemon's log.",
    ),
    Row(
        # Before 3.5.0 rsync keeps to itself what it was greeted with.
        r"server sent \"(.*)\" rather than greeting",
        _RETRY,
        "what answers on port {port} of {host} is no rsync daemon, or one that wants {other_way}:"
        ' it says "{0}"',
        _NO_DAEMON,
    ),
    Row(
        # One byte at a time is how the first lines are read: nobody has greeted us.
        r"did not see server greeting|safe_read failed to read 1 bytes: Connection reset",
        _RETRY,
        "what answers on port {port} of {host} is no rsync daemon, or one that wants {other_way}",
        _NO_DAEMON,
    ),
)

HERE: Final = (
    Row(
        r"attempt to copy device contents without --copy-devices",
        _RETRY,
        "a file became a device while rsync was about to read it",
        "Nothing is to be done: it is carried as what it is now.",
        codes=(2,),
        had_begun=True,
    ),
    Row(
        # generator.c: a name that is gone, below what was no directory any more when it was listed.
        r"ABORTING due to invalid path from sender",
        _RETRY,
        "the source changed while rsync listed it",
        had_begun=True,
    ),
    Row(
        r"password file must not be other-accessible",
        _HALT,
        "the password file {password_file} can be read by others, so rsync does not use it",
        "Take their rights away.",
        "chmod 600 {password_file}",
    ),
    Row(
        r"password file must be owned by root",
        _HALT,
        "the password file {password_file} does not belong to root, so rsync does not use it",
        "Give it to root.",
        "chown root {password_file}",
    ),
    Row(
        r"could not open password file (.*): (.*) \(\d+\)",
        _HALT,
        "the password file {0} cannot be opened: {1}",
        "Check its path and its rights.",
        "ls -l {password_file}",
    ),
    Row(
        r"Failed to exec (.*): (.*) \(\d+\)",
        _HALT,
        "the remote shell {0} cannot be started: {1}",
        "Install it, or correct 'rsh' of {target}.",
    ),
    Row(
        r"rsync: (?:\[client\] )?(-.*): unknown option",
        _HALT,
        "this host's rsync does not know the option {0}",
        "Correct the rsync options of {target}, or install a newer rsync.",
        codes=(1,),
    ),
    Row(
        r"\[sender\] change_dir \"(.*)\" failed",
        _RETRY,
        "the source root {0} is gone or cannot be entered",
        "Mount or create it.",
        codes=(3,),
    ),
)

SHELL: Final = (
    Row(
        r"(-.*): unknown option",
        _RETRY,
        "the rsync on {host} is too old: it does not know the option {0}",
        "Install a newer one there; 3.2.4 or later is recommended.",
        name="unknown_option",
        codes=(10, 12),
    ),
    Row(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        _HALT,
        "the host key of {host} is not the one that ssh knows",
        "If the host was installed anew, remove the old key; if not, find out who answers there.",
        "ssh-keygen -R {host_key}",
    ),
    Row(
        r"Host key verification failed",
        _HALT,
        "ssh does not know the host key of {host} yet",
        "Connect once by hand, as the user that sersync runs as, and compare the fingerprint.",
        "{ssh}",
    ),
    Row(
        r"Permission denied \([a-z,-]+\)",
        _HALT,
        "{host} does not accept the ssh key for {login}",
        "Add the public key there to ~/.ssh/authorized_keys, or name the right one as 'identity'.",
        "{copy_key}",
    ),
    Row(
        r"Too many authentication failures",
        _HALT,
        "ssh offered {host} too many keys before the right one",
        "Name the right one as 'identity' of {target}.",
    ),
    Row(
        r"is your shell clean",
        _HALT,
        "the login shell on {host} prints text of its own, so rsync cannot talk through it",
        "Let its start-up files (.bashrc and the like) print nothing without a terminal. This"
        " must print nothing:",
        "{ssh} true",
    ),
    Row(
        r"Could not resolve hostname (.*?):",
        _RETRY,
        "the name {0} is not known to the resolver",
        "Check its spelling and the name service.",
        "getent hosts {host}",
    ),
    Row(
        r"((?:ssh: connect to host|kex_exchange_identification:|ssh_exchange_identification:) .*)",
        _RETRY,
        "{host} cannot be reached: {0}",
        "Check that sshd runs there and that no firewall is in between.",
        "{ssh}",
        codes=(12, 255),
    ),
    Row(
        r"(?mi)not found$|^\S*sh:.*no such file or directory|remote command not found",
        _HALT,
        "there is no rsync on {host}, or not in the path of its shell",
        "Install it there, or give its place as 'rsync_path' of {target}.",
        "{ssh} command -v rsync",
        codes=(12, 126, 127),
    ),
    Row(
        r"remote command (?:not found|could not be run)|error: .*\(code 12[67]\)",
        _HALT,
        "the rsync on {host} cannot be run",
        "Check it there, or give its place as 'rsync_path' of {target}.",
        "{ssh} rsync --version",
        codes=(126, 127),
    ),
)

NETWORK: Final = (
    Row(
        r"failed to connect to .*?: (.*) \(\d+\)",
        _RETRY,
        "{host} cannot be reached on port {port}: {0}",
        "Check that the rsync daemon runs there and that no firewall is in between.",
        "{client} {daemon}",
    ),
    Row(
        r"getaddrinfo: (\S+) \S+: (.*)",
        _RETRY,
        "the name {0} cannot be resolved: {1}",
        "Check its spelling and the name service.",
        "getent hosts {host}",
    ),
    Row(
        r"timeout waiting for daemon connection",
        _RETRY,
        "{host} did not answer on port {port} in time",
        "Check that the host is up and that no firewall swallows the connection.",
        "{client} {daemon}",
    ),
)

DISK: Final = (
    Row(
        r"No space left on device",
        _RETRY,
        "the target {target} is full: no space or no inodes are left",
        "Make room there; we go on by ourselves.",
        "{on_target}df -h; {on_target}df -i",
        had_begun=True,
    ),
    Row(
        r"Disk quota exceeded",
        _RETRY,
        "the quota on the target {target} is used up",
        "Make room there or raise the quota; we go on by ourselves.",
        "{on_target}quota -s",
        had_begun=True,
    ),
    Row(
        r"Read-only file system",
        _RETRY,
        "the file system of the target {target} is mounted read only",
        "After an error of the disk the kernel does that by itself: look at its log there.",
        "{on_target}dmesg",
        had_begun=True,
    ),
    Row(
        r"\[Receiver\] mkdir \"(.*)\"(?: \(in .*\))? failed: (.*) \(\d+\)",
        _RETRY,
        "the directory {0} cannot be made on the target {target}: {1}",
        "Create it there, or correct the spelling; rsync makes the last directory only.",
        codes=(11,),
    ),
    Row(
        r"\[Receiver\] (?:change_dir\S*|chdir) .*?\"(.*)\"(?: \(in .*\))? failed: (.*) \(\d+\)",
        _RETRY,
        "the directory {0} cannot be entered on the target {target}: {1}",
        "Check that it is a directory, and its rights.",
        codes=(3, 11),
    ),
)

TABLE: Final = (*DAEMON, *HERE, *SHELL, *NETWORK, *DISK)
