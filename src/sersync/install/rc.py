"""An rc script, and the line for cron, for hosts without systemd. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sersync.install.job import Job, serving

_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          {service}
# Required-Start:    $remote_fs $network
# Required-Stop:     $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: {title}
### END INIT INFO
# Made by `sersync service install`.

pidfile=/run/{service}.pid
log=/var/log/{service}.log

running() {{
    [ -s "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null
}}

start() {{
    running && return 0
    touch "$log" && chmod 600 "$log"
    # A session of its own, so that no terminal takes it along.
    setsid sh -c 'echo $$ >"$1"; shift; exec "$@"' sh "$pidfile" \\
        {command} </dev/null >>"$log" 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        running && return 0
        sleep 0.2
    done
    echo "{service} does not start; see $log" >&2
    return 1
}}

stop() {{
    running || {{ rm -f "$pidfile"; return 0; }}
    kill "$(cat "$pidfile")"
    for _ in $(seq {stop_tenths}); do
        running || {{ rm -f "$pidfile"; return 0; }}
        sleep 0.1
    done
    kill -KILL "$(cat "$pidfile")"
    rm -f "$pidfile"
}}

case ${{1-}} in
    start) start ;;
    stop) stop ;;
    restart | force-reload) stop && start ;;
    reload) running && kill -HUP "$(cat "$pidfile")" ;;
    status) running || {{ echo "{service} does not run"; exit 3; }}; echo "{service} runs" ;;
    *) echo "usage: $0 {{start|stop|restart|reload|status}}" >&2; exit 64 ;;
esac
"""


def source_script(job: Job) -> str:
    """Return the rc script of *job*. It runs as root, or as its user by setpriv(1)."""
    command = [*job.program, "run", "--config", job.config_file]
    if job.user:
        login = ["--reuid", job.user, "--regid", job.user, "--init-groups"]
        reads = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
        command = ["setpriv", *login, *reads, "--", *command]
    return _script(
        f"sersync-{job.name}", "sersync: real-time replication", command, round(job.grace_s) + 20
    )


def target_script(program: Sequence[str], config_file: str, options: Sequence[str] = ()) -> str:
    """Return the rc script of the receiving side: *config_file* is served, with *options*."""
    command = serving(program, config_file, options)
    return _script("sersync-target", "sersync: rsync daemon for replicas", command, 20)


def cron_lines(service: str, health: Sequence[str]) -> list[str]:
    """Return lines for /etc/cron.d, for every five minutes: start what has ended, say what ails.

    *health*: the command that prints what is not well, which cron mails; empty where there is none.
    A target that is down or halted is no reason for a restart, which would not mend it.
    """
    script = f"/etc/init.d/{service}"
    lines = [f"*/5 * * * * root {script} status >/dev/null || {script} start"]
    return lines + ([f"*/5 * * * * root {shlex.join(health)}"] if health else [])


def _script(service: str, title: str, command: Sequence[str], stop_s: int) -> str:
    return _SCRIPT.format(
        service=service, title=title, command=shlex.join(command), stop_tenths=stop_s * 10
    )
