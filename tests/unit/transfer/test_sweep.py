"""What a dry run found to be deleted, sorted by a filter that rsync cannot apply."""

from __future__ import annotations

from sersync.model.batch import Problem, Stage
from sersync.model.expression import Expression
from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.transfer.output import Item
from sersync.transfer.sweep import MOST_KEPT, Sweep, left_for_excluded, sort_out

FILTERS = Filter(expressions=[Expression(rb".*[.]{1}gz")])


def items(*names: bytes) -> list[Item]:
    return [
        Item(
            flags="*deleting",
            path=RelPath(name.rstrip(b"/")),
            deleted=True,
            is_dir=name[-1:] == b"/",
        )
        for name in names
    ]


def sorted_out(*names: bytes, directories: tuple[bytes, ...] = (b"",)) -> Sweep:
    return sort_out(items(*names), FILTERS, lambda path: path in directories)


def test_only_the_topmost_is_named() -> None:
    found = sorted_out(b"d/", b"d/a", b"d/e/", b"d/e/f", b"file")
    assert found == Sweep(gone=(RelPath(b"d"), RelPath(b"file")))


def test_what_is_excluded_is_kept_and_the_directories_above_it_stay() -> None:
    found = sorted_out(b"d/", b"d/a", b"d/e/", b"d/e/x.gz", b"top.gz")
    assert found.gone == (b"d",)
    assert found.kept == (b"d/e/x.gz",)
    assert found.staying == {b"d", b"d/e"}


def test_what_goes_with_the_directory_that_is_replaced_is_not_named() -> None:
    found = sorted_out(b"name/a", b"name/x.gz")
    assert found.gone == ()
    assert found.kept == (b"name/x.gz",)


def test_an_excluded_directory_keeps_all_that_is_in_it() -> None:
    found = sorted_out(b"d/", b"d/c.gz/", b"d/c.gz/inner", b"d/b")
    assert found.kept == (b"d/c.gz",)


def test_too_much_to_keep_is_a_problem_and_nothing_is_deleted_there() -> None:
    names = [b"d/%d.gz" % number for number in range(MOST_KEPT + 1)]
    found = sorted_out(b"d/", *names, b"other")
    assert found.gone == (b"other",)
    assert [problem.path for problem in found.problems] == [b"d"]


def test_directories_stay_for_excluded_content_only_if_nothing_else_is_left() -> None:
    problems = [
        Problem(path=RelPath(path), stage=Stage.DELETE, message="") for path in (b"d", b"e", b"e/f")
    ]
    left = left_for_excluded(problems, items(b"d/", b"d/stubborn", b"e/", b"e/f/"))
    assert left == {b"e", b"e/f"}
