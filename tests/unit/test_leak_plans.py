"""Plans, outcomes, status, Events and annotations show no secure value, and do not depend on any."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.shaping import FileFormat
from paramsync.api.sync import Mode, ParameterSyncSpec, SecretType
from paramsync.core import report
from paramsync.core.actions import ActionKind
from paramsync.core.drift import Seen
from paramsync.core.guard.approval import Approval
from paramsync.core.parameters import Snapshot
from paramsync.core.plan import Plan
from paramsync.core.reasons import Reason
from paramsync.core.repairs import repair_of
from paramsync.core.values import SecureValue
from paramsync.runtime.applied import Applied
from paramsync.runtime.notes import note_for, note_of_repairs

from . import builders
from .hidden import assert_hidden, values


def plans(value: str) -> Iterator[tuple[str, Plan]]:
    """Plans of every kind that speak of a secure parameter with the value."""
    secure, plain = builders.secure(value=value), builders.parameter()
    written = builders.written(builders.secret_content({"PASSWORD": SecureValue.of(value)}))
    yield "success", builders.planned(builders.snapshot(secure, plain))
    yield "a change in the cluster", builders.planned(builders.snapshot(builders.secure(value="other")), live=[written])
    collision = builders.snapshot(builders.secure("/prod/pay/a/b", value), builders.secure("/prod/pay/a.b", value))
    yield "a collision", builders.planned(collision)
    yield "no key", builders.planned(builders.snapshot(builders.secure("/prod/pay/1st", value)))
    docker = builders.target(secret_type=SecretType.DOCKER_CONFIG_JSON)
    no_json = builders.snapshot(builders.secure("/prod/pay/.dockerconfigjson", f'{{"{value}'))
    yield "no JSON", builders.planned(no_json, spec=builders.spec(targets=[docker]))
    yield "too large", builders.planned(builders.snapshot(builders.secure(value=value * 200_000)))
    yield "a conflict", builders.planned(builders.snapshot(secure), live=[builders.live(data=written.data)])
    yield "immutable", builders.planned(builders.snapshot(secure), live=[replace(written, immutable=True)])
    yield "an emptied path", builders.planned(builders.snapshot(), live=[written])
    yield "a held removal", builders.planned(builders.snapshot(plain), live=[written])
    unsettled = builders.snapshot(plain, absence_settled=False)
    yield "an unsettled removal", builders.planned(unsettled, live=[written])


def held_plans(value: str) -> Iterator[tuple[str, Plan]]:
    """Plans of what is held, approved, taken over or only told, where the value is or was a secure one."""
    secure, token = builders.secure(value=value), builders.secure("/prod/pay/token", value)
    data = {"PASSWORD": SecureValue.of(value), "TOKEN": SecureValue.of(value)}
    written = builders.written(builders.secret_content(data))
    turned = builders.snapshot(token, builders.parameter("/prod/pay/password", value))
    yield "a downgrade", builders.planned(turned, live=[written])
    public = builders.snapshot(token, builders.parameter("/prod/pay/password", "public"))
    digest = builders.planned(public, live=[written]).digest
    yield "an approved downgrade", builders.planned(public, live=[written], approval=Approval(digest))
    gone = builders.snapshot(builders.parameter())
    digest = builders.planned(gone, live=[written]).digest
    yield "an approved removal", builders.planned(gone, live=[written], approval=Approval(digest))
    elsewhere = builders.snapshot(secure, token, account="444455556666")
    yield "a moved source", builders.planned(elsewhere, live=[written])
    theirs = builders.live(data={**data, "PASSWORD": SecureValue(b"theirs")}, foreign_keys=data)
    only_told = builders.spec(mode=Mode.PLAN)
    both = builders.snapshot(secure, token)
    yield "a plan against somebody else's", builders.planned(both, spec=only_told, live=[theirs], applied=())
    yield "a plan of new targets", builders.planned(both, spec=only_told)
    given = builders.given(data={**data, "THEIRS": SecureValue.of(value)})
    yield "a Secret that is given", builders.planned(both, live=[given], applied=())


def shaped_plans(value: str) -> Iterator[tuple[str, Plan]]:
    """Plans where something is made of a secure value: it fits, or it does not."""
    secret: dict[str, object] = {"kind": "Secret", "types": ["SecureString"]}
    password = builders.snapshot(builders.secure(value=value), builders.parameter())

    def plan(found: Snapshot, *targets: Mapping[str, object], **fields: object) -> Plan:
        sources = [{"path": "/prod/pay"}]
        asked = {"sources": sources, **({"targets": list(targets)} if targets else {}), **fields}
        return builders.planned(found, spec=ParameterSyncSpec.model_validate(asked))

    for form in FileFormat:
        yield f"a {form} file", plan(password, {**secret, "files": [{"key": "file", "format": form}]})
    named = {"kind": "ConfigMap", "files": [{"key": "file", "format": "JSON", "include": ["password"]}]}
    yield "a file of a ConfigMap", plan(password, secret, named)
    both = builders.snapshot(builders.secure("/prod/pay/db", value), builders.secure("/prod/pay/db/host", value))
    yield "a value and a branch", plan(both, {**secret, "files": [{"key": "file", "format": "JSON"}]})
    yield "composed", plan(password, {**secret, "compose": {"URL": "${password|urlquote} ${password|json}"}})
    yield "composed in a ConfigMap", plan(password, secret, {"kind": "ConfigMap", "compose": {"URL": "${password}"}})
    yield "no object", plan(password, expand={"password": "JSON"})
    yield "an object", plan(_secure(json.dumps({"a": {"b": value}})), expand={"password": "JSON"})
    yield "an odd object", plan(_secure(json.dumps({f"/{value}": value, "a": None})), expand={"password": "JSON"})
    yield "no Base64", plan(password, decode={"password": "Base64"})
    encoded = base64.b64encode(value.encode()).decode()
    yield "Base64", plan(_secure(encoded), decode={"password": "Base64"})
    binary = base64.b64encode(b"\xff" + value.encode()).decode()
    yield (
        "bytes in a text",
        plan(_secure(binary), {**secret, "compose": {"URL": "${password}"}}, decode={"password": "Base64"}),
    )


def _secure(value: str) -> Snapshot:
    return builders.snapshot(builders.secure(value=value), builders.parameter())


def said(plan: Plan) -> list[str]:
    """Everything that is said of a plan: whether it is carried out, fails, or only was to be told."""
    written = tuple(report.Written(content, "uid", changed=True) for content in plan.contents)
    applied = Applied(plan, written)
    at = builders.circumstances()
    previous = builders.status()
    texts = [repr(plan), repr(applied)]
    for only_planned in (False, True):
        outcome = report.outcome_of(plan, "payments", "app", only_planned=only_planned)
        statuses = [
            report.failure(previous, outcome, at, written),
            report.success(previous, plan, written, outcome, at, dropped=(builders.SECRET,)),
            report.stopped(previous, plan, outcome, at, only_planned=only_planned),
        ]
        texts.append(repr(outcome))
        texts += [repr(status) + status.model_dump_json() for status in statuses]
        texts += [repr(note_for(previous, status, outcome, applied)) for status in statuses]
    return texts + [repr(content) + json.dumps(dict(content.annotations)) for content in plan.contents]


@values
def test_no_plan_outcome_status_or_event_shows_a_secure_value(value: str) -> None:
    kinds = set()
    for name, plan in (*plans(value), *held_plans(value), *shaped_plans(value)):
        kinds.add((bool(plan.problems), bool(plan.holds), bool(plan.contents)))
        for text in said(plan):
            assert text, name
            assert_hidden(text, value)
    # All four ends were reached: nothing may be written, all or something is held, something is written.
    assert {(True, False, False), (False, True, False), (False, True, True), (False, False, True)} <= kinds


@values
def test_what_is_told_of_a_repair_shows_no_value(value: str) -> None:
    """Neither what a key should hold nor what somebody wrote into it, or called a key of theirs."""
    content = builders.secret_content({"PASSWORD": SecureValue.of(value), "OTHER": SecureValue(b"other")})
    found = replace(builders.written(content), data={"OTHER": SecureValue.of(value), value: SecureValue.of(value)})
    repair = repair_of(content, found, Seen(found.uid, "6", content.revision), content.revision, builders.owner())
    assert repair is not None
    assert (repair.put_back, repair.removed) == (2, 1)
    done = Applied(Plan(), (report.Written(content, "uid", changed=True, repair=repair),))
    for text in (repair.told, repr(repair), repr(done), repr(note_of_repairs(done))):
        assert_hidden(text, value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXTS, TEXTS)
def test_what_a_plan_says_does_not_depend_on_secure_values(first: str, second: str) -> None:
    """The strongest form of saying nothing: two values of one size give the same words, digests and annotations."""
    second = second.encode().ljust(len(first.encode()), b".")[: len(first.encode())].decode(errors="replace")
    pair = [builders.planned(builders.snapshot(builders.secure(value=value))) for value in (first, second)]
    assert said(pair[0]) == said(pair[1])
    for (name, one), (_, other) in zip(held_plans(first), held_plans(second), strict=True):
        assert said(one) == said(other), name


@given(TEXTS, TEXTS)
def test_what_is_said_of_shaped_values_depends_on_whether_they_fit_alone(first: str, second: str) -> None:
    for (name, one), (_, other) in zip(shaped_plans(first), shaped_plans(second), strict=True):
        if bool(one.problems) == bool(other.problems):
            assert said(one) == said(other), name


def test_the_plans_are_what_they_are_called() -> None:
    found = dict(held_plans("hunter2"))
    assert [hold.reason for hold in found["a downgrade"].holds] == [Reason.DOWNGRADE_BLOCKED]
    assert [hold.reason for hold in found["a moved source"].holds] == [Reason.SOURCE_MOVED]
    assert found["an approved downgrade"].approved
    assert found["an approved removal"].approved
    (secret,) = (each for each in found["an approved removal"].contents if each.ref == builders.SECRET)
    assert "password" in secret.annotations["paramsync.dev/provenance"], "what was secure is remembered by its name"
    replaced = [each.key for each in found["a plan against somebody else's"].actions if each.kind is ActionKind.REPLACE]
    assert sorted(replaced) == ["PASSWORD", "TOKEN"]
    assert found["a Secret that is given"].contents
