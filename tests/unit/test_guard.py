"""What the guard keeps back, and what it remembers."""

from datetime import timedelta

import pytest

from paramsync.api.status import GuardWindow
from paramsync.core.actions import ActionKind, Draft, draft
from paramsync.core.clock import timestamp
from paramsync.core.guard import holds, window
from paramsync.core.parameters import Parameter
from paramsync.core.reasons import Reason

from .builders import CONFIG_MAP, NOW, SECRET, SECURE_STRING, desired, entry, ours, parameter, secure

BOTH = {"HOST": entry("host"), "PORT": entry("port")}


def drafted(*parameters: Parameter, gone_is_settled: bool = True, empty: bool = False) -> Draft:
    """A draft of a ConfigMap that was written from host and port."""
    found = ours(CONFIG_MAP, None, entries={} if empty else BOTH)
    return draft(CONFIG_MAP, found, desired(*parameters), lambda name: gone_is_settled or name != "/prod/pay/port")


def test_a_target_is_never_left_without_any_key() -> None:
    made = drafted()
    (hold,) = holds([made])
    assert hold.reason is Reason.REMOVAL_BLOCKED
    assert hold.actions == made.actions
    assert [(each.kind, each.key) for each in hold.actions] == [
        (ActionKind.REMOVE, "HOST"),
        (ActionKind.REMOVE, "PORT"),
    ]
    assert hold.message.startswith("Nothing would remain in ConfigMap app: all 2 keys are kept")
    assert "delete the ConfigMap" in hold.message


@pytest.mark.parametrize(
    "made",
    [
        drafted(parameter("/prod/pay/host")),
        drafted(parameter("/prod/pay/host"), parameter("/prod/pay/port")),
        drafted(gone_is_settled=False),
        drafted(empty=True),
        drafted(parameter("/prod/pay/new"), empty=True),
        draft(SECRET, None, desired(secure()), lambda _: True),
        draft(SECRET, None, {}, lambda _: True),
    ],
    ids=[
        "one of two goes",
        "nothing goes",
        "one of two has not settled",
        "it was empty and stays so",
        "its first key",
        "a new target",
        "a new target without keys",
    ],
)
def test_anything_else_may_pass(made: Draft) -> None:
    assert holds([made]) == ()


def test_every_target_is_held_by_itself() -> None:
    secret = draft(SECRET, ours(SECRET, None, entries={"P": entry("p", kind=SECURE_STRING)}), {}, lambda _: True)
    assert [hold.actions[0].target for hold in holds([drafted(parameter()), secret])] == [SECRET]
    assert [hold.actions[0].target for hold in holds([secret, drafted()])] == [SECRET, CONFIG_MAP]


def test_held_actions_are_removals_only() -> None:
    (hold,) = holds([drafted()])
    assert {each.kind for each in hold.actions} == {ActionKind.REMOVE}


def remembered(age: timedelta, *, peak: int = 10, removed: int = 2) -> GuardWindow:
    return GuardWindow(since=timestamp(NOW - age), peak=peak, removed=removed)


@pytest.mark.parametrize(
    ("previous", "parameters", "removed", "expected"),
    [
        (None, 7, 0, (timedelta(0), 7, 0)),
        (None, 7, 3, (timedelta(0), 10, 3)),
        (remembered(timedelta(minutes=59)), 8, 0, (timedelta(minutes=59), 10, 2)),
        (remembered(timedelta(minutes=59)), 5, 3, (timedelta(minutes=59), 10, 5)),
        (remembered(timedelta(minutes=59)), 12, 0, (timedelta(minutes=59), 12, 2)),
        (remembered(timedelta(minutes=59)), 12, 3, (timedelta(minutes=59), 15, 5)),
        (remembered(timedelta(minutes=59, seconds=59)), 1, 0, (timedelta(minutes=59, seconds=59), 10, 2)),
        (remembered(timedelta(hours=1)), 1, 1, (timedelta(0), 2, 1)),
        (remembered(timedelta(hours=1)), 11, 0, (timedelta(0), 11, 0)),
        (remembered(timedelta(days=9)), 10, 0, (timedelta(days=9), 10, 2)),
    ],
    ids=[
        "first",
        "first with removals",
        "nothing new",
        "more removals",
        "more parameters",
        "more of both",
        "just within the hour",
        "a removal an hour later",
        "a new peak an hour later",
        "nothing new for days",
    ],
)
def test_the_window_remembers_the_peak_and_the_removals_of_an_hour(
    previous: GuardWindow | None, parameters: int, removed: int, expected: tuple[timedelta, int, int]
) -> None:
    age, peak, gone = expected
    made = window(previous, NOW, parameters, removed)
    assert made == GuardWindow(since=timestamp(NOW - age), peak=peak, removed=gone)
