"""From a parsed document to settings."""

from __future__ import annotations

import tomllib
from dataclasses import replace

from sersync.config.findings import Findings
from sersync.config.mistakes import places_in_file
from sersync.config.positions import lines_of
from sersync.config.resolve import resolve
from sersync.config.resolve_target import Surroundings
from sersync.config.schema import Document
from sersync.config.summary import summary
from sersync.model.filters import Filter, Rule
from sersync.model.target import LocalDirectory, RemoteShell, RsyncModule, Settings


def _resolved(text: str, *, password: str = "") -> tuple[Settings, Findings]:
    raw = tomllib.loads(text)
    findings = Findings(places_in_file("sersync.toml", lines_of(text), raw))
    resolved = resolve(
        Document.model_validate(raw),
        surroundings=Surroundings(password=password),
        findings=findings,
    )
    return resolved.settings, findings


def _settings(text: str, *, password: str = "") -> Settings:
    settings, findings = _resolved(text, password=password)
    assert findings.mistakes == []
    return settings


def _said(text: str) -> list[str]:
    _, findings = _resolved(text)
    return [f"{mistake.place}: {mistake.message}" for mistake in findings.mistakes]


def test_two_lines_are_enough() -> None:
    (source,) = _settings('[[source]]\nroot="/srv/www/"\n[[source.target]]\nto="h::m"').sources

    (target,) = source.targets
    assert (source.name, source.root) == ("www", b"/srv/www")
    assert (target.name, target.endpoint) == ("rsync://h/m", RsyncModule(host="h", module="m"))
    assert target.delete
    assert target.options.passed == ("--archive",)


def test_the_nearest_setting_holds() -> None:
    text = """
        [defaults]
        parallel = 3
        spares = 3
        timeout = 33
        [[source]]
        root = "/a"
        defaults = { spares = 4, timeout = 44 }
        target = [{ to = "h::m", timeout = 55 }, { to = "h::n" }]
    """

    first, second = _settings(text).sources[0].targets

    assert (first.parallel, first.spares, first.timeout_s) == (3, 4, 55)
    assert (second.parallel, second.spares, second.timeout_s) == (3, 4, 44)


def test_rules_of_the_source_come_before_those_of_the_target() -> None:
    text = """
        [[source]]
        root = "/a"
        exclude = ["*.tmp"]
        include = ["/keep.tmp"]
        filters = ["- /first"]
        [[source.target]]
        to = "h::m"
        exclude = ["/only-here/"]
    """
    (source,) = _settings(text).sources

    of_source = (Rule(False, b"/first"), Rule(True, b"/keep.tmp"), Rule(False, b"*.tmp"))
    assert source.filters == Filter(of_source)
    assert source.targets[0].filters == Filter((*of_source, Rule(False, b"/only-here/")))


def test_every_kind_of_endpoint_gets_what_is_set_for_it() -> None:
    text = """
        [[source]]
        root = "/a"
        [[source.target]]
        to = "u@h::m/p"
        port = 8730
        password_file = "/secret"
        [[source.target]]
        to = "u@h:/p"
        ssh = { port = 22, identity = "/key" }
        rsync_path = "/opt/rsync"
        [[source.target]]
        to = "h:/p"
        rsh = "docker exec -i"
        [[source.target]]
        to = "/b"
    """
    module, ssh, other, local = _settings(text).sources[0].targets

    assert module.endpoint == RsyncModule(host="h", module="m", path="p", user="u", port=8730)
    assert module.password_file == "/secret"
    assert ssh.endpoint == RemoteShell(host="h", path="/p", user="u", port=22, identity="/key")
    assert ssh.rsync_path == "/opt/rsync"
    assert other.endpoint == RemoteShell(host="h", path="/p", rsh="docker exec -i")
    assert local.endpoint == LocalDirectory(path=b"/b")


def test_tls_is_a_matter_of_the_address_or_of_a_setting() -> None:
    text = """
        [defaults]
        tls = true
        ca_file = "/etc/ca.pem"
        [[source]]
        root = "/a"
        target = [
            { to = "h::m" },
            { to = "rsync://h:8740/m" },
            { to = "h::n", port = 873 },
            { to = "rsyncs://h/o", ca_file = "" },
            { to = "rsync://h/p", tls = false, ca_file = "" },
            { to = "/local" },
        ]
    """

    endpoints = [target.endpoint for target in _settings(text).sources[0].targets]

    secured = RsyncModule(host="h", module="m", port=874, tls=True, ca_file="/etc/ca.pem")
    assert endpoints == [
        secured,
        replace(secured, port=8740),
        replace(secured, module="n", port=873),
        replace(secured, module="o", ca_file=""),
        RsyncModule(host="h", module="p"),
        LocalDirectory(path=b"/local"),
    ]


def test_a_ca_file_without_tls_is_a_mistake() -> None:
    text = '[[source]]\nroot="/a"\n[[source.target]]\nto="h::m"\nca_file="/etc/ca.pem"'

    assert _said(text) == [
        "sersync.toml:5: source 1: target 1: ca_file: without TLS there is no certificate"
    ]


def test_the_password_of_the_environment_serves_daemons_without_a_file() -> None:
    text = """
        [[source]]
        root = "/a"
        target = [{ to = "h::m" }, { to = "h::n", password_file = "/x" }, { to = "h:/p" }]
    """

    targets = _settings(text, password="s3cret").sources[0].targets

    assert [target.password for target in targets] == ["s3cret", "", ""]
    assert "s3cret" not in repr(targets)


def test_full_passes_deletions_and_rates_reach_the_target() -> None:
    text = """
        [[source]]
        root = "/a"
        [[source.target]]
        to = "h::m"
        full_pass = "10h"
        max_delete = "off"
        bandwidth = "10MiB/s"
        [[source.target]]
        to = "h::n"
        full_pass = "0 4 * * *"
        max_delete = 7
        delete = false
    """
    first, second = _settings(text).sources[0].targets

    assert (first.full_pass_every_s, first.max_delete, first.bandwidth_kib_s) == (36000, -1, 10240)
    assert (second.full_pass_cron, second.max_delete, second.delete) == ("0 4 * * *", 7, False)


def test_settings_that_do_not_fit_the_endpoint_are_mistakes_where_they_are_written() -> None:
    text = """
        [[source]]
        root = "/a"
        [[source.target]]
        to = "/b"
        password_file = "/secret"
        port = 8730
    """

    assert _said(text) == [
        "sersync.toml:7: source 1: target 1: port: a local directory needs no connection",
        (
            "sersync.toml:6: source 1: target 1: password_file:"
            " only an rsync daemon asks for a password"
        ),
    ]


def test_settings_in_defaults_pass_over_the_targets_that_they_do_not_fit() -> None:
    text = """
        [defaults]
        password_file = "/secret"
        port = 8730
        [[source]]
        root = "/a"
        target = [{ to = "/b" }, { to = "h::m" }]
    """
    local, module = _settings(text).sources[0].targets

    assert (local.password_file, module.password_file) == ("", "/secret")


def test_two_of_one_name_are_mistakes() -> None:
    text = """
        [[source]]
        root = "/a/www"
        target = [{ to = "h::m", name = "x" }, { to = "h::n", name = "x" }]
        [[source]]
        root = "/b/www"
        target = [{ to = "h::o" }]
    """

    assert _said(text) == [
        'sersync.toml:4: source 1: target "x": name: a target named "x" is already there',
        'sersync.toml:5: source 2: name: a source named "www" is already there',
    ]


def test_a_pattern_that_begins_with_the_root_is_warned_of() -> None:
    _, findings = _resolved(
        '[[source]]\nroot="/srv/www"\nexclude=["/srv/www/cache/"]\ntarget=[{ to="h::m" }]'
    )

    assert ["/cache/" in warning.message for warning in findings.warnings] == [True]


def test_an_rsync_option_cannot_bring_deletions_back() -> None:
    text = """
        [[source]]
        root = "/a"
        [[source.target]]
        to = "h::m"
        delete = false
        rsync_options = "-a --delete"
    """
    settings, findings = _resolved(text)

    assert not settings.sources[0].targets[0].delete
    assert "--delete has no effect" in findings.warnings[-1].message


def test_refused_rsync_options_are_mistakes_at_their_line() -> None:
    text = '[[source]]\nroot="/a"\n[[source.target]]\nto="h::m"\nrsync_options="-a --daemon"'

    (said,) = _said(text)

    assert said.startswith("sersync.toml:5: source 1: target 1: rsync_options")
    assert "--daemon" in said


def test_the_summary_says_where_everything_goes_and_how() -> None:
    text = """
        [[source]]
        root = "/srv/my site"
        exclude = ["*.tmp"]
        [[source.target]]
        name = "web"
        to = "u@h:/p"
        ssh = { port = 2222 }
        max_delete = 5
        bandwidth = 100
    """

    said = "\n".join(summary(_settings(text)))

    assert 'source "my site": /srv/my site' in said
    assert "deletes what is gone from the source" in said
    assert "halts before more than 5 entries are deleted" in said
    assert (
        "rsync --archive --delete '--exclude=*.tmp' --bwlimit=100 -e 'ssh -p 2222'"
        " '/srv/my site/' u@h:/p/" in said
    )


def test_the_command_of_the_summary_excludes_all_that_rsync_can_be_told_to() -> None:
    text = """
        [[source]]
        root = "/srv/www"
        exclude = ["*.tmp"]
        exclude_regex = ['(.*)\\.svn']
        [[source.target]]
        name = "web"
        to = "u@h:/p"
        full_pass_exclude = ["*.php"]
    """

    said = list(summary(_settings(text)))

    [command] = [line for line in said if line.startswith("    rsync ")]
    assert "'--exclude=*.svn'" in command
    assert "'--exclude=*.tmp'" in command
    assert "'--exclude=*.php'" in command
    assert "--dry-run" not in command
    assert sum("svn" in line for line in said) == 2, "once as it is written, once in the command"


def test_a_command_that_would_delete_what_is_excluded_is_a_dry_run_and_says_why() -> None:
    text = """
        [[source]]
        root = "/srv/www"
        exclude_regex = ['^static/[a-f]{3}x*', '(.*)\\.svn']
        [[source.target]]
        name = "web"
        to = "u@h:/p"
    """

    said = list(summary(_settings(text)))

    [at] = [number for number, line in enumerate(said) if line.startswith("    rsync ")]
    assert said[at].startswith("    rsync --dry-run --archive --delete ")
    assert said[at + 1] == (
        "    a dry run, since by hand it would also carry and delete what only sersync excludes,"
        " by regex: ^static/[a-f]{3}x*"
    )
    assert sum("static" in line for line in said) == 2, "as it is written, and after the command"
