"""What no update can change is explained; what is right already needs no change."""

from dataclasses import replace
from typing import Any

import pytest

from paramsync.api.sync import Mode, SecretType
from paramsync.core.actions import ActionKind, Draft
from paramsync.core.before import before
from paramsync.core.objects import Content, Live
from paramsync.core.reasons import Problem, Reason
from paramsync.core.unchangeable import problems
from paramsync.core.values import Decoded, SecureValue

from .builders import (
    CONFIG_MAP,
    SECRET,
    config_map_content,
    entry,
    live,
    ours,
    owner,
    parameter,
    planned,
    secret_content,
    secure,
    snapshot,
    spec,
    target,
    written,
)

OPAQUE = secret_content()
PLAIN = config_map_content()
TYPED = secret_content({"username": SecureValue(b"x")}, secret_type=SecretType.BASIC_AUTH)


def told(content: Content, found: Live | None, *, is_adoption: bool = False) -> tuple[Problem, ...]:
    """What is said of a target that should become this and is found so."""
    draft = Draft(content.ref, found, before(found), {}, (), is_adoption=is_adoption)
    return problems([draft], [content], owner(namespace="payments"))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (OPAQUE, None),
        (OPAQUE, written(OPAQUE)),
        (OPAQUE, written(secret_content({"OTHER": SecureValue(b"x")}))),
        (TYPED, written(TYPED)),
        (OPAQUE, replace(written(OPAQUE), immutable=True)),
        (PLAIN, replace(written(PLAIN), immutable=True)),
        (PLAIN, replace(written(PLAIN), immutable=True, labels={}, annotations={}, controller=None)),
        (OPAQUE, replace(written(OPAQUE, values=False), immutable=True, type=None)),
    ],
    ids=[
        "absent",
        "as it should be",
        "other keys",
        "of its type",
        "immutable and right",
        "an immutable ConfigMap that is right",
        "immutable, and only the metadata drifted",
        "not read",
    ],
)
def test_what_an_update_can_do_is_no_problem(content: Content, found: Live | None) -> None:
    assert told(content, found) == ()


@pytest.mark.parametrize(
    ("content", "found", "says"),
    [
        (
            OPAQUE,
            replace(written(OPAQUE), type="kubernetes.io/tls"),
            "is of type kubernetes.io/tls, and no update can change that to Opaque",
        ),
        (
            TYPED,
            replace(written(TYPED, values=False), type="Opaque"),
            "is of type Opaque, and no update can change that to kubernetes.io/basic-auth",
        ),
        (
            OPAQUE,
            replace(written(OPAQUE), immutable=True, data={"PASSWORD": SecureValue(b"old")}),
            "is immutable, and its keys would have to change",
        ),
        (PLAIN, replace(written(PLAIN), immutable=True, data={}), "is immutable"),
        (PLAIN, replace(written(PLAIN), immutable=True, data={**PLAIN.data, "MORE": "x"}), "is immutable"),
        (PLAIN, replace(written(PLAIN), immutable=True, data={"HOST": Decoded(b"db.internal")}), "is immutable"),
    ],
    ids=["another type", "another type, not read", "another value", "a key less", "a key more", "a binary key"],
)
def test_what_no_update_can_do_is_told_with_the_command_that_helps(content: Content, found: Live, says: str) -> None:
    (problem,) = told(content, found)
    assert (problem.reason, problem.subject) == (Reason.TARGET_CONFLICT, str(content.ref))
    assert problem.message.startswith(f"{content.ref} {says}")
    assert problem.message.endswith(f": kubectl delete {content.ref.kind.lower()} app -n payments")


def test_an_immutable_object_that_is_taken_over_is_not_compared() -> None:
    for data in (dict(OPAQUE.data), {"PASSWORD": SecureValue(b"old")}):
        found = replace(written(OPAQUE), immutable=True, data=data)
        (problem,) = told(OPAQUE, found, is_adoption=True)
        assert problem.message.startswith("Secret app is immutable, and its keys would have to change")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"secret_type": "kubernetes.io/tls"}, "is of type kubernetes.io/tls"),
        ({"secret_type": "kubernetes.io/service-account-token"}, "is of type kubernetes.io/service-account-token"),
        ({"immutable": True}, "is immutable"),
    ],
    ids=["a certificate", "a token", "immutable"],
)
def test_what_is_given_and_cannot_be_written_is_explained(found: dict[str, Any], says: str) -> None:
    given = live(data={}, annotations={"paramsync.dev/adopt": "app"}, **found)
    plan = planned(snapshot(secure()), live=[given], applied=[])
    assert [(each.reason, each.subject) for each in plan.problems] == [(Reason.TARGET_CONFLICT, "Secret app")]
    assert says in plan.problems[0].message
    assert plan.contents == ()


def test_a_certificate_that_is_given_to_a_sync_that_wants_one_is_taken_over() -> None:
    given = live(data={}, annotations={"paramsync.dev/adopt": "app"}, secret_type="kubernetes.io/tls")
    tls = [secure(f"/prod/pay/{name}") for name in ("tls.crt", "tls.key")]
    plan = planned(snapshot(*tls), spec=spec(targets=[target(secret_type=SecretType.TLS)]), live=[given], applied=[])
    assert plan.problems == ()
    assert plan.adopted == {SECRET}


def test_an_immutable_target_that_is_right_holds_up_nothing() -> None:
    found = replace(ours(CONFIG_MAP, {"HOST": "db.internal"}, entries={"HOST": entry("host")}), immutable=True)
    plan = planned(snapshot(parameter(), secure()), live=[found])
    assert plan.problems == ()
    plan = planned(snapshot(parameter(version=2), secure()), live=[found])
    assert plan.problems == (), "a new version with the old value only changes what the annotation says"
    assert [action.kind for action in plan.actions if action.target == CONFIG_MAP] == [ActionKind.CHANGE]


def test_one_target_that_cannot_be_changed_stops_everything() -> None:
    found = replace(ours(CONFIG_MAP, {"HOST": "db.internal"}, entries={"HOST": entry("host")}), immutable=True)
    plan = planned(snapshot(parameter(value="new", version=2), secure()), live=[found])
    assert [(each.reason, each.subject) for each in plan.problems] == [(Reason.TARGET_CONFLICT, "ConfigMap app")]
    assert plan.contents == ()


def test_a_plan_that_is_not_carried_out_is_told_beside_what_stands_in_its_way() -> None:
    found = replace(ours(CONFIG_MAP, {"HOST": "db.internal"}, entries={"HOST": entry("host")}), immutable=True)
    changed = snapshot(parameter(value="new", version=2), secure())
    plan = planned(changed, spec=spec(mode=Mode.PLAN), live=[found])
    assert plan.problems == ()
    assert [(each.reason, each.subject) for each in plan.notes] == [(Reason.TARGET_CONFLICT, "ConfigMap app")]
    assert {action.kind for action in plan.actions} == {ActionKind.ADD, ActionKind.CHANGE}


def test_a_secret_type_that_was_changed_in_the_spec_is_told() -> None:
    made = spec(targets=[target(secret_type=SecretType.BASIC_AUTH)])
    plan = planned(snapshot(secure("/prod/pay/username")), spec=made, live=[ours(data={})])
    assert [each.reason for each in plan.problems] == [Reason.TARGET_CONFLICT]
