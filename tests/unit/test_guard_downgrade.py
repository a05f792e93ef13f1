"""Once secure stays secure, until a person says otherwise."""

from dataclasses import replace

import pytest

from paramsync.api.sync import TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.annotations import decode
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import PROVENANCE_ANNOTATION, Live
from paramsync.core.parameters import Parameter
from paramsync.core.plan import Plan
from paramsync.core.provenance import Provenance
from paramsync.core.reasons import Reason
from paramsync.core.values import SecureValue

from .builders import (
    CONFIG_MAP,
    SECRET,
    SECURE_STRING,
    desired,
    entry,
    origin,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    source,
    spec,
    target,
    written,
)

OTHER = secure("/prod/pay/other")
PLAIN = parameter("/prod/pay/password", "shown", version=2)


def secret(*parameters: Parameter, once: frozenset[str] = frozenset()) -> Live:
    made = desired(*parameters)
    entries = {key: wish.entry for key, wish in made.items()}
    text = Provenance((origin(),), entries, once).encode(200_000)
    data = {key: SecureValue.of("kept") for key in made}
    return ours(SECRET, data, entries=entries, annotations={"paramsync.dev/provenance": text})


def config_map() -> Live:
    return ours(CONFIG_MAP, {"HOST": "db.internal"}, entries={"HOST": entry()})


def blocked(plan: Plan) -> list[str]:
    return [hold.subject for hold in plan.holds if hold.reason is Reason.DOWNGRADE_BLOCKED]


def test_a_secure_string_that_turned_plain_stops_everything() -> None:
    now = snapshot(PLAIN, OTHER, parameter(value="changed", version=2))
    plan = planned(now, live=[secret(secure(), OTHER), config_map()])
    assert blocked(plan) == ["/prod/pay/password"]
    assert (plan.is_stopped, plan.contents, plan.dropped) == (True, (), ())
    assert {(each.kind, each.target, each.key) for each in plan.held} == {
        (ActionKind.ADD, CONFIG_MAP, "PASSWORD"),
        (ActionKind.MOVE, SECRET, "PASSWORD"),
    }
    assert plan.holds[0].message == (
        "Parameter /prod/pay/password is of a plain type now, and password was a SecureString: it would be shown in a"
        " ConfigMap under PASSWORD; nothing is written. Make it a SecureString again"
    )


def test_it_is_held_in_a_secret_too() -> None:
    one = spec(targets=[target()])
    plan = planned(snapshot(PLAIN, OTHER), spec=one, live=[secret(secure(), OTHER)])
    assert blocked(plan) == ["/prod/pay/password"]
    assert "shown in Secret app as a plain value" in plan.holds[0].message


def test_a_plain_source_over_a_secure_one_is_held() -> None:
    found = ours(
        SECRET,
        {"PASSWORD": SecureValue(b"x"), "OTHER": SecureValue(b"y")},
        entries={
            "PASSWORD": entry("password", kind=SECURE_STRING),
            "OTHER": entry("other", kind=SECURE_STRING),
        },
        origins=[origin("/shared"), origin("/prod/pay")],
    )
    shared = snapshot(secure("/shared/password"), secure("/shared/other"), path="/shared")
    plan = planned(shared, snapshot(parameter("/prod/pay/password")), live=[found])
    assert blocked(plan) == ["/prod/pay/password"]


def test_what_a_config_map_goes_on_showing_does_not_end_the_memory() -> None:
    """The plain parameter of an earlier source is not the SecureString that went, and that comes back as plain."""
    shared = snapshot(parameter("/shared/password", "low"), path="/shared")

    def plan(*parameters: Parameter, before: Plan | None = None) -> Plan:
        found = [written(content) for content in before.contents] if before is not None else []
        return planned(shared, snapshot(OTHER, *parameters), spec=spec("/shared", "/prod/pay"), live=found)

    kept = plan(secure(), before=plan())
    assert {content.ref: set(content.data) for content in kept.contents}[CONFIG_MAP] == {"PASSWORD"}, "its only key"
    assert blocked(plan(PLAIN, before=plan(before=kept))) == ["/prod/pay/password"]


def test_the_same_name_below_another_path_is_held() -> None:
    plan = planned(
        snapshot(parameter("/prod/new/password"), secure("/prod/new/other"), path="/prod/new"),
        spec=spec("/prod/new"),
        live=[secret(secure(), OTHER)],
    )
    assert blocked(plan) == ["/prod/new/password"]


def test_a_name_that_went_is_remembered() -> None:
    gone = planned(snapshot(OTHER, parameter()), live=[secret(secure(), OTHER), config_map()])
    assert gone.removed.keys() == {"password"}
    written = {content.ref: content for content in gone.contents}
    known = decode(written[SECRET].annotations["paramsync.dev/provenance"])
    assert known is not None
    assert known.once_secure == {"password"}
    back = planned(snapshot(PLAIN, OTHER, parameter()), live=[secret(OTHER, once=known.once_secure), config_map()])
    assert blocked(back) == ["/prod/pay/password"]
    assert {(each.kind, each.target) for each in back.held} == {(ActionKind.ADD, CONFIG_MAP)}


def test_a_name_that_is_held_is_remembered_also_if_somebody_removes_its_key() -> None:
    token = secure("/prod/pay/token")
    held = secret(secure(), OTHER, token)
    edited = replace(held, data={key: value for key, value in (held.data or {}).items() if key != "PASSWORD"})
    plan = planned(snapshot(OTHER), spec=spec(most=1), live=[edited])
    assert {each.key for each in plan.held} == {"PASSWORD", "TOKEN"}
    made = next(each for each in plan.contents if each.ref == SECRET)
    known = decode(made.annotations["paramsync.dev/provenance"])
    assert known is not None
    assert made.data.keys() == {"OTHER", "TOKEN"}
    assert known.once_secure == {"password"}


def test_other_targets_remember_a_name_that_is_held() -> None:
    token = secure("/prod/pay/token")
    held = planned(snapshot(OTHER, parameter()), spec=spec(most=1), live=[secret(secure(), OTHER, token), config_map()])
    known = {each.ref: decode(each.annotations["paramsync.dev/provenance"]) for each in held.contents}
    assert {ref: each and each.once_secure for ref, each in known.items()} == {
        SECRET: frozenset(),
        CONFIG_MAP: {"password", "token"},
    }
    left = next(written(each) for each in held.contents if each.ref == CONFIG_MAP)
    back = planned(snapshot(PLAIN, OTHER, parameter()), spec=spec(most=1), live=[left], applied=[SECRET, CONFIG_MAP])
    assert blocked(back) == ["/prod/pay/password"], "although somebody deleted the Secret"


def test_a_config_map_remembers_what_turned_secure_while_it_goes_on_showing_it() -> None:
    shown = snapshot(parameter(value="before"), OTHER)
    first = [written(each) for each in planned(shown).contents]
    turned = planned(snapshot(secure("/prod/pay/host", version=2), OTHER), live=first)
    assert [hold.reason for hold in turned.holds] == [Reason.REMOVAL_BLOCKED], "it would lose its only key"
    after = {each.ref: written(each) for each in turned.contents}
    known = decode(after[CONFIG_MAP].annotations[PROVENANCE_ANNOTATION])
    assert known is not None
    assert (set(known.entries), set(known.once_secure)) == ({"HOST"}, {"host"})
    lost = replace(after[SECRET], annotations={})
    back = planned(snapshot(parameter(value="after", version=3), OTHER), live=[lost, after[CONFIG_MAP]])
    assert "/prod/pay/host" in blocked(back)
    again = planned(snapshot(secure("/prod/pay/host", version=2), OTHER), live=after.values())
    assert {each.ref: written(each) for each in again.contents} == after


def test_a_name_that_came_back_secure_or_was_approved_is_remembered_no_more() -> None:
    live = [secret(OTHER, once=frozenset({"password"})), config_map()]
    secure_again = planned(snapshot(secure(), OTHER, parameter()), live=live)
    held = planned(snapshot(PLAIN, OTHER, parameter()), live=live)
    approved = planned(snapshot(PLAIN, OTHER, parameter()), live=live, approval=Approval(held.digest))
    assert (approved.holds, approved.approved) == ((), held.digest)
    for plan in (secure_again, approved):
        for content in plan.contents:
            known = decode(content.annotations["paramsync.dev/provenance"])
            assert known is not None
            assert known.once_secure == frozenset()


@pytest.mark.parametrize(
    ("trimmed", "is_held"),
    [
        (None, True),
        ('{"v":1,"sources":[],"trimmed":["dates","versions","names"],"keys":{"PASSWORD":["E"]}}', True),
        ('{"v":1,"sources":[],"trimmed":["dates","versions","names"],"keys":{"PASSWORD":["S"]}}', False),
    ],
    ids=["no provenance", "trimmed to the types, secure", "trimmed to the types, plain"],
)
def test_a_key_whose_source_is_not_known_does_not_move_to_a_config_map(trimmed: str | None, is_held: bool) -> None:
    found = replace(secret(secure()), annotations={"paramsync.dev/sync": "app"})
    if trimmed is not None:
        found = replace(found, annotations={**found.annotations, "paramsync.dev/provenance": trimmed})
    plan = planned(snapshot(PLAIN, OTHER), live=[found])
    assert bool(blocked(plan)) is is_held


def test_a_plain_key_whose_source_is_not_known_stays_in_its_secret() -> None:
    found = replace(secret(parameter()), annotations={"paramsync.dev/sync": "app"})
    plan = planned(snapshot(parameter()), spec=spec(targets=[target()]), live=[found])
    assert plan.holds == ()


def test_a_config_map_that_claims_to_be_secure_is_not_believed() -> None:
    forged = ours(CONFIG_MAP, {"HOST": "x"}, entries={"HOST": entry(kind=SECURE_STRING)})
    assert planned(snapshot(parameter()), spec=spec(targets=[target(TargetKind.CONFIG_MAP)]), live=[forged]).holds == ()


def test_a_plain_parameter_that_turned_secure_moves() -> None:
    before = ours(CONFIG_MAP, {"HOST": "db.internal", "KEY": "b"}, entries={"HOST": entry(), "KEY": entry("key")})
    plan = planned(snapshot(parameter(), secure("/prod/pay/key", version=2)), live=[before])
    assert plan.holds == ()
    assert {(each.kind, each.target, each.key, each.reason) for each in plan.actions} == {
        (ActionKind.ADD, SECRET, "KEY", "the parameter is new to this target"),
        (ActionKind.MOVE, CONFIG_MAP, "KEY", "its parameter goes into Secret app now"),
    }
    assert [content.ref for content in plan.contents] == [SECRET, CONFIG_MAP]


def test_what_has_not_settled_is_not_held_yet() -> None:
    now = snapshot(PLAIN, OTHER, settled=False, absence_settled=False)
    plan = planned(now, live=[secret(secure(), OTHER), config_map()], spec=spec(source()))
    assert plan.unsettled
    assert plan.contents == () or all("PASSWORD" not in each.data for each in plan.contents if each.ref == CONFIG_MAP)
