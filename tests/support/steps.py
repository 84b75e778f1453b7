"""Single changes to a tree, made up by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from sersync.selftest.changes import KINDS, NAMES, Playground, Step

__all__ = ["NAMES", "Playground", "Step", "steps"]


def steps(
    names: tuple[bytes, ...] = NAMES, *, kinds: tuple[str, ...] = ()
) -> st.SearchStrategy[Step]:
    """Make up steps with paths of one to three *names*."""
    plain, odd = st.sampled_from(names[:5]), st.sampled_from(names)
    name = st.one_of(plain, plain, odd)
    path = st.lists(name, min_size=1, max_size=3).map(b"/".join)
    return st.builds(
        Step,
        st.sampled_from(kinds or KINDS),
        path,
        path,
        st.integers(min_value=0, max_value=2**16),
    )
