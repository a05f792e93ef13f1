"""What a sync selects, and the union that a feed decrypts."""

import pytest

from paramsync.api.sources import Source
from paramsync.api.sync import ParameterType
from paramsync.core.want import Selection, Want

from .builders import SECURE_STRING, STRING, STRING_LIST

ALL = Selection(secure=True)
PLAIN = Selection()
SOME = Selection(include=("db/**",), secure=True)
REST = Selection(exclude=("debug/**",), secure=True)


@pytest.mark.parametrize(
    ("source", "selection"),
    [
        (Source(path="/a"), Selection()),
        (Source(path="/a", include=("db/*",)), Selection(include=("db/*",))),
        (Source(path="/a", exclude=("x", "y")), Selection(exclude=("x", "y"))),
    ],
)
def test_a_source_selects_everything_unless_it_says_otherwise(source: Source, selection: Selection) -> None:
    assert Selection.of(source, secure=False) == selection


@pytest.mark.parametrize(
    ("selection", "relative", "named"),
    [
        (PLAIN, "anything/at/all", True),
        (SOME, "db/host", True),
        (SOME, "host", False),
        (REST, "debug/x", False),
        (REST, "host", True),
        (Selection(include=("db/**", "api/*"), exclude=("**/x",)), "api/key", True),
        (Selection(include=("db/**", "api/*"), exclude=("**/x",)), "db/a/x", False),
        (Selection(include=("host",), exclude=("host",)), "host", False),
    ],
)
def test_exclude_wins(selection: Selection, relative: str, named: bool) -> None:
    assert selection.names(relative) is named


@pytest.mark.parametrize("kind", ParameterType)
def test_a_secure_value_is_taken_only_by_who_wants_one(kind: ParameterType) -> None:
    assert ALL.takes("x", kind)
    assert PLAIN.takes("x", kind) is (kind is not SECURE_STRING)


def test_a_want_is_the_union() -> None:
    want = Want.of([SOME, Selection(include=("host",))])
    taken = [
        (name, kind) for name in ("db/x", "host", "y") for kind in (STRING, SECURE_STRING) if want.takes(name, kind)
    ]
    assert taken == [("db/x", STRING), ("db/x", SECURE_STRING), ("host", STRING)]
    assert not Want().takes("x", STRING_LIST)


@pytest.mark.parametrize(
    ("selections", "covers"),
    [
        ([], False),
        ([PLAIN], False),
        ([SOME, REST], False),
        ([ALL], True),
        ([PLAIN, SOME, ALL], True),
        ([Selection(include=("x", "**"), secure=True)], True),
    ],
)
def test_one_pass_is_for_who_wants_every_secure_name(selections: list[Selection], covers: bool) -> None:
    assert Want.of(selections).covers_every_secure_name is covers


@pytest.mark.parametrize(
    ("want", "selection", "served"),
    [
        (Want(), PLAIN, True),
        (Want(), SOME, False),
        (Want.of([SOME]), SOME, True),
        (Want.of([SOME]), REST, False),
        (Want.of([ALL]), REST, True),
        (Want.of([REST]), ALL, False),
    ],
)
def test_who_is_served_by_what_was_decrypted(want: Want, selection: Selection, served: bool) -> None:
    assert want.serves(selection) is served


def test_of_a_new_want_only_what_was_decrypted_is_served() -> None:
    assert Want.of([SOME, PLAIN]).served_of(Want.of([SOME, REST])) == Want.of([SOME])
    assert Want.of([ALL]).served_of(Want.of([SOME, REST])) == Want.of([SOME, REST])
