"""The blob of a directory: any names, equal for equal entries, and quick to compare."""

from __future__ import annotations

import random
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sersync.model.manifest import Entry, pack, traits_of, unpack

names = st.binary(min_size=1, max_size=255).map(
    lambda name: name.replace(b"\0", b"\1").replace(b"/", b"|")
)
entries = st.builds(
    Entry,
    names,
    st.integers(0, 31),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
)
directories = st.lists(entries, unique_by=lambda entry: entry.name, max_size=20)


@given(directories)
def test_what_is_packed_comes_out_in_the_order_of_names(directory: list[Entry]) -> None:
    assert unpack(pack(directory)) == sorted(directory)


@given(directories, st.randoms(use_true_random=False))
def test_the_order_of_listing_makes_no_difference(
    directory: list[Entry], chance: random.Random
) -> None:
    shuffled = list(directory)
    chance.shuffle(shuffled)
    assert pack(shuffled) == pack(directory)


@given(directories, directories)
def test_blobs_are_equal_only_for_equal_directories(one: list[Entry], other: list[Entry]) -> None:
    assert (pack(one) == pack(other)) == (sorted(one) == sorted(other))


def test_a_million_entries_fit_into_one_blob() -> None:
    count = 1_000_000
    blob = pack((b"%07d" % number, 8, number, number) for number in range(count))
    assert len(blob) < 26 * count
    assert len(unpack(blob)) == count


@given(directories.filter(bool), st.data())
def test_a_blob_that_was_cut_off_is_refused(directory: list[Entry], data: st.DataObject) -> None:
    blob = pack(directory)
    names = sum(len(entry.name) for entry in directory)
    end = data.draw(st.integers(1, len(blob) - names - 1))
    with pytest.raises(ValueError, match="cut off"):
        unpack(blob[:end])


def test_traits_tell_directories_and_files_with_several_names() -> None:
    file, linked = traits_of(stat.S_IFREG | 0o644, 1), traits_of(stat.S_IFREG | 0o600, 2)
    directory = traits_of(stat.S_IFDIR | 0o755, 5)
    assert not Entry(b"a", file, 1, 1).is_linked
    assert Entry(b"a", linked, 1, 1).is_linked
    assert Entry(b"a", directory, 1, 0).is_directory
    assert not Entry(b"a", directory, 1, 0).is_linked
    assert not Entry(b"a", linked, 1, 0).is_directory
