"""What the old command line asks for."""

from __future__ import annotations

import pytest

from sersync.cli.legacy import Order, ordered, parse_order
from sersync.cli.legacy_rival import config_of
from sersync.config.places import instance_files
from sersync.errors import UsageError
from sersync.linux.processes import Process
from sersync.model.target import RsyncModule, Settings, Source, Target

_TARGET = Target(name="t", endpoint=RsyncModule(host="h", module="m"))
_SETTINGS = Settings(
    sources=(Source(name="s", root=b"/s", targets=(_TARGET,)),), state_dir="/state"
)


def _target(order: Order) -> Target:
    return ordered(_SETTINGS, order).sources[0].targets[0]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ([], Order()),
        (
            ["-d", "-r", "-n", "10", "-o", "x.xml"],
            Order(config="x.xml", in_background=True, full_pass=True, workers=10),
        ),
        (["-dro", "x.xml"], Order(config="x.xml", in_background=True, full_pass=True)),
        (["-n3", "-m", "refreshcdn"], Order(workers=3, plugin="refreshCDN")),
        (["--help"], Order(is_help=True)),
    ],
)
def test_flags_mean_what_they_meant(words: list[str], order: Order) -> None:
    assert parse_order(words) == order


@pytest.mark.parametrize("words", [["-n", "0"], ["-n", "-1"], ["-n", "x"], ["-q"], ["a", "b"]])
def test_what_makes_no_sense_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_order(words)


def test_without_r_a_target_is_a_baseline_and_with_it_it_is_not() -> None:
    assert _target(Order()).baseline
    assert not _target(Order(full_pass=True)).baseline


@pytest.mark.parametrize(("workers", "lanes"), [(1, 1), (2, 1), (10, 9), (500, 64)])
def test_n_bounds_the_runs_with_the_lane_for_large_files_counted(workers: int, lanes: int) -> None:
    target = _target(Order(workers=workers))

    assert target.parallel == lanes
    has_large_lane = target.large_file_bytes == _TARGET.large_file_bytes
    assert has_large_lane == (workers > 1)
    assert target.parallel + has_large_lane <= max(workers, 1)


def test_the_file_of_an_old_sersync2_is_found_from_its_command_line() -> None:
    def process(*arguments: str) -> Process:
        return Process(pid=1, arguments=arguments, program="/old/sersync2", directory="/srv")

    assert config_of(process("sersync2", "-d", "-r", "-o", "/a/x.xml")) == "/a/x.xml"
    assert config_of(process("./sersync2", "-dro", "x.xml")) == "/srv/x.xml"
    assert config_of(process("sersync2", "-r")) == "/srv/confxml.xml"
    assert config_of(process("sersync2", "--odd")) == "/srv/confxml.xml"


def test_each_configuration_has_files_of_its_own() -> None:
    one = instance_files("/etc/a/confxml.xml", {"LOGS_DIRECTORY": "/l", "RUNTIME_DIRECTORY": "/r"})
    other = instance_files(
        "/etc/b/confxml.xml", {"LOGS_DIRECTORY": "/l", "RUNTIME_DIRECTORY": "/r"}
    )

    assert one.log.startswith("/l/confxml-")
    assert one.pid.startswith("/r/confxml-")
    assert one.log != other.log
    assert one.pid != other.pid
