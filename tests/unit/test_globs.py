"""Globs on relative names."""

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.globs import matches


@pytest.mark.parametrize(
    ("pattern", "name", "covers"),
    [
        ("host", "host", True),
        ("host", "db/host", False),
        ("host", "hosts", False),
        ("host", "HOST", False),
        ("*", "host", True),
        ("*", "db/host", False),
        ("*", ".hidden", True),
        ("db/*", "db/host", True),
        ("db/*", "db", False),
        ("db/*", "db/a/b", False),
        ("db/*", "other/db/x", False),
        ("**", "host", True),
        ("**", "a/b/c", True),
        ("db/**", "db/a/b", True),
        ("db/**", "db", True),
        ("db/**", "dbx/a", False),
        ("**/password", "password", True),
        ("**/password", "a/b/password", True),
        ("**/password", "a/password/b", False),
        ("**/password", "mypassword", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/b/y", False),
        ("**/a/**", "x/a/y", True),
        ("**/a/**", "x/b/y", False),
        ("**/**", "a", True),
        ("*-key", "api-key", True),
        ("api-?", "api-1", True),
        ("api-?", "api-", False),
        ("api-?", "api-12", False),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("*.*", "a.b", True),
    ],
)
def test_patterns_are_compared_by_whole_segments(pattern: str, name: str, covers: bool) -> None:
    assert matches(pattern, name) is covers


NAMES = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)
GLOBS = st.lists(st.sampled_from(["**", "*", "a", "b", "a*", "?", "*b", "ab"]), min_size=1, max_size=5)


def naive(globs: list[str], segments: list[str]) -> bool:
    """What a pattern means, in the plainest words."""
    if not globs:
        return not segments
    head, *rest = globs
    if head == "**":
        return any(naive(rest, segments[count:]) for count in range(len(segments) + 1))
    return bool(segments) and matches(head, segments[0]) and naive(rest, segments[1:])


@given(GLOBS, NAMES)
def test_it_means_the_same_as_trying_everything(globs: list[str], name: str) -> None:
    assert matches("/".join(globs), name) is naive(globs, name.split("/"))


def test_no_pattern_takes_long() -> None:
    began = time.process_time()
    assert not matches("/".join(["**", "*a*a*a*a*a*a*a*a*b"] * 7), "/".join(["a" * 60] * 15))
    assert time.process_time() - began < 1, "a few milliseconds, and not the age of the universe"


@given(st.text("ab*?", min_size=1, max_size=8).filter(lambda glob: "**" not in glob), st.text("ab", max_size=6))
def test_within_a_segment_it_is_what_the_standard_library_says(glob: str, text: str) -> None:
    name = f"x{text}"
    assert matches(f"x{glob}", name) is fnmatchcase(name, f"x{glob}")
