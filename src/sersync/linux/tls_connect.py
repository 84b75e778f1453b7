"""Becomes ``openssl s_client``: a connection over TLS on standard input and output, for rsync.

rsync starts it as its remote shell (rsync(1), ``--rsh``, with ``host::module``) and adds words of
its own, which mean nothing here. It is run as a file, not as a module of the package, so that it
takes 10 ms; so it imports nothing of ours. rsync-ssl(1) does the same in bash, but before rsync
3.5.0 it does not check whose certificate it is, and it never matches one that is made out to an
address.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

_NOT_FOUND = 127
SYSTEM = "-"
"""In place of a file: the authorities that the system trusts."""


def client_command(host: str, port: str, ca_file: str) -> list[str]:
    """Return the command that connects, and ends unless the certificate is one of *host*'s.

    *ca_file* holds the certificates of the authorities that are trusted; "" is the system's.
    Options: openssl-s_client(1), openssl-verification-options(1).
    """
    is_address = ":" in host or host.replace(".", "").isdigit()
    connect = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        "openssl",
        "s_client",
        "-quiet",  # binary both ways, and before -verify, which talks otherwise
        "-verify_quiet",
        *("-verify", "8", "-verify_return_error"),
        *(("-CAfile", ca_file) if ca_file else ()),
        *(("-verify_ip", host, "-noservername") if is_address else ("-verify_hostname", host)),
        *(() if is_address else ("-servername", host)),
        *("-connect", connect),
    ]


def main(given: Sequence[str]) -> int:
    """Become the client for ``HOST PORT CA_FILE`` and further words, or say why that fails."""
    host, port, ca_file = given[:3]
    ca_file = "" if ca_file == SYSTEM else ca_file
    if ca_file and not os.access(ca_file, os.R_OK):
        sys.stderr.write(f"sersync: the CA file cannot be read: {ca_file}\n")
        return _NOT_FOUND
    argv = client_command(host, port, ca_file)
    # Were rsync killed, the connection would stay, and take one of the daemon's.
    tied = ["setpriv", "--pdeathsig", "KILL", "--", *argv]
    for words in (tied, argv):
        with suppress(FileNotFoundError):
            os.execvp(words[0], words)  # noqa: S606  # there is no shell: a list of words
    sys.stderr.write("sersync: openssl is not installed\n")
    return _NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
