"""What taking over an object of somebody else's would do, and what it leaves behind when it is interrupted."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from paramsync.api.sync import ParameterSyncSpec, TargetKind
from paramsync.core.actions import Action, ActionKind
from paramsync.core.adoption import GOING, Handover, adoption, handover, has_settled, would_empty
from paramsync.core.annotations import decode_plain_keys
from paramsync.core.objects import MANAGED_BY, MANAGED_BY_LABEL, Content, Live
from paramsync.core.ownership import conflict, is_adoption, is_ours
from paramsync.core.parameters import Snapshot
from paramsync.core.plan import Plan
from paramsync.core.provenance import milliseconds
from paramsync.core.reasons import Reason
from paramsync.core.routing import PLAIN, TargetRef, routes
from paramsync.core.values import Decoded, KeyValue, SecureValue

from . import strategies
from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    SECURE_STRING,
    STRING,
    config_map_content,
    desired,
    entry,
    given,
    ours,
    owner,
    parameter,
    planned,
    secret_content,
    secure,
    snapshot,
    source,
    spec,
    target,
)

ADOPT, SYNC = "paramsync.dev/adopt", "paramsync.dev/sync"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
PLAIN_KEYS, PROVENANCE = "paramsync.dev/plain-keys", "paramsync.dev/provenance"
FULL = snapshot(parameter(), secure())
THEIRS: Mapping[str, KeyValue] = {"HOST": "theirs", "OLD": "theirs"}
KEYS = ("HOST", "PORT", "PASSWORD", "DB_HOST", "A_B", "theirs", "OLD")


def kinds(plan: Plan, ref: TargetRef) -> dict[str, ActionKind]:
    return {action.key: action.kind for action in plan.actions if action.target == ref}


class TestKeyByKey:
    def test_a_key_is_new_or_replaced_or_goes(self) -> None:
        made = adoption(CONFIG_MAP, given(CONFIG_MAP, THEIRS), desired(parameter(), parameter("/prod/pay/port")))
        when = milliseconds(NOW)
        assert made.all_actions == (
            Action(
                ActionKind.REPLACE,
                CONFIG_MAP,
                "HOST",
                "/prod/pay/host",
                1,
                when,
                "the key is there already, and its value is written over",
            ),
            Action(
                ActionKind.ADD,
                CONFIG_MAP,
                "PORT",
                "/prod/pay/port",
                1,
                when,
                "the parameter is new to this target",
            ),
            Action(
                ActionKind.REMOVE,
                CONFIG_MAP,
                "OLD",
                None,
                None,
                None,
                "it came with the object, which was somebody else's, and no parameter gives this key",
            ),
        )
        assert made.is_adoption

    def test_none_of_its_keys_was_ours_before(self) -> None:
        found = replace(ours(SECRET, {"OLD": SecureValue(b"x")}, entries={"OLD": entry("old", kind=SECURE_STRING)}))
        made = adoption(SECRET, found, desired(secure()))
        assert (made.before.entries, made.before.provenance.origins) == ({}, ())
        assert made.before.is_complete
        assert [action.key for action in made.surplus] == ["OLD"]

    def test_keys_are_known_by_their_managers_until_the_values_are_read(self) -> None:
        made = adoption(
            SECRET, replace(given(SECRET), data=None, foreign_keys=frozenset({"PASSWORD"})), desired(secure())
        )
        assert [action.kind for action in made.actions] == [ActionKind.REPLACE]
        assert not made.before.is_complete
        found = replace(given(SECRET, {"PASSWORD": SecureValue(b"x")}), data=None)
        plan = planned(FULL, live=[found], applied=[], spec=spec(targets=[target()]))
        assert plan.needs_values == {SECRET}

    @pytest.mark.parametrize("same", ["theirs", "db.internal"], ids=["another value", "the same value"])
    def test_whether_a_value_is_the_same_is_not_told(self, same: str) -> None:
        plan = planned(FULL, live=[given(CONFIG_MAP, {"HOST": same})], applied=[])
        (action,) = [each for each in plan.actions if each.target == CONFIG_MAP]
        assert action.kind is ActionKind.REPLACE
        assert same not in repr(plan.actions)

    def test_a_parameter_that_leaves_a_target_for_it_moves(self) -> None:
        entries = {"HOST": entry("host"), "PASSWORD": entry("password", kind=SECURE_STRING)}
        was = ours(SECRET, {"HOST": SecureValue(b"x"), "PASSWORD": SecureValue(b"hunter2")}, entries=entries)
        plan = planned(FULL, live=[was, given(CONFIG_MAP, {"HOST": "theirs"})], applied=[SECRET])
        assert kinds(plan, SECRET)["HOST"] is ActionKind.MOVE
        assert kinds(plan, CONFIG_MAP) == {"HOST": ActionKind.REPLACE}


class TestTheGuard:
    def test_what_goes_from_it_is_no_removal(self) -> None:
        theirs = {f"OLD_{number}": SecureValue(b"x") for number in range(20)}
        plan = planned(FULL, live=[given(SECRET, theirs)], applied=[])
        assert (plan.problems, plan.holds, plan.removed) == ((), (), {})
        assert plan.adopted == {SECRET}
        assert kinds(plan, SECRET) == {"PASSWORD": ActionKind.ADD, **dict.fromkeys(theirs, ActionKind.REMOVE)}

    def test_what_gains_is_written_before_it(self) -> None:
        plan = planned(FULL, live=[given(SECRET, {"OLD": SecureValue(b"x")})], applied=[])
        assert [content.ref for content in plan.contents] == [CONFIG_MAP, SECRET]

    def test_once_secure_stays_secure_also_into_what_is_taken_over(self) -> None:
        was = ours(SECRET, {"HOST": SecureValue(b"x")}, entries={"HOST": entry("host", kind=SECURE_STRING)})
        plan = planned(FULL, live=[was, given(CONFIG_MAP, {"HOST": "theirs"})], applied=[SECRET])
        assert [hold.reason for hold in plan.holds] == [Reason.DOWNGRADE_BLOCKED]
        assert plan.is_stopped

    def test_an_object_that_would_be_left_without_any_key_is_not_taken(self) -> None:
        plan = planned(snapshot(parameter()), live=[given(SECRET, {"OLD": SecureValue(b"x")})], applied=[])
        (problem,) = plan.problems
        assert (problem.reason, problem.subject) == (Reason.TARGET_CONFLICT, "Secret app")
        assert problem.message.startswith("Secret app is given to this sync, but no parameter goes into it")
        assert plan.contents == ()

    def test_an_empty_object_is_taken_for_a_target_without_keys(self) -> None:
        plan = planned(snapshot(parameter()), live=[given(SECRET)], applied=[])
        assert plan.problems == ()
        assert plan.adopted == {SECRET}


class TestSettling:
    @pytest.mark.parametrize(
        ("theirs", "settled", "absence_settled", "waits"),
        [
            ({"HOST": "x"}, True, False, False),
            ({"HOST": "x"}, False, False, True),
            ({"HOST": "x", "OLD": "x"}, True, False, True),
            ({"HOST": "x", "OLD": "x"}, True, True, False),
            ({}, True, False, False),
        ],
        ids=[
            "what comes has settled",
            "nothing has",
            "what goes has not",
            "all has",
            "nothing goes",
        ],
    )
    def test_it_waits_for_all_that_it_does(
        self, theirs: Mapping[str, KeyValue], settled: bool, absence_settled: bool, waits: bool
    ) -> None:
        found = snapshot(parameter(), settled=settled, absence_settled=absence_settled)
        made = spec(targets=[target(TargetKind.CONFIG_MAP)])
        plan = planned(found, live=[given(CONFIG_MAP, theirs)], applied=[], spec=made)
        assert (plan.waits, plan.unsettled) == (waits, waits)
        assert bool(plan.contents) is not waits

    def test_others_are_never_asked(self) -> None:
        made = adoption(SECRET, given(SECRET, {"OLD": SecureValue(b"x")}), {})
        assert not has_settled(made, lambda _: False)
        assert has_settled(replace(made, is_adoption=False), lambda _: False)
        assert would_empty(replace(made, surplus=())) is None


def patched(found: Live, done: Handover) -> Live:
    """The object after the merge patch, as the API server has it: nobody owns a key any more."""
    data = {**{key: value for key, value in (found.data or {}).items() if key not in done.removed}, **done.moved}
    annotations = {**found.annotations, **done.annotations}
    return replace(
        found,
        labels={**found.labels, MANAGED_BY_LABEL: MANAGED_BY},
        annotations={name: text for name, text in annotations.items() if text is not None},
        data=data,
        foreign_keys=frozenset(data),
    )


class TestBetweenThePatchAndTheApply:
    def test_of_a_secret(self) -> None:
        found = given(
            SECRET,
            {"PASSWORD": SecureValue(b"theirs"), "OLD": SecureValue(b"theirs")},
            annotations={LAST_APPLIED: "{}", "reloader": "on"},
        )
        assert handover(secret_content(), found) == Handover(
            removed=frozenset({"OLD"}), moved={}, annotations={ADOPT: None, LAST_APPLIED: None, SYNC: "app"}
        )

    def test_of_a_config_map(self) -> None:
        content = config_map_content({"HOST": "ours", "BINARY": "ours", "NEW": "ours"})
        found = given(CONFIG_MAP, {"HOST": "theirs", "BINARY": Decoded(b"x"), "OLD": "theirs", "BLOB": Decoded(b"x")})
        assert handover(content, found) == Handover(
            removed=frozenset({"OLD", "BLOB"}),
            moved={"BINARY": "ours"},
            annotations={ADOPT: None, SYNC: "app", PLAIN_KEYS: "BINARY=String HOST=String"},
        )

    def test_what_another_sync_remembered_goes(self) -> None:
        left = given(SECRET, annotations={SYNC: "other", PROVENANCE: "{}"})
        assert handover(secret_content(), left).annotations == {ADOPT: None, PROVENANCE: None, SYNC: "app"}


@st.composite
def gifts(draw: st.DrawFn) -> tuple[ParameterSyncSpec, list[Snapshot], list[Live]]:
    """A spec, its snapshots, and objects that are given to the sync in place of some of its targets."""
    made, found = draw(strategies.situations(settled=True, legal=True))
    objects = []
    for each in routes(made, "app"):
        values: st.SearchStrategy[KeyValue] = (
            strategies.secure_values
            if each.ref.kind is TargetKind.SECRET
            else strategies.values | st.binary(max_size=4).map(Decoded)
        )
        if draw(st.booleans()):
            annotations = draw(st.sampled_from([{}, {LAST_APPLIED: "{}"}, {PROVENANCE: "{}", "note": "x"}]))
            data = draw(st.dictionaries(st.sampled_from(KEYS), values))
            objects.append(given(each.ref, data, labels={"team": "pay"}, annotations=annotations))
    return made, found, objects


def by_ref(plan: Plan) -> dict[TargetRef, Content]:
    return {content.ref: content for content in plan.contents}


@drawn(gifts())
def test_what_is_taken_over_holds_what_a_new_target_would(
    gift: tuple[ParameterSyncSpec, list[Snapshot], list[Live]],
) -> None:
    made, found, objects = gift
    plan = planned(*found, spec=made, live=objects, applied=[])
    fresh = planned(*found, spec=made)
    if plan.problems:
        assert fresh.problems or {each.reason for each in plan.problems} == {Reason.TARGET_CONFLICT}
        return
    assert plan.adopted == {each.ref for each in objects}
    assert {ref: (each.data, each.annotations) for ref, each in by_ref(plan).items()} == {
        ref: (each.data, each.annotations) for ref, each in by_ref(fresh).items()
    }
    assert (plan.holds, plan.removed) == ((), {})


@drawn(gifts())
def test_every_key_has_one_action_and_no_value_decides_it(
    gift: tuple[ParameterSyncSpec, list[Snapshot], list[Live]],
) -> None:
    made, found, objects = gift
    plan = planned(*found, spec=made, live=objects, applied=[])
    for each in objects if plan.contents else ():
        there, wanted = set(each.data or ()), set(by_ref(plan)[each.ref].data)
        assert kinds(plan, each.ref) == {
            **dict.fromkeys(wanted - there, ActionKind.ADD),
            **dict.fromkeys(wanted & there, ActionKind.REPLACE),
            **dict.fromkeys(there - wanted, ActionKind.REMOVE),
        }
    others = [replace(each, data={key: _other(each.ref) for key in each.data or ()}) for each in objects]
    again = planned(*found, spec=made, live=others, applied=[])
    assert (again.actions, again.problems) == (plan.actions, plan.problems)


def _other(ref: TargetRef) -> KeyValue:
    return SecureValue(b"other") if ref.kind is TargetKind.SECRET else "other"


@drawn(gifts())
def test_an_interruption_loses_nothing_that_stays_and_the_next_run_ends_the_same(
    gift: tuple[ParameterSyncSpec, list[Snapshot], list[Live]],
) -> None:
    made, found, objects = gift
    plan = planned(*found, spec=made, live=objects, applied=[])
    contents = by_ref(plan)
    if plan.problems:
        return
    between = [patched(each, handover(contents[each.ref], each)) for each in objects]
    for before, each in zip(objects, between, strict=True):
        content = contents[each.ref]
        assert each.data is not None
        assert set(each.data) == set(before.data or ()) & set(content.data), "what stays is there all the time"
        assert not any(isinstance(value, Decoded) for value in each.data.values())
        assert is_ours(each, owner())
        assert conflict(each, owner()) is None
        assert is_adoption(each, owner())
        assert each.labels == {"team": "pay", MANAGED_BY_LABEL: MANAGED_BY}
        assert not GOING & each.annotations.keys()
        if each.ref.kind is TargetKind.CONFIG_MAP:
            stated = decode_plain_keys(each.annotations[PLAIN_KEYS])
            assert set(stated) == set(each.data), "an admission policy asks for every key"
            assert set(stated.values()) <= PLAIN
    again = planned(*found, spec=made, live=between, applied=[])
    assert by_ref(again) == contents
    assert again.holds == ()


def test_what_vanished_meanwhile_goes_only_when_it_has_settled() -> None:
    """Between patch and apply a process ends; its successor lists the path for the first time."""
    found = given(CONFIG_MAP, {"HOST": "theirs", "PORT": "theirs"})
    first = planned(snapshot(parameter(), parameter("/prod/pay/port")), live=[found], applied=[])
    between = patched(found, handover(by_ref(first)[CONFIG_MAP], found))
    made = spec(source(), targets=[target(TargetKind.CONFIG_MAP)])
    fewer = snapshot(parameter(), absence_settled=False)
    assert planned(fewer, spec=made, live=[between], applied=[]).waits
    plan = planned(replace(fewer, absence_settled=True), spec=made, live=[between], applied=[])
    assert kinds(plan, CONFIG_MAP) == {"HOST": ActionKind.REPLACE, "PORT": ActionKind.REMOVE}


def test_a_note_of_kubectl_takes_no_room_of_the_annotations() -> None:
    note = {LAST_APPLIED: "x" * 250_000}
    many = snapshot(*(parameter(f"/prod/pay/key{number:04}", kind=STRING) for number in range(900)))
    made = spec(targets=[target(TargetKind.CONFIG_MAP)])
    plan = planned(many, spec=made, live=[given(CONFIG_MAP, annotations=note)], applied=[])
    assert by_ref(plan)[CONFIG_MAP].annotations == by_ref(planned(many, spec=made))[CONFIG_MAP].annotations
