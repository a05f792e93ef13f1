"""What would happen to each key of a target."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from paramsync.core.actions import Action, ActionKind, draft
from paramsync.core.before import before
from paramsync.core.objects import Live
from paramsync.core.parameters import Parameter
from paramsync.core.provenance import Entry, milliseconds
from paramsync.core.values import Decoded, KeyValue, SecureValue

from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    SECURE_STRING,
    STRING,
    STRING_LIST,
    desired,
    entry,
    live,
    origin,
    ours,
    parameter,
    secure,
)

PROVENANCE = "paramsync.dev/provenance"
PLAIN_KEYS = "paramsync.dev/plain-keys"
HOST = {"HOST": entry("host")}
OLD: Mapping[str, KeyValue] = {"HOST": "db.internal"}


def settled(_name: str | None) -> bool:
    return True


def unsettled(_name: str | None) -> bool:
    return False


def actions(
    found: Live | None,
    *parameters: Parameter,
    is_settled: Callable[[str | None], bool] = settled,
    path: str = "/prod/pay",
) -> tuple[Action, ...]:
    return draft(CONFIG_MAP, found, desired(*parameters, path=path), is_settled).actions


@pytest.mark.parametrize("data", [OLD, None], ids=["values read", "metadata read"])
def test_a_key_that_stays_as_it_is_has_no_action(data: Mapping[str, KeyValue] | None) -> None:
    assert actions(ours(CONFIG_MAP, data, entries=HOST), parameter()) == ()


def test_every_key_of_a_new_target_is_added() -> None:
    assert [
        (each.kind, each.key, each.parameter) for each in actions(None, parameter(), parameter("/prod/pay/port"))
    ] == [
        (ActionKind.ADD, "HOST", "/prod/pay/host"),
        (ActionKind.ADD, "PORT", "/prod/pay/port"),
    ]


def test_a_key_that_the_target_lacks_is_added() -> None:
    (action,) = actions(ours(CONFIG_MAP, OLD, entries=HOST), parameter(), parameter("/prod/pay/port", version=3))
    assert action == Action(
        ActionKind.ADD,
        CONFIG_MAP,
        "PORT",
        "/prod/pay/port",
        3,
        milliseconds(NOW),
        "the parameter is new to this target",
    )


@pytest.mark.parametrize(
    "changed",
    [
        parameter(version=2),
        parameter(modified=NOW + timedelta(milliseconds=1)),
        parameter(modified=NOW - timedelta(days=1)),
        parameter(kind=STRING_LIST),
    ],
    ids=["version", "later date with the same version", "earlier date", "type"],
)
@pytest.mark.parametrize("data", [OLD, None], ids=["values read", "metadata read"])
def test_another_stamp_is_a_change(changed: Parameter, data: Mapping[str, KeyValue] | None) -> None:
    (action,) = actions(ours(CONFIG_MAP, data, entries=HOST), changed)
    assert (action.kind, action.reason) == (ActionKind.CHANGE, "the parameter changed")


def test_a_key_from_another_parameter_is_a_change() -> None:
    (action,) = actions(ours(CONFIG_MAP, OLD, entries=HOST), parameter("/other/host"), path="/other")
    assert (action.kind, action.reason) == (ActionKind.CHANGE, "another parameter gives this key now")


@pytest.mark.parametrize(
    "data", [{"HOST": "evil"}, {"HOST": Decoded(b"db.internal")}, {}], ids=["changed", "binary", "deleted"]
)
def test_a_key_that_was_changed_in_the_cluster_is_a_change(data: Mapping[str, KeyValue]) -> None:
    (action,) = actions(ours(CONFIG_MAP, data, entries=HOST), parameter())
    assert (action.kind, action.reason) == (ActionKind.CHANGE, "the key was changed in the cluster")


def test_a_secure_key_is_compared_by_its_value() -> None:
    entries = {"PASSWORD": entry("password", kind=SECURE_STRING)}
    same = ours(SECRET, {"PASSWORD": SecureValue(b"hunter2")}, entries=entries)
    other = ours(SECRET, {"PASSWORD": SecureValue(b"evil")}, entries=entries)
    assert draft(SECRET, same, desired(secure()), settled).actions == ()
    assert [each.kind for each in draft(SECRET, other, desired(secure()), settled).actions] == [ActionKind.CHANGE]


@pytest.mark.parametrize(
    "known",
    [Entry(STRING, 0, "host", 1), Entry(STRING, 0, "host"), Entry(STRING)],
    ids=["without the date", "without the version", "type only"],
)
def test_what_trimming_dropped_is_no_change(known: Entry) -> None:
    assert actions(ours(CONFIG_MAP, OLD, entries={"HOST": known}), parameter()) == ()


@pytest.mark.parametrize("data", [OLD, None], ids=["values read", "metadata read"])
def test_a_key_that_no_parameter_gives_is_removed(data: Mapping[str, KeyValue] | None) -> None:
    assert actions(ours(CONFIG_MAP, data, entries=HOST)) == (
        Action(
            ActionKind.REMOVE,
            CONFIG_MAP,
            "HOST",
            "/prod/pay/host",
            1,
            milliseconds(NOW),
            "no parameter gives this key any more",
        ),
    )


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ([], "its removal has not settled yet"),
        ([parameter(version=2)], "its change has not settled yet"),
    ],
    ids=["removal", "change"],
)
def test_what_has_not_settled_is_kept(parameters: list[Parameter], reason: str) -> None:
    (action,) = actions(ours(CONFIG_MAP, OLD, entries=HOST), *parameters, is_settled=unsettled)
    assert (action.kind, action.key, action.reason) == (ActionKind.KEEP, "HOST", reason)


def test_an_addition_that_has_not_settled_waits() -> None:
    (action,) = actions(ours(CONFIG_MAP, {}), parameter(), is_settled=unsettled)
    assert (action.kind, action.key) == (ActionKind.KEEP, "HOST")


def test_an_absent_target_waits_for_nothing() -> None:
    assert [each.kind for each in actions(None, parameter(), is_settled=unsettled)] == [ActionKind.ADD]


def test_settling_is_asked_for_by_full_name() -> None:
    asked: list[str | None] = []

    def is_settled(name: str | None) -> bool:
        asked.append(name)
        return True

    known = {**HOST, "GONE": entry("gone"), "NAMELESS": Entry(STRING)}
    actions(ours(CONFIG_MAP, None, entries=known), parameter(version=2), is_settled=is_settled)
    assert set(asked) == {"/prod/pay/host", "/prod/pay/gone", None}


def test_a_foreign_key_is_neither_kept_nor_removed() -> None:
    assert actions(ours(CONFIG_MAP, {**OLD, "THEIRS": "x"}, entries=HOST, foreign_keys=["THEIRS"]), parameter()) == ()


@pytest.mark.parametrize(
    "annotation", [None, "damaged", '{"v":2,"sources":[],"keys":{}}'], ids=["missing", "damaged", "of a later format"]
)
def test_a_key_of_a_secret_without_provenance_counts_as_secure(annotation: str | None) -> None:
    found = ours(
        SECRET,
        {"A": SecureValue(b"x"), "THEIRS": SecureValue(b"y")},
        foreign_keys=["THEIRS"],
        annotations={PROVENANCE: annotation},
    )
    assert before(found).entries == {"A": Entry(SECURE_STRING)}
    assert [(each.kind, each.key) for each in draft(SECRET, found, {}, settled).actions] == [(ActionKind.REMOVE, "A")]


def test_a_key_of_a_config_map_without_provenance_has_the_type_that_plain_keys_states() -> None:
    found = ours(
        CONFIG_MAP,
        {"A": "x", "B": "y"},
        annotations={PROVENANCE: None, PLAIN_KEYS: "A=String B=StringList C=String"},
    )
    assert before(found).entries == {"A": Entry(STRING), "B": Entry(STRING_LIST)}


def test_what_provenance_knows_is_not_read_from_elsewhere() -> None:
    found = ours(CONFIG_MAP, OLD, entries=HOST, annotations={PLAIN_KEYS: "HOST=StringList"})
    known = before(found).provenance
    assert known.entries == HOST
    assert known.origins == (origin(),)


@pytest.mark.parametrize("found", [None, live(CONFIG_MAP)], ids=["absent", "bare metadata"])
def test_there_may_be_nothing_before(found: Live | None) -> None:
    assert before(found).entries == {}
