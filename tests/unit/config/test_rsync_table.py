from __future__ import annotations

import pytest

from sersync.config.rsync_options import parse_rsync_options
from sersync.config.rsync_table import BY_LETTER, BY_NAME, OPTIONS, Fate, Option

VALUES = {"filter": "- x", "remote-option": "--fake-super"}

every_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)


def words(option: Option) -> list[str]:
    return (
        [option.spelling, VALUES.get(option.name, "30")]
        if option.takes_value
        else [option.spelling]
    )


def test_no_option_stands_in_two_rows() -> None:
    names = [name for option in OPTIONS for name in (option.name, *option.aliases)]
    letters = [option.letter for option in OPTIONS if option.letter]
    assert len(names) == len(set(names))
    assert len(letters) == len(set(letters))
    assert len(letters) == len(BY_LETTER)


@every_option
def test_option_meets_its_fate(option: Option) -> None:
    result = parse_rsync_options(words(option), base=(), read_file=lambda _: b"")
    canonical = "=".join(words(option))
    match option.fate:
        case Fate.REFUSED:
            assert option.note
            assert [m.place for m in result.mistakes] == [" ".join(words(option))]
            assert option.note in result.mistakes[0].message
        case Fate.PASSED:
            assert not result.mistakes
            assert result.options.passed == (canonical,)
        case Fate.TRANSLATED | Fate.DISPLAY:
            assert not result.mistakes
            assert canonical not in result.options.passed
    if option.fate is not Fate.REFUSED and option.note:
        assert option.note in " ".join(result.warnings)


@every_option
def test_every_name_of_an_option_means_the_same(option: Option) -> None:
    for alias in (option.name, *option.aliases):
        if len(alias) > 1:
            assert BY_NAME[alias] is option
            assert alias == alias.strip()
    if option.letter:
        assert BY_LETTER[option.letter] is option


@every_option
def test_negated_option_is_accepted_only_where_rsync_has_one(option: Option) -> None:
    result = parse_rsync_options([f"--no-{option.name}"])
    assert bool(result.mistakes) is not option.can_be_negated
