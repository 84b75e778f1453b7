"""What we give to Prometheus and Grafana speaks of metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sersync.api.metrics import exposition
from sersync.model.status import TargetState
from tests.support.exposed import text
from tests.support.status import daemon_status, target_status

_PACKAGING = Path(__file__).parents[3] / "packaging"
RULES = _PACKAGING / "prometheus" / "sersync.rules.yml"
_BOARD = _PACKAGING / "grafana" / "sersync.json"
_NAME = re.compile(r"\b(?:sersync|process)_[a-z_]+\b")


def names() -> set[str]:
    return {line.split("{")[0].split()[0] for line in text().splitlines() if line[:1] != "#"}


def test_every_metric_that_the_rules_and_the_dashboard_name_is_there() -> None:
    asked = {name for file in (RULES, _BOARD) for name in _NAME.findall(file.read_text())}

    assert "sersync_target_lag_seconds" in asked
    assert asked - names() == set()


def test_the_values_are_those_of_the_snapshot() -> None:
    lines = text().splitlines()

    for line in (
        'sersync_build_info{version="3.0.0"} 1.0',
        'sersync_target_lag_seconds{source="www",target="web1"} 2.5',
        'sersync_target_state{source="www",state="in-sync",target="web1"} 1.0',
        'sersync_target_state{source="www",state="halted",target="web1"} 0.0',
        'sersync_source_overflows_total{source="www"} 2.0',
        'sersync_state_unavailable{source="www"} 1.0',
        'sersync_restarts_total 3.0',
        'sersync_api_requests_total{code="200",method="GET",path="/v1/status"} 1.0',
        'sersync_hook_failed_paths_total{hook="cdn",source="www"} 1.0',
        'sersync_transfers_total{source="www",target="web1",verdict="retry"} 1.0',
        'sersync_sent_bytes_total{source="www",target="web1",verdict="done"} 100.0',
        'sersync_latency_seconds_bucket{le="0.005",source="www",target="web1"} 2.0',
        'sersync_latency_seconds_bucket{le="0.002",source="www",target="web1"} 0.0',
        'sersync_latency_seconds_count{source="www",target="web1"} 2.0',
    ):  # fmt: skip
        assert line in lines, line


def test_a_name_of_any_bytes_is_told(tmp_path: Path) -> None:
    status = daemon_status(target_status(source="odd\udcff", state=TargetState.HALTED))

    assert b"odd\\\\udcff" in exposition(status, [], starts=1)


def test_the_dashboard_is_json_with_a_panel_for_each_thing_once() -> None:
    board = json.loads(_BOARD.read_text())
    titles = [panel["title"] for panel in board["panels"]]

    assert len(titles) == len(set(titles)) >= 10
    assert all(panel["targets"] for panel in board["panels"])


@pytest.mark.parametrize(
    "words", [("check", "rules", "sersync.rules.yml"), ("test", "rules", "sersync.rules.test.yml")]
)
def test_the_rules_are_what_prometheus_takes_and_ring_when_they_should(
    words: tuple[str, ...],
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    done = subprocess.run(
        [promtool, *words], cwd=RULES.parent, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried_and_rings_there() -> None:
    tried = (RULES.parent / "sersync.rules.test.yml").read_text()
    rings = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", tried)

    assert set(rings) == set(re.findall(r"alert: (\w+)", RULES.read_text()))


def test_promtool_finds_no_fault_in_what_is_scraped() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text(), capture_output=True, text=True, timeout=60
    )
    ours = [line for line in done.stderr.splitlines() if "sersync_" in line]

    assert ours == []
