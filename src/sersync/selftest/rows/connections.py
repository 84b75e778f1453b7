"""Connections that are cut, silent, slow, or end in nonsense."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from sersync.selftest.proxy import Proxy
from sersync.selftest.row import Broken, Table
from sersync.selftest.rows.down import change_everything
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until
from sersync.selftest.writer import Writer

CONNECTIONS: Final = Table()
_CUTS_BYTES: Final = (100, 900, 2_500, 20_000, 200_000)
_SOON_S: Final = 45.0
"""Before anything is carried again for the sole reason that it is unconfirmed: after a minute."""


def _proxied(trial: Trial, *, timeout: str = "60s") -> Proxy:
    proxy = trial.serve(is_proxied=True, timeout=timeout, connect_timeout=timeout).proxy
    if proxy is None:
        raise Broken("there is no proxy")
    return proxy


@CONNECTIONS.row(
    "cut-after-bytes", "connections are cut after so many bytes: of a greeting, of a file"
)
def cut_after_bytes(trial: Trial) -> None:
    proxy = _proxied(trial)
    trial.begin()
    for number, length in enumerate(_CUTS_BYTES):
        before = proxy.resets
        proxy.cut_after(length)
        proxy.cut()
        names = [Path(f"d{number % 4}") / f"cut-{number}-{each}" for each in range(5)]
        for name in names:
            # None fits into what may pass, so no connection can carry one.
            content = trial.chance.randbytes(max(60_000, 2 * length))
            (trial.source / name).write_bytes(content)
        # A connection that stood ready may die unused, and its run begins anew on another one.
        wait_until(partial(_were_cut, proxy, before), "connections are cut")
        trial.wait_for_state("backing-off")
        if any((trial.sites["copy"].root / name).exists() for name in names):
            raise Broken(f"a file passed a connection of {length} bytes; nothing was tried")
        proxy.cut_after(0)
        trial.converge(within_s=_SOON_S)


def _were_cut(proxy: Proxy, before: int) -> bool:
    return proxy.resets > before + 1


@CONNECTIONS.row("black-hole", "the network swallows everything for longer than the time-out")
def black_hole(trial: Trial) -> None:
    proxy = _proxied(trial, timeout="2s")
    trial.begin()
    proxy.freeze()
    change_everything(trial.source)
    trial.wait_for_state("backing-off")
    proxy.thaw()
    trial.converge()


@CONNECTIONS.row("latency", "200 ms in each direction, during a burst")
def latency(trial: Trial) -> None:
    proxy = _proxied(trial)
    trial.begin()
    proxy.delay(0.2)
    with Writer(trial.source).at_work() as writer:
        writer.wait_for(500)
    change_everything(trial.source)
    trial.converge()


@CONNECTIONS.row("garbage", "connections end in random bytes, to both sides, during a burst")
def garbage(trial: Trial) -> None:
    proxy = _proxied(trial, timeout="5s")
    trial.begin()
    proxy.garble(3)
    with Writer(trial.source, per_s=200.0).at_work() as writer:
        writer.wait_for(600)
    proxy.garble(0)
    trial.converge()


@CONNECTIONS.row("cut-in-a-burst", "every connection is cut again and again during a burst")
def cut_in_a_burst(trial: Trial) -> None:
    proxy = _proxied(trial)
    trial.begin()
    with Writer(trial.source, per_s=300.0).at_work() as writer:
        for _ in range(6):
            writer.wait_for(writer.written + 80)
            proxy.cut()
    trial.converge()
