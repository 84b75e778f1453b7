"""``sersync.toml`` on a real disk: every mistake at once, each with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sersync.config.file import load
from sersync.config.toml import Loaded
from sersync.errors import ConfigError
from sersync.model.filters import Filter, Rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    return directory


def _load(tmp_path: Path, text: str, **environ: str) -> Loaded:
    file = tmp_path / "sersync.toml"
    file.write_text(text)
    return load(str(file), environ)


def _said(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        _load(tmp_path, text)
    return [
        f"{mistake.place.removeprefix(str(tmp_path) + '/')}: {mistake.message}"
        + (f" ({mistake.suggestion})" if mistake.suggestion else "")
        for mistake in refusal.value.mistakes
    ]


def test_a_config_with_ten_mistakes_reports_ten(tmp_path: Path) -> None:
    text = """\
grase = 3

[defaults]
parallel = 0

[[source]]
name = "www"
root = "srv/www"
max_delay = "5 minuts"

[[source.target]]
to = "host::"

[[source.target]]
setle_idle = 1
bandwidth = "fast"

[[source]]
root = "/nonexistent"
delete = false

[[source.target]]
to = "host::module"
full_pass = "0 25 * * *"
"""

    said = _said(tmp_path, text)

    assert [line.split(":")[1] for line in said] == [
        *("1", "4", "8", "9", "12", "14", "15", "16", "19", "20", "24")
    ]
    assert said[0] == 'sersync.toml:1: grase: unknown setting (did you mean "grace"?)'
    assert said[3] == (
        'sersync.toml:9: source "www": max_delay: "5 minuts" is not a duration (try "5min")'
    )
    assert said[5] == (
        'sersync.toml:14: source "www": target 2: "to" is missing (to = "host::module")'
    )
    assert said[6] == (
        'sersync.toml:15: source "www": target 2: setle_idle: unknown setting'
        ' (did you mean "settle_idle"?)'
    )
    assert "it belongs in [[source.target]] or [defaults]" in said[9]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = 1\nb = ", ":2:5: "),
        ("[[source]\n", ":1:"),
        ('a = "\\q"', ":1:"),
        ('x = """\nnever closed\n', ":2:"),
    ],
)
def test_syntax_errors_have_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    (said,) = _said(tmp_path, text)

    assert said.startswith(f"sersync.toml{place}")
    assert "at line" not in said


def test_text_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "sersync.toml"
    file.write_bytes(b"a = 1\nb = '\xff'\n")

    with pytest.raises(ConfigError) as refusal:
        load(str(file), {})

    assert refusal.value.mistakes[0].place == f"{file}:2"


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(str(tmp_path / "none.toml"), {})

    assert refusal.value.mistakes[0].message == "No such file or directory"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", '"source" is missing'),
        ("source = []", "must not be empty"),
        ("source = 5", "must be a list"),
        ("source = [5]", "must be a table"),
        ('[[source]]\nroot="/"', '"target" is missing'),
        ('[[sources]]\nroot="/"', "each one is a table of its own: [[source]]"),
    ],
)
def test_a_file_without_usable_sources_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in _said(tmp_path, text))


def test_the_state_directory_follows_the_place_of_the_file(tmp_path: Path, root: Path) -> None:
    text = f'[[source]]\nroot="{root}"\n[[source.target]]\nto="h::m"\n'

    first = _load(tmp_path, text, XDG_STATE_HOME="/xdg").settings
    again = _load(tmp_path, text, XDG_STATE_HOME="/xdg").settings

    base = "/var/lib/sersync" if os.geteuid() == 0 else "/xdg/sersync"
    assert first.state_dir.startswith(f"{base}/run-")
    assert first == again
    assert first.config_file == str(tmp_path / "sersync.toml")


def test_the_password_comes_from_the_environment(tmp_path: Path, root: Path) -> None:
    text = f'[[source]]\nroot="{root}"\n[[source.target]]\nto="h::m"\n'

    loaded = _load(tmp_path, text, RSYNC_PASSWORD="word")

    assert loaded.settings.sources[0].targets[0].password == "word"


def test_patterns_are_read_from_the_file_that_an_rsync_option_names(
    tmp_path: Path, root: Path
) -> None:
    (tmp_path / "patterns").write_text("# old things\n*.old\n")
    text = f'[[source]]\nroot="{root}"\n[[source.target]]\nto="h::m"\n'

    loaded = _load(tmp_path, text + f'rsync_options = "-a --exclude-from={tmp_path}/patterns"')
    (refused,) = _said(tmp_path, text + 'rsync_options = "-a --exclude-from=patterns"')

    assert loaded.settings.sources[0].targets[0].filters == Filter((Rule(False, b"*.old"),))
    assert "must be absolute" in refused


class TestEndpoints:
    """What sources and targets would do to each other."""

    def test_a_source_that_is_missing_or_no_directory(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        text = "".join(
            f'[[source]]\nroot="{tmp_path}/{name}"\n[[source.target]]\nto="h::{name}"\n'
            for name in ("none", "file")
        )

        missing, no_directory = _said(tmp_path, text)

        assert f"sersync.toml:2: source 1: root: {tmp_path}/none does not exist" in missing
        assert f"{tmp_path}/file is not a directory" in no_directory

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_a_source_that_nobody_may_read(self, tmp_path: Path, root: Path) -> None:
        root.chmod(0)

        (said,) = _said(tmp_path, f'[[source]]\nroot="{root}"\n[[source.target]]\nto="h::m"\n')

        assert "cannot be read: Permission denied" in said

    @pytest.mark.parametrize(
        ("to", "said"),
        [
            ("{root}", "the target is the source itself"),
            ("{root}/", "the target is the source itself"),
            ("{root}/../source", "the target is the source itself"),
            ("{root}/backup", "the target lies inside the source"),
            ("{link}/backup", "the target lies inside the source"),
            ("{above}", "lies inside the target: it would be deleted"),
            ("{above}/file", "is not a directory"),
        ],
    )
    def test_a_target_that_would_harm_the_source(
        self, tmp_path: Path, root: Path, to: str, said: str
    ) -> None:
        (tmp_path / "link").symlink_to(root)
        (tmp_path / "file").touch()
        target = to.format(root=root, link=tmp_path / "link", above=tmp_path)

        (line,) = _said(tmp_path, f'[[source]]\nroot="{root}"\n[[source.target]]\nto="{target}"\n')

        assert line.startswith("sersync.toml:4: source 1: target 1: to: ")
        assert said in line

    def test_a_target_inside_the_source_is_fine_where_it_is_excluded(
        self, tmp_path: Path, root: Path
    ) -> None:
        text = f'[[source]]\nroot="{root}"\nexclude=["/backup/"]\n'

        loaded = _load(tmp_path, text + f'[[source.target]]\nto="{root}/backup"\n')

        assert loaded.warnings == ()

    def test_a_source_inside_a_target_that_deletes_nothing_is_fine(
        self, tmp_path: Path, root: Path
    ) -> None:
        text = f'[[source]]\nroot="{root}"\n[[source.target]]\nto="{tmp_path}"\ndelete=false\n'

        assert _load(tmp_path, text).warnings == ()

    @pytest.mark.parametrize(
        ("first", "second", "said"),
        [
            ("h::m", "h::m", "this is also where"),
            ("h::m", "rsync://user@h/m/", "this is also where"),
            ("h::m", "h::m/sub", "lies inside"),
            ("h::m/sub", "h::m", "lies inside"),
            ("u@h:/p", "h:/p/", "this is also where"),
            ("h:/p", "h:/p/q", "lies inside"),
            ("/nowhere/a", "/nowhere/./a/b", "lies inside"),
        ],
    )
    def test_two_targets_in_one_place(
        self, tmp_path: Path, root: Path, first: str, second: str, said: str
    ) -> None:
        text = f"""
            [[source]]
            root = "{root}"
            target = [{{ to = "{first}", name = "1" }}, {{ to = "{second}", name = "2" }}]
        """

        (line,) = _said(tmp_path, text)

        assert said in line

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("h::m", "g::m"),
            ("h::m", "h::mm"),
            ("h::m/a", "h::m/ab"),
            ("h::m", "rsync://h:8730/m"),
            ("h:/p", "/p"),
        ],
    )
    def test_two_targets_apart(self, tmp_path: Path, root: Path, first: str, second: str) -> None:
        text = f'[[source]]\nroot="{root}"\ntarget=[{{to="{first}"}}, {{to="{second}"}}]'

        assert len(_load(tmp_path, text).settings.sources[0].targets) == 2

    def test_two_sources_that_mirror_each_other(self, tmp_path: Path, root: Path) -> None:
        (tmp_path / "other").mkdir()
        text = f"""
            [[source]]
            root = "{root}"
            target = [{{ to = "{tmp_path}/other" }}]
            [[source]]
            root = "{tmp_path}/other"
            target = [{{ to = "{root}" }}]
        """

        (line,) = _said(tmp_path, text)

        assert "each would undo what happens in the other" in line

    def test_a_chain_of_sources_is_fine(self, tmp_path: Path, root: Path) -> None:
        (tmp_path / "other").mkdir()
        text = f"""
            [[source]]
            root = "{root}"
            target = [{{ to = "{tmp_path}/other" }}]
            [[source]]
            root = "{tmp_path}/other"
            target = [{{ to = "h::m" }}]
        """

        assert _load(tmp_path, text).warnings == ()

    def test_a_nested_target_is_fine_where_the_outer_one_excludes_it(
        self, tmp_path: Path, root: Path
    ) -> None:
        text = f"""
            [[source]]
            root = "{root}"
            target = [{{ to = "h::m", exclude = ["/sub/"] }}, {{ to = "h::m/sub" }}]
        """

        assert _load(tmp_path, text).warnings == ()


class TestPasswordFile:
    """rsync's own conditions, told before rsync does."""

    def _text(self, root: Path, file: Path) -> str:
        return f'[[source]]\nroot="{root}"\n[[source.target]]\nto="h::m"\npassword_file="{file}"\n'

    def test_a_file_of_our_own_is_fine(self, tmp_path: Path, root: Path) -> None:
        file = tmp_path / "password"
        file.touch(0o600)

        assert _load(tmp_path, self._text(root, file)).warnings == ()

    def test_a_file_that_others_can_read(self, tmp_path: Path, root: Path) -> None:
        file = tmp_path / "password"
        file.touch()
        file.chmod(0o644)

        (said,) = _said(tmp_path, self._text(root, file))

        assert said.startswith("sersync.toml:5: source 1: target 1: password_file: ")
        assert said.endswith(f"can be read by others (chmod 600 {file})")

    def test_a_file_as_only_a_daemon_has_it(self, tmp_path: Path, root: Path) -> None:
        file = tmp_path / "password"
        file.touch(0o600)
        text = self._text(root, file).replace("h::m", "pusher@h::m")

        file.write_text("pusher:123456\n")
        (warning,) = _load(tmp_path, text).warnings
        file.write_text("other:123456\n")  # a password may have a colon

        assert "holds user:password" in warning.message
        assert _load(tmp_path, text).warnings == ()

    def test_a_file_that_is_missing(self, tmp_path: Path, root: Path) -> None:
        (said,) = _said(tmp_path, self._text(root, tmp_path / "none"))

        assert "No such file or directory" in said

    @pytest.mark.root
    @pytest.mark.skipif(os.geteuid() != 0, reason="chown; others: can_be_read_by_others above")
    def test_a_file_of_somebody_else(self, tmp_path: Path, root: Path) -> None:
        file = tmp_path / "password"
        file.touch(0o600)
        os.chown(file, 12345, 12345)

        (said,) = _said(tmp_path, self._text(root, file))

        assert "does not belong to root" in said
