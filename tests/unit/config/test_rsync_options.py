from __future__ import annotations

import pytest

from sersync.config.rsync_options import ParsedOptions, parse_rsync_options
from sersync.model.filters import Filter, Rule
from sersync.model.path import RelPath


def parsed(*args: str, base: tuple[str, ...] = ("--archive",)) -> ParsedOptions:
    result = parse_rsync_options(args, base=base)
    assert not result.mistakes
    return result


def mistake(*args: str) -> str:
    found = parse_rsync_options(args).mistakes
    assert len(found) == 1
    return f"{found[0].message} {found[0].suggestion}".strip()


def test_no_options_are_archive() -> None:
    assert parsed() == ParsedOptions()
    assert parsed().options.passed == ("--archive",)


def test_sersync_shipped_options_are_read() -> None:
    result = parsed("-artuz", base=())
    assert result.options.passed == ("--archive", "--times", "--update", "--compress")
    assert result.options.recursive
    assert result.options.times
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("--update: a file that is newer on the target")


@pytest.mark.parametrize(
    "args",
    [
        ["-e", "ssh -p 22"],
        ["-essh -p 22"],
        ["-e=ssh -p 22"],
        ["-e ssh -p 22"],
        ["--rsh=ssh -p 22"],
        ["--rsh", "ssh -p 22"],
        ["-ze", "ssh -p 22"],
        ["-zessh -p 22"],
    ],
)
def test_value_may_follow_in_every_form(args: list[str]) -> None:
    assert parsed(*args).rsh == "ssh -p 22"


def test_plain_ssh_is_what_we_use_anyway() -> None:
    assert parsed("-e", "ssh").rsh == ""


def test_options_add_to_the_base_and_take_from_it() -> None:
    result = parsed("-H", "--no-perms", "--no-t")
    assert result.options.passed == ("--archive", "--hard-links", "--no-perms", "--no-times")
    assert result.options.hard_links
    assert not result.options.times
    assert parsed("-H", "--no-H").options.hard_links is False


def test_option_given_again_is_passed_once_unless_that_means_more() -> None:
    assert parsed("-az", "--compress").options.passed == ("--archive", "--compress")
    assert parsed("-xx").options.passed == ("--archive", "--one-file-system", "--one-file-system")
    assert parsed("--no-perms", "-a").options.passed == ("--archive", "--no-perms", "--archive")


@pytest.mark.parametrize("args", [["-c"], ["-I"], ["--size-only"], ["-@", "1"], ["-@-1"]])
def test_own_way_to_compare_is_known(args: list[str]) -> None:
    assert parsed(*args).options.own_compare
    assert not parsed().options.own_compare


def test_what_the_engine_must_know_is_found_out() -> None:
    options = parsed("-tx", "--max-size=1.5m", base=()).options
    assert (options.recursive, options.times, options.one_file_system, options.max_size) == (
        False,
        True,
        True,
        True,
    )
    assert parsed("-r", base=()).options.recursive
    assert parsed("--no-r").options.recursive is False
    assert parsed("-r", base=()).options.passed == ()


def test_connection_options_are_translated() -> None:
    result = parsed(
        "--password-file=/etc/p", "--port", "8730", "--timeout=100", "--contimeout=5",
        "--rsync-path=/opt/rsync", "--max-delete=50",
    )  # fmt: skip
    assert result.options.passed == ("--archive",)
    assert (result.password_file, result.port, result.rsync_path) == ("/etc/p", 8730, "/opt/rsync")
    assert (result.timeout_s, result.connect_timeout_s, result.max_delete) == (100, 5, 50)
    assert parsed("--timeout=9", "--no-timeout").timeout_s is None
    assert parsed("--max-delete=-1").max_delete == 0


@pytest.mark.parametrize(
    ("rate", "kib_s"),
    [("100", 100), ("1.5m", 1536), ("1MB", 977), ("512b", 1), ("1b", 1), ("0", 0), ("2g", 2 << 20)],
)
def test_bandwidth_limit_is_read_as_rsync_reads_it(rate: str, kib_s: int) -> None:
    assert parsed(f"--bwlimit={rate}").bandwidth_kib_s == kib_s


@pytest.mark.parametrize(
    "option", ["--delete", "--del", "--delete-after", "--delete-excluded", "--delete-missing-args"]
)
def test_every_way_to_ask_for_deletion_is_one(option: str) -> None:
    assert parsed(option).delete is True
    assert parsed(option).options.passed == ("--archive",)
    assert parsed().delete is None


def test_filter_options_become_rules_in_order() -> None:
    rules = parsed(
        "--include=*.c", "--exclude", "+ *.h", "-f", "- *.o", "--filter=-_*.a", "--exclude=-x"
    ).rules
    assert rules == (
        Rule(True, b"*.c"),
        Rule(True, b"*.h"),
        Rule(False, b"*.o"),
        Rule(False, b"*.a"),
        Rule(False, b"-x"),
    )


def test_rule_files_are_read_by_the_caller() -> None:
    files = {"/x": b"# no rule\n\n; nor this\n*.o\r\n+ keep \n", "/i": b"- a\nb"}
    result = parse_rsync_options(
        ["--include-from", "/i", "--exclude-from=/x"], read_file=files.__getitem__
    )
    assert result.rules == (
        Rule(False, b"a"),
        Rule(True, b"b"),
        Rule(False, b"*.o"),
        Rule(True, b"keep "),
    )


def test_rule_file_that_cannot_be_read_is_a_mistake() -> None:
    def missing(path: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", path)

    result = parse_rsync_options(["--exclude-from=/x"], read_file=missing)
    assert result.mistakes[0].message == (
        "--exclude-from: cannot read /x: No such file or directory"
    )
    assert "give them one by one" in mistake("--exclude-from=/x")


def test_cvs_patterns_follow_all_other_rules() -> None:
    rules = parsed("-C", "--include=core").rules
    assert rules[0] == Rule(True, b"core")
    assert Rule(False, b".git/") in rules
    assert Filter(rules).excludes(RelPath(b"a/b.o"), is_dir=False)


def test_partial_keeps_the_good_file() -> None:
    result = parsed("-P")
    assert result.options.passed == ("--archive", "--partial-dir=.rsync-partial")
    assert result.rules == (Rule(False, b".rsync-partial/"),)
    assert parsed("-P", "--no-partial").options.passed == ("--archive",)
    assert parsed("--partial", "--partial-dir=.p").options.passed == (
        "--archive",
        "--partial-dir=.p",
    )


def test_directories_that_rsync_keeps_in_the_tree_are_excluded() -> None:
    result = parsed("-b", "--backup-dir=./old[1]", "-T", "tmp", "--delay-updates")
    rules = result.rules
    assert "--temp-dir: tmp is rsync's own on the target, so it is excluded" in result.warnings
    assert rules == (Rule(False, b"/old\\[1]/"), Rule(False, b"/tmp/"), Rule(False, b".~tmp~/"))
    assert Filter(rules).excludes(RelPath(b"old[1]"), is_dir=True)
    assert parsed("--backup-dir=/elsewhere", "--temp-dir=../t").rules == ()


def test_a_second_x_is_passed_on_and_what_it_does_not_do_is_told() -> None:
    once, twice = parse_rsync_options(["-ax"], base=()), parse_rsync_options(["-axx"], base=())

    assert (once.options.one_file_system, once.warnings) == (True, ())
    assert twice.options.passed.count("--one-file-system") == 2
    [said] = twice.warnings
    assert said.startswith("-x twice: a directory on which another file system is mounted")


def test_what_only_changes_the_display_is_ignored() -> None:
    result = parsed("-vvqih8", "--progress", "--stats", "--info=progress2", "--log-format", "%n")
    assert result == parsed()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["-n"], "nothing would ever be transferred"),
        (["-avn"], "--dry-run: sersync does not accept this option"),
        (["--files-from=/x"], "sersync feeds rsync the list"),
        (["--remove-source-files"], "it deletes the source"),
        (["--delte"], "--delte is not an option of rsync did you mean `--delete`?"),
        (["--no-perm"], "did you mean `--no-perms`?"),
        (["--no-archive"], "--archive cannot be negated"),
        (["-aQ"], "-aQ holds -Q, which rsync does not know"),
        (["-a -z"], 'give each option as a string of its own: "-a", "-z"'),
        (["--timeout 5"], 'give each option as a string of its own: "--timeout", "5"'),
        (["\u2013-exclude=x"], "write `--exclude=x`"),
        (["\u2014delete"], "write `--delete`"),
        (["delete"], "delete is not an option; an option begins with `-` did you mean `--delete`?"),
        (["--archive=1"], "takes no value"),
        (["--rsh"], "needs a value"),
        (["-ze"], "ends with -e, which needs a value"),
        (["--timeout=soon"], "`soon` is not a whole number"),
        (["--port=70000"], "`70000` is not a whole number between 1 and 65535"),
        (["--max-size=10x"], "`10x` is not a size"),
        (["-f", "P /vol"], "protects on the target only"),
        (["-F"], "put the rules into the configuration"),
        (["--password-file=-"], "cannot read a password from its standard input"),
        (["-M--dry-run"], "--dry-run cannot be sent to the target's rsync"),
        (["-M", "--nosuch"], "--nosuch is not an option of rsync"),
        (["--log-file=/a\0b"], "zero byte"),
    ],
)
def test_what_cannot_be_followed_is_a_mistake_with_the_reason(
    args: list[str], sentence: str
) -> None:
    assert sentence in mistake(*args)


def test_all_mistakes_are_found_at_once() -> None:
    result = parse_rsync_options(["-n", "--nosuch", "--port=x", "-z", ""])
    assert [m.place for m in result.mistakes] == ["-n", "--nosuch", "--port=x", ""]
    assert result.options.passed == ("--archive", "--compress")
