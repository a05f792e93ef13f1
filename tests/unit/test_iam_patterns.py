"""Patterns of IAM for what a source selects: wide enough for all of it, and as narrow as IAM can say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.iam.installation import issuer
from paramsync.core.iam.patterns import MOST_SPELLED_OUT, listed, opened, widest
from paramsync.core.want import Selection


def covers(pattern: str, name: str) -> bool:
    """How IAM compares: ``*`` stands for anything, slashes too, and ``?`` for one character."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), name) is not None


def patterns(*globs: str, path: str = "/p") -> set[str]:
    return set(opened(path, Selection(globs, secure=True)))


def test_a_listing_is_authorised_by_its_literal_path() -> None:
    assert (listed("/prod/pay"), listed("/")) == ("parameter/prod/pay", "parameter/")


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("**", {"*"}),
        ("db/host", {"db/host"}),
        ("db/*", {"db/*"}),
        ("db/**", {"db", "db/*"}),
        ("**/token", {"token", "*/token"}),
        ("a/**/b", {"a/b", "a/*/b"}),
        ("**/**", {"*", "*/*"}),
        ("**/a/**/b/**/c/**", {"*a*b*c*"}),
    ],
)
def test_a_glob_becomes_patterns(glob: str, expected: set[str]) -> None:
    assert patterns(glob) == {f"parameter/p/{each}" for each in expected}
    assert patterns(glob, path="/") == {f"parameter/{each}" for each in expected}


def test_what_another_pattern_covers_is_left_out() -> None:
    assert widest(["p/*", "p/db/*", "q", "p/a", "q"]) == ("p/*", "q")
    assert widest(["p/a*", "p/a?"]) == ("p/a*",)
    assert widest(["p/?", "p/*b"]) == ("p/*b", "p/?"), "a ? covers no *"


SEGMENTS = st.sampled_from(["a", "b", "ab", "db"])
NAMES = st.lists(SEGMENTS, min_size=1, max_size=5).map("/".join)
GLOBS = st.lists(
    st.sampled_from(["**", "*", "a", "b", "a?", "*b", "db"]), min_size=1, max_size=MOST_SPELLED_OUT + 3
).map("/".join)


@given(st.lists(GLOBS, min_size=1, max_size=3), NAMES)
def test_all_that_is_selected_is_covered(globs: list[str], name: str) -> None:
    selection = Selection(tuple(globs), secure=True)
    found = widest(opened("/p", selection))
    if selection.names(name):
        assert any(covers(pattern, f"parameter/p/{name}") for pattern in found)
    assert all(pattern.startswith("parameter/p/") for pattern in found), "nothing beside the path"


@pytest.mark.parametrize(
    "text",
    [
        "https://oidc.eks.eu-west-1.amazonaws.com/id/AB12",
        "https://oidc.eks.eu-west-1.amazonaws.com/id/AB12/",
        "oidc.eks.eu-west-1.amazonaws.com/id/AB12",
        "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12",
    ],
)
def test_an_issuer_is_known_by_its_host_and_path(text: str) -> None:
    assert issuer(text) == "oidc.eks.eu-west-1.amazonaws.com/id/AB12"


@pytest.mark.parametrize("text", ["", "http://a b", "https://", "a/b c", "arn:aws:iam::1:role/x"])
def test_what_is_no_issuer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="OIDC provider"):
        issuer(text)
