"""The text of unit files and of the rc script."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from sersync.errors import UsageError
from sersync.install.job import Job, job_of
from sersync.install.rc import cron_lines, source_script, target_script
from sersync.install.unit import source_unit, target_unit
from sersync.model.options import RsyncOptions
from sersync.model.target import LocalDirectory, RsyncModule, Settings, Source, Target

_JOB = Job(name="www", program=("/usr/bin/sersync",), config_file="/etc/sersync/www.toml")


def settings(*targets: Target, root: bytes = b"/srv/www", **known: str) -> Settings:
    source = Source(name="www", root=root, targets=targets)
    return Settings(sources=(source,), state_dir="", config_file="/etc/www.toml", **known)  # type: ignore[arg-type]


def job(*targets: Target, root: bytes = b"/srv/www", **known: str) -> Job:
    return job_of(
        settings(*targets, root=root, **known),
        name="www", program=("/usr/bin/sersync",), user="", state_dir="",
    )  # fmt: skip


def value(text: str, key: str) -> str:
    [line] = [line for line in text.splitlines() if line.startswith(f"{key}=")]
    return line.partition("=")[2]


@pytest.mark.parametrize(
    "text",
    [
        source_unit(_JOB),
        source_unit(replace(_JOB, user="sync", has_local_targets=True, writes=("/copy",))),
        target_unit(["/usr/bin/sersync"], "/etc/rsyncd.conf"),
    ],
)
def test_every_directive_of_the_service_has_its_reason_above_it(text: str) -> None:
    service = text.partition("[Service]")[2].partition("[Install]")[0].splitlines()
    for above, line in pairwise(service):
        if line and not line.startswith(("#", "ExecStart")):
            assert above.startswith("# ") and above.endswith("."), line  # noqa: PT018


def test_a_receiving_side_is_served_with_its_options_by_each_kind_of_service() -> None:
    options = ["--port", "8740", "--tls"]
    unit = target_unit(["/usr/bin/sersync"], "/etc/rsyncd.conf", options)
    script = target_script(["/usr/bin/sersync"], "/etc/rsyncd.conf", options)

    command = "/usr/bin/sersync target serve --config /etc/rsyncd.conf --port 8740 --tls"
    assert value(unit, "ExecStart") == command
    assert command in script


def test_without_local_targets_it_may_read_everything_and_write_nothing() -> None:
    text = source_unit(job(Target(name="t", endpoint=RsyncModule(host="h", module="m"))))

    assert value(text, "CapabilityBoundingSet") == "CAP_DAC_READ_SEARCH"
    assert value(text, "ProtectSystem") == "strict"
    assert "ReadWritePaths" not in text
    assert value(text, "StateDirectory") == "sersync/www"


def test_a_local_target_may_be_written_with_owners_and_types() -> None:
    text = source_unit(job(Target(name="t", endpoint=LocalDirectory(path=b"/copy/a b"))))

    assert value(text, "ReadWritePaths") == '"-/copy/a b"'
    assert "CAP_CHOWN" in value(text, "CapabilityBoundingSet")
    assert "\nPrivateDevices=" not in text
    assert "\nRestrictSUIDSGID=" not in text


def test_kept_xattrs_need_one_more_capability() -> None:
    options = RsyncOptions(passed=("--archive", "--xattrs"))
    target = Target(name="t", endpoint=LocalDirectory(path=b"/copy"), options=options)

    assert "CAP_SETFCAP" in value(source_unit(job(target)), "CapabilityBoundingSet")


def test_another_user_gets_the_right_to_read_and_nothing_else() -> None:
    text = source_unit(replace(_JOB, user="sync"))

    assert value(text, "User") == "sync"
    assert value(text, "AmbientCapabilities") == "CAP_DAC_READ_SEARCH"
    assert value(text, "CapabilityBoundingSet") == "CAP_DAC_READ_SEARCH"
    assert value(text, "ProtectKernelTunables") == "yes"


@pytest.mark.parametrize(("root", "is_private"), [(b"/srv", True), (b"/tmp/x", False)])
def test_a_source_in_tmp_is_not_hidden_from_the_service(root: bytes, is_private: bool) -> None:
    assert ("\nPrivateTmp=yes" in source_unit(job(root=root))) == is_private


def test_the_state_directory_of_the_configuration_is_kept() -> None:
    text = source_unit(replace(_JOB, state_dir="/data/state"))

    assert value(text, "ReadWritePaths") == "/data/state"
    assert "StateDirectory=" not in text


def test_words_that_systemd_would_replace_are_escaped() -> None:
    text = source_unit(replace(_JOB, config_file='/etc/50%/a "b" $HOME.toml'))

    assert value(text, "ExecStart") == (
        '/usr/bin/sersync run --config "/etc/50%%/a \\"b\\" $$HOME.toml"'
    )


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "a\nb", "%i"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        job_of(settings(), name=name, program=("/x",), user="", state_dir="")


@pytest.mark.parametrize("path", [b"/copy\nExecStartPre=/bin/evil", b"/copy\xff"])
def test_a_path_cannot_smuggle_a_line_into_the_unit(path: bytes) -> None:
    with pytest.raises(UsageError):
        job(Target(name="t", endpoint=LocalDirectory(path=path)))


def test_the_stop_waits_for_the_grace_period() -> None:
    assert value(source_unit(replace(_JOB, grace_s=60.0)), "TimeoutStopSec") == "80s"


def test_the_rc_script_quotes_what_it_starts() -> None:
    text = source_script(replace(_JOB, config_file="/etc/a b;c.toml", user="sync"))

    assert "'/etc/a b;c.toml'" in text
    assert "setpriv --reuid sync --regid sync --init-groups" in text


def test_cron_starts_what_has_ended_and_tells_what_ails() -> None:
    starts, tells = cron_lines("sersync-www", ("/usr/bin/sersync", "health", "--quiet"))

    script = "/etc/init.d/sersync-www"
    assert starts == f"*/5 * * * * root {script} status >/dev/null || {script} start"
    assert tells == "*/5 * * * * root /usr/bin/sersync health --quiet"


def test_on_the_receiving_side_cron_asks_no_instance_that_is_not_there() -> None:
    [line] = cron_lines("sersync-target", ())

    assert line.endswith("|| /etc/init.d/sersync-target start")


def test_the_receiving_side_is_watched_too() -> None:
    text = target_unit(["/usr/bin/sersync"], "/etc/rsyncd.conf")

    assert (value(text, "Type"), value(text, "WatchdogSec")) == ("notify", "5min")
