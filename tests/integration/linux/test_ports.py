from __future__ import annotations

import os
import socket

import pytest

from sersync.linux.ports import Holder, holder_of


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_who_listens_on_a_port_is_named(family: socket.AddressFamily) -> None:
    with socket.socket() as beside, socket.socket(family) as server:
        port = 0
        if family == socket.AF_INET6:
            # A port that is free on IPv6 may be another test's on IPv4, and be found there.
            beside.bind(("127.0.0.1", 0))
            port = beside.getsockname()[1]
        try:
            server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
        except OSError:
            pytest.skip("this host has no IPv6; the other case is IPv4")
        port = server.getsockname()[1]
        assert holder_of(port) is None

        server.listen()
        holder = holder_of(port)

    assert holder is not None
    assert holder.pid == os.getpid()
    assert f"(process {os.getpid()})" in str(holder)


@pytest.mark.parametrize(
    ("holder", "said", "remedy"),
    [
        (Holder(port=873, pid=7, program="xinetd"), "xinetd (process 7)", "disable = yes"),
        (Holder(port=873, pid=1, program="systemd"), "a socket unit", "list-sockets"),
        (Holder(port=873, pid=7, program="rsync"), "rsync (process 7)", "disable --now rsync"),
        (Holder(port=873, pid=7, program="nc"), "nc (process 7)", "sport = :873"),
        (Holder(port=873, pid=7, program="rsync", unit="rsyncd.service"), "rsync (process 7)",
         "systemctl disable --now rsyncd.service"),
        (Holder(port=873, pid=7, program="rsync", server=5), "sersync target serve (process 5;",
         "kill 5 "),
        (Holder(port=874, pid=7, program="stunnel", server=5, unit="sersync-target.service"),
         "its stunnel is process 7", "systemctl disable --now sersync-target.service"),
        (Holder(port=873, user=33), "another user (uid 33)", "sport = :873"),
    ],
)  # fmt: skip
def test_what_to_do_depends_on_who_it_is(holder: Holder, said: str, remedy: str) -> None:
    assert said in str(holder)
    assert remedy in holder.remedy
