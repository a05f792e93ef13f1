"""What is wrong for a reader is told, and what is right is not."""

from collections.abc import Mapping

import pytest

from tests.aws.names import ParameterType
from tests.kill.lives import PLAIN, SECURE, TAGS, Life, State, Waits
from tests.kill.rules import Event, Judge, Ref, Sync

WAITS = Waits(absence=10, write=60)
SECRET, CONFIG_MAP, RENAMED = ("Secret", "app-0"), ("ConfigMap", "app-0"), ("ConfigMap", "app-1")
NAMES: dict[str, ParameterType] = {"s": SECURE, "p": PLAIN}


def text(key: str, number: int = 1, path: str = "/own", kind: ParameterType | None = None) -> str:
    """The value of a parameter, of the type that its name stands for or of another one."""
    name = key.lower().replace("_", "-")
    return f"{TAGS[kind or NAMES[name[0]]]} {path}/{name} {number} x"


def event(version: int, ref: Ref, data: Mapping[str, str] | None, at: float = 100.0) -> Event:
    return Event(version, at, ref, data)


def keys(*found: str) -> dict[str, str]:
    return {key: text(key) for key in found}


BOTH = [event(1, SECRET, keys("S", "S_V")), event(2, CONFIG_MAP, keys("P", "P_V"))]
"""The targets with a parameter that stays and one that does not."""


TURNED = {"p_v": [State(98, 98.1, SECURE)]}
MOVED = keys("S", "S_V") | {"P_V": text("P_V", 2, kind=SECURE)}
States = Mapping[str, list[State]]


def broken(
    *events: Event, states: States | None = None, named: frozenset[Ref] = frozenset({SECRET, CONFIG_MAP})
) -> list[str]:
    """What is wrong with events, each without the target that it is about.

    :param states: the further states of some parameters, by the end of their names.
    :param named: the targets that the spec names since five seconds.
    """
    lives = {f"/{path}/{name}": Life([State(0, 0, kind)]) for name, kind in NAMES.items() for path in ("shared", "own")}
    lives |= {f"/own/{name}-v": Life([State(50, 51, kind)]) for name, kind in NAMES.items()}
    for name, further in (states or {}).items():
        lives[f"/own/{name.replace('_', '-')}"].states.extend(further)
    targets = [(0.0, frozenset({SECRET, CONFIG_MAP})), (95.0, named)]
    sync = Sync("app", ("/shared", "/own"), ("Secret", "ConfigMap"), targets)
    return [wrong.partition(" at ")[2] for wrong in Judge([sync], lives, WAITS).broken(events)]


def gone(before: float) -> State:
    return State(before, before + 0.1, None)


RIGHT: dict[str, tuple[list[Event], States]] = {
    "both are there": (BOTH, {}),
    "a key whose parameter was gone": ([*BOTH, event(3, SECRET, keys("S"))], {"s_v": [gone(90)]}),
    "a key that moved": ([*BOTH, event(3, SECRET, MOVED), event(4, CONFIG_MAP, keys("P"))], TURNED),
    "a newer value": ([*BOTH, event(3, SECRET, keys("S_V") | {"S": text("S", 2)})], {}),
    "the value of another parameter": (
        [event(1, CONFIG_MAP, {"P": text("P", 5)}), event(2, CONFIG_MAP, {"P": text("P", 1, "/shared")})],
        {},
    ),
    "a key that comes back with its parameter": (
        [*BOTH, event(3, SECRET, keys("S"), 75), event(4, SECRET, keys("S", "S_V"))],
        {"s_v": [gone(60), State(80, 80.1, SECURE)]},
    ),
}


@pytest.mark.parametrize(("events", "states"), RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_told(events: list[Event], states: States) -> None:
    assert broken(*events, states=states) == []


WRONG: dict[str, tuple[list[Event], States, list[str]]] = {
    "a key that is missing": (
        [*BOTH, event(3, SECRET, keys("S"))],
        {},
        ["3 lost S_V, whose parameter was SecureString 50.00 s before"],
    ),
    "a key that went too soon": (
        [*BOTH, event(3, SECRET, keys("S"))],
        {"s_v": [gone(91)]},
        ["3 lost S_V, whose parameter was SecureString 50.00 s before, gone 9.00 s before"],
    ),
    "a target without what always stood": (
        [event(1, SECRET, keys("S_V"))],
        {},
        ["1 lacks S, whose parameter has always been there"],
    ),
    "a key that moved too soon": (
        [*BOTH, event(3, CONFIG_MAP, keys("P")), event(4, SECRET, MOVED)],
        TURNED,
        ["3 lost P_V, which is a SecureString now, before a Secret had it"],
    ),
    "a secure value in a ConfigMap": (
        [*BOTH, event(3, CONFIG_MAP, keys("P") | {"P_V": text("P_V", 2, kind=SECURE)})],
        {},
        ["3 shows P_V, which is a SecureString"],
    ),
    "an older value": (
        [event(1, SECRET, {"S": text("S", 7)}), event(2, SECRET, {"S": text("S", 6)})],
        {},
        ["2 got an older value of S again: 6 after 7"],
    ),
    "a key of what is gone": (
        [*BOTH, event(3, SECRET, keys("S"), 99), event(4, SECRET, keys("S", "S_V"))],
        {"s_v": [gone(60)]},
        ["4 got S_V again, whose parameter did not come back"],
    ),
    "a target that is named": (
        [*BOTH, event(3, SECRET, None)],
        {},
        [
            "3 was deleted, and the spec names it",
            "3 was deleted before Secret app-0 was there, which the spec names",
        ],
    ),
}


@pytest.mark.parametrize(("events", "states", "wrong"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told(events: list[Event], states: States, wrong: list[str]) -> None:
    assert broken(*events, states=states) == wrong


def test_events_are_taken_in_the_order_of_their_versions() -> None:
    assert broken(*BOTH, event(4, CONFIG_MAP, keys("P")), event(3, SECRET, MOVED), states=TURNED) == []


@pytest.mark.parametrize("is_there", [True, False])
def test_a_renamed_target_is_there_before_the_old_one_goes(is_there: bool) -> None:
    renamed = [event(3, RENAMED, keys("P", "P_V"))] if is_there else []
    wrong = broken(*BOTH, *renamed, event(4, CONFIG_MAP, None), named=frozenset({SECRET, RENAMED}))
    assert wrong == ([] if is_there else ["4 was deleted before ConfigMap app-1 was there, which the spec names"])
