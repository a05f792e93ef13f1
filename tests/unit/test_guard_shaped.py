"""The guard, where keys are not just one parameter as it is: fields of one, and many in a file or a text."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest

from paramsync.api.sync import ParameterSyncSpec, TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.drift import Seen
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import PROVENANCE_ANNOTATION, Live
from paramsync.core.parameters import Parameter
from paramsync.core.plan import Plan
from paramsync.core.reasons import Reason
from paramsync.core.repairs import repair_of
from paramsync.core.report import outcome_of, stopped
from paramsync.core.sizes import MOST_ANNOTATION_BYTES

from .builders import (
    CONFIG_MAP,
    STRING_LIST,
    circumstances,
    given,
    owner,
    parameter,
    planned,
    secure,
    snapshot,
    status,
    written,
)
from .test_shaped_plans import data, problems, spec

TOKEN, HOST = secure("/prod/pay/token", "t"), parameter("/prod/pay/db/host")
APP = '{"password": "p1"}'


def live(plan: Plan, *, values: bool = True) -> list[Live]:
    """The targets once a plan was carried out."""
    assert plan.problems == ()
    assert plan.holds == ()
    return [written(content, values=values) for content in plan.contents]


def blocked(plan: Plan) -> list[str]:
    """What is held for it was secure; nothing is written then."""
    found = [hold.subject for hold in plan.holds if hold.reason is Reason.DOWNGRADE_BLOCKED]
    assert not found or plan.contents == ()
    return found


def found(*parameters: Parameter) -> list[Parameter]:
    return [TOKEN, HOST, *parameters]


class TestOnceSecureFields:
    """Once secure stays secure, also where a parameter is taken apart, or no more."""

    EXPANDED, WHOLE = spec(expand={"app": "JSON"}), spec()

    @pytest.mark.parametrize(
        ("before", "after", "value"),
        [
            (WHOLE, WHOLE, APP),
            (WHOLE, EXPANDED, APP),
            (EXPANDED, WHOLE, APP),
            (EXPANDED, EXPANDED, APP),
            (EXPANDED, EXPANDED, '{"pwd": "s3cr3t"}'),
        ],
        ids=["whole", "expanded now", "expanded no more", "expanded", "expanded, with other fields"],
    )
    def test_a_parameter_that_turned_plain_is_held(
        self, before: ParameterSyncSpec, after: ParameterSyncSpec, value: str
    ) -> None:
        first = planned(snapshot(*found(secure("/prod/pay/app", APP))), spec=before)
        now = snapshot(*found(parameter("/prod/pay/app", value, version=2)))
        plan = planned(now, spec=after, live=live(first))
        assert blocked(plan) == ["/prod/pay/app"]
        name = "app/password" if before is after is self.EXPANDED and value == APP else "app"
        assert f"is of a plain type now, and {name} was a SecureString" in plan.holds[0].message

    @pytest.mark.parametrize(("before", "after"), [(WHOLE, EXPANDED), (EXPANDED, WHOLE)])
    def test_one_that_went_is_remembered(self, before: ParameterSyncSpec, after: ParameterSyncSpec) -> None:
        first = planned(snapshot(*found(secure("/prod/pay/app", APP))), spec=before)
        gone = planned(snapshot(*found()), spec=before, live=live(first))
        back = planned(snapshot(*found(parameter("/prod/pay/app", APP))), spec=after, live=live(gone))
        assert blocked(back) == ["/prod/pay/app"]

    def test_what_was_approved_is_held_no_more(self) -> None:
        first = planned(snapshot(*found(secure("/prod/pay/app", APP))), spec=self.WHOLE)
        now = found(parameter("/prod/pay/app", APP, version=2))
        held = planned(snapshot(*now), spec=self.EXPANDED, live=live(first))
        approved = planned(snapshot(*now), spec=self.EXPANDED, live=live(first), approval=Approval(held.digest))
        assert data(approved)["APP_PASSWORD"] == "p1"
        later = found(parameter("/prod/pay/app", '{"password": "p2", "more": "m"}', version=3))
        assert planned(snapshot(*later), spec=self.EXPANDED, live=live(approved)).holds == ()

    def test_a_plain_object_below_a_secure_one_may_change(self) -> None:
        sync = spec(expand={"app": "JSON"}, sources=[{"path": "/shared"}, {"path": "/prod/pay"}])
        over = snapshot(*found(secure("/prod/pay/app", APP)))

        def plan(value: str, version: int, targets: list[Live]) -> Plan:
            below = snapshot(parameter("/shared/app", value, version=version), path="/shared")
            return planned(below, over, spec=sync, live=targets)

        first = plan('{"user": "u"}', 1, [])
        more = plan('{"user": "v", "level": "info"}', 2, live(first))
        assert (data(more)["APP_USER"], data(more)["APP_LEVEL"]) == ("v", "info")
        below = plan('{"user": "v", "password": "x"}', 3, live(more))
        assert "APP_PASSWORD" not in data(below), "the secure one hides it"

    def test_a_secure_one_that_went_is_remembered_although_a_plain_one_of_its_name_stays(self) -> None:
        sync = spec(expand={"app": "JSON"}, sources=[{"path": "/shared"}, {"path": "/prod/pay"}])
        shared = snapshot(parameter("/shared/app", '{"user": "u"}'), path="/shared")
        first = planned(shared, snapshot(*found(secure("/prod/pay/app", APP))), spec=sync)
        gone = planned(shared, snapshot(*found()), spec=sync, live=live(first))
        back = snapshot(*found(parameter("/prod/pay/app", '{"pwd": "s3cr3t"}')))
        assert blocked(planned(shared, back, spec=sync, live=live(gone))) == ["/prod/pay/app"]


FILE = {"key": ".env", "format": "Dotenv"}
IN_FILES = spec({"kind": "Secret", "files": [FILE]}, {"kind": "ConfigMap"})
IN_CONFIG_FILES = spec({"kind": "Secret"}, {"kind": "ConfigMap", "files": [FILE]})
IN_STYLES = spec({"kind": "Secret"}, {"kind": "ConfigMap", "keys": {"style": "Path"}})
OTHER_KEYS = pytest.mark.parametrize(
    "sync", [IN_FILES, IN_CONFIG_FILES, IN_STYLES, spec()], ids=["file", "file of the ConfigMap", "styles", "same keys"]
)
SECURE, PLAIN = secure("/prod/pay/app", "p1"), parameter("/prod/pay/app", "p1", version=2)


def without_annotation(targets: list[Live], kind: TargetKind = TargetKind.SECRET) -> list[Live]:
    """The targets, where somebody has removed what those of a kind say of themselves."""
    return [
        replace(each, annotations={key: text for key, text in each.annotations.items() if key != PROVENANCE_ANNOTATION})
        if each.ref.kind is kind
        else each
        for each in targets
    ]


def crowded(targets: list[Live], most: int) -> list[Live]:
    """The targets, where somebody has put so many annotations on them that little room is left for ours."""
    note = "y" * (MOST_ANNOTATION_BYTES - most)
    return [replace(each, annotations={**each.annotations, "x/note": note}) for each in targets]


class TestNamesThatNobodyKnows:
    """What was a SecureString is not shown either where the targets do not tell any more which names were one."""

    MANY = tuple(secure(f"/prod/pay/a/long/name/s{number}", "v") for number in range(40))

    @OTHER_KEYS
    def test_without_the_annotation_of_a_secret_a_config_map_gains_no_name(self, sync: ParameterSyncSpec) -> None:
        targets = without_annotation(live(planned(snapshot(*found(SECURE)), spec=sync)))
        plan = planned(snapshot(*found(PLAIN)), spec=sync, live=targets)
        assert blocked(plan) == ["/prod/pay/app"]

    def test_it_says_so_and_what_an_approval_is_for(self) -> None:
        targets = without_annotation(live(planned(snapshot(*found(SECURE)), spec=IN_FILES)))
        (hold,) = planned(snapshot(*found(PLAIN)), spec=IN_FILES, live=targets).holds
        assert hold.message == (
            "Parameter /prod/pay/app is of a plain type now, and may have been a SecureString, for the targets'"
            " annotations tell no more which names were one (an approval ends the doubt about all names):"
            " it would be shown in a ConfigMap under APP; nothing is written. Make it a SecureString again"
        )

    @OTHER_KEYS
    def test_what_a_config_map_shows_already_may_change(self, sync: ParameterSyncSpec) -> None:
        targets = without_annotation(live(planned(snapshot(*found()), spec=sync)))
        changed = parameter("/prod/pay/db/host", "other", version=2)
        plan = planned(snapshot(TOKEN, changed), spec=sync, live=targets)
        assert (plan.holds, len(plan.contents)) == ((), 2)

    @OTHER_KEYS
    def test_the_doubt_stays_until_an_approval(self, sync: ParameterSyncSpec) -> None:
        first = planned(snapshot(*found(SECURE)), spec=sync)
        gone = planned(snapshot(*found()), spec=sync, live=without_annotation(live(first)))
        back = planned(snapshot(*found(PLAIN)), spec=sync, live=live(gone))
        assert blocked(back) == ["/prod/pay/app"]
        approved = planned(snapshot(*found(PLAIN)), spec=sync, live=live(gone), approval=Approval(back.digest))
        more = found(PLAIN, parameter("/prod/pay/new"))
        assert planned(snapshot(*more), spec=sync, live=live(approved)).holds == ()

    def test_an_approval_of_something_else_does_not_end_it(self) -> None:
        sync = spec(guard={"maxRemovals": 1})
        lost = without_annotation(live(planned(snapshot(*found(SECURE, *self.MANY)), spec=sync)))
        held = planned(snapshot(*found(SECURE)), spec=sync, live=lost)
        fewer = planned(snapshot(*found(SECURE)), spec=sync, live=lost, approval=Approval(held.digest))
        assert fewer.approved
        assert blocked(planned(snapshot(*found(PLAIN)), spec=sync, live=live(fewer))) == ["/prod/pay/app"]

    @pytest.mark.parametrize("kind", TargetKind)
    def test_of_what_went_one_annotation_is_enough(self, kind: TargetKind) -> None:
        first = planned(snapshot(*found(SECURE)), spec=spec())
        gone = live(planned(snapshot(*found()), spec=spec(), live=live(first)))
        back = planned(snapshot(*found(PLAIN)), spec=spec(), live=without_annotation(gone, kind))
        assert [hold.message.split(":")[0] for hold in back.holds] == [
            "Parameter /prod/pay/app is of a plain type now, and app was a SecureString"
        ]
        assert blocked(back) == ["/prod/pay/app"]

    def test_a_config_map_that_lost_its_annotation_does_not_stop_other_names(self) -> None:
        targets = without_annotation(live(planned(snapshot(*found()), spec=spec())), TargetKind.CONFIG_MAP)
        assert planned(snapshot(*found(parameter("/prod/pay/new"))), spec=spec(), live=targets).holds == ()

    def test_a_config_map_alone_that_lost_it_gains_no_name(self) -> None:
        sync = spec({"kind": "ConfigMap"})
        targets = without_annotation(live(planned(snapshot(HOST), spec=sync)), TargetKind.CONFIG_MAP)
        assert blocked(planned(snapshot(HOST, PLAIN), spec=sync, live=targets)) == ["/prod/pay/app"]

    @OTHER_KEYS
    def test_there_is_no_doubt_where_nothing_has_changed_since(self, sync: ParameterSyncSpec) -> None:
        first = planned(snapshot(*found(SECURE)), spec=sync)
        targets, revisions = without_annotation(live(first)), {each.ref: each.revision for each in first.contents}
        new = parameter("/prod/pay/new")
        plan = planned(snapshot(*found(SECURE, new)), spec=sync, live=targets, revisions=revisions)
        assert plan.holds == ()
        secret = TargetKind.SECRET
        assert [each for each in plan.contents if each.ref.kind is secret] == [
            each for each in first.contents if each.ref.kind is secret
        ]
        assert blocked(planned(snapshot(*found(PLAIN)), spec=sync, live=targets, revisions=revisions))

    @pytest.mark.parametrize("kind", TargetKind)
    @pytest.mark.parametrize("absence_settled", [True, False])
    def test_a_forged_annotation_is_put_back_without_a_doubt(self, kind: TargetKind, absence_settled: bool) -> None:
        sync = spec({"kind": str(kind)})
        of_kind = secure if kind is TargetKind.SECRET else parameter
        now = snapshot(of_kind("/prod/pay/db/host"), of_kind("/prod/pay/db/port"), absence_settled=absence_settled)
        (made,) = planned(now, spec=sync).contents
        forged = '{"v":1,"sources":[],"trimmed":[],"keys":{"DB_HOST":["E"],"GONE":["S"]}}'
        found = written(made)
        found = replace(found, annotations={**found.annotations, PROVENANCE_ANNOTATION: forged})
        plan = planned(now, spec=sync, live=[found], revisions={made.ref: made.revision})
        assert [each.annotations for each in plan.contents] == [made.annotations]

    @OTHER_KEYS
    def test_a_doubt_does_not_end_because_nothing_has_changed(self, sync: ParameterSyncSpec) -> None:
        first = live(planned(snapshot(*found(SECURE)), spec=sync))
        gone = planned(snapshot(*found()), spec=sync, live=without_annotation(first))
        revisions = {each.ref: each.revision for each in gone.contents}
        for targets in (live(gone), without_annotation(live(gone))):
            back = planned(snapshot(*found(PLAIN)), spec=sync, live=targets, revisions=revisions)
            assert blocked(back) == ["/prod/pay/app"]

    def trimmed(self, sync: ParameterSyncSpec, *parameters: Parameter, has: str = '"secureDigests"') -> list[Live]:
        """The targets, with as much room for the annotation as makes it say this."""
        first = live(planned(snapshot(*parameters), spec=sync))
        for most in range(5_000, 0, -200):
            again = live(planned(snapshot(*parameters), spec=sync, live=crowded(first, most)))
            if any(has in each.annotations[PROVENANCE_ANNOTATION] for each in again):
                return crowded(again, most)
        raise AssertionError(has)

    @OTHER_KEYS
    @pytest.mark.parametrize("others", [MANY, (*MANY[:-1], secure("/prod/pay/new", "v"))], ids=["fewer", "as many"])
    def test_names_that_had_no_room_are_known_again(
        self, sync: ParameterSyncSpec, others: tuple[Parameter, ...]
    ) -> None:
        targets = self.trimmed(sync, *found(SECURE, *self.MANY))
        plan = planned(snapshot(*found(PLAIN, *others)), spec=sync, live=targets)
        assert blocked(plan) == ["/prod/pay/app"]
        assert "and app was a SecureString" in plan.holds[0].message

    @OTHER_KEYS
    def test_names_that_had_no_room_and_went_are_known_again(self, sync: ParameterSyncSpec) -> None:
        targets = self.trimmed(sync, *found(SECURE, *self.MANY))
        gone = live(planned(snapshot(*found(*self.MANY)), spec=sync, live=targets))
        assert blocked(planned(snapshot(*found(PLAIN, *self.MANY)), spec=sync, live=gone)) == ["/prod/pay/app"]
        kept = [each for each in gone if each.ref.kind is TargetKind.CONFIG_MAP]
        alone = planned(snapshot(*found(PLAIN, *self.MANY)), spec=sync, live=kept, applied=[each.ref for each in gone])
        assert blocked(alone) == ["/prod/pay/app"], "although somebody deleted the Secret"

    @OTHER_KEYS
    def test_other_names_may_come(self, sync: ParameterSyncSpec) -> None:
        targets = self.trimmed(sync, *found(SECURE, *self.MANY))
        more = found(SECURE, *self.MANY[2:], parameter("/prod/pay/new"), secure("/prod/pay/more"))
        assert planned(snapshot(*more), spec=sync, live=targets).holds == ()

    @OTHER_KEYS
    def test_where_not_even_digests_have_room_nothing_new_is_shown(self, sync: ParameterSyncSpec) -> None:
        targets = self.trimmed(sync, *found(SECURE, *self.MANY), has='"unsure"')
        assert blocked(planned(snapshot(*found(PLAIN, *self.MANY)), spec=sync, live=targets)) == ["/prod/pay/app"]

    def test_a_file_that_is_kept_keeps_the_digests_of_all_names(self) -> None:
        sync = spec({"kind": "Secret", "files": [FILE]}, {"kind": "ConfigMap"}, guard={"maxRemovals": 1})
        targets = self.trimmed(sync, *found(SECURE, *self.MANY))
        kept = planned(snapshot(*found(SECURE)), spec=sync, live=targets)
        assert kept.holds
        now = [written(content) for content in kept.contents]
        assert blocked(planned(snapshot(*found(PLAIN)), spec=sync, live=now)) == ["/prod/pay/app"]


def app(fields: int, version: int = 1) -> Parameter:
    value = {f"f{number}": "v" for number in range(fields)} | {"log": "x"}
    return parameter("/prod/pay/app", json.dumps(value), version=version)


class TestMovesOfFields:
    """A field that goes is a move only if that field goes into a target of the other kind."""

    CONFIG_MAP_TARGET: ClassVar = {"kind": "ConfigMap", "include": ["app/log"]}
    SECRET_TARGET: ClassVar = {"kind": "Secret", "types": ["String"], "include": ["app/*"], "exclude": ["app/log"]}

    def test_fields_that_vanish_are_removals_wherever_another_field_goes(self) -> None:
        sync = spec(self.SECRET_TARGET, self.CONFIG_MAP_TARGET, expand={"app": "JSON"})
        plan = planned(snapshot(app(1, version=2)), spec=sync, live=live(planned(snapshot(app(30)), spec=sync)))
        assert [hold.reason for hold in plan.holds] == [Reason.REMOVAL_BLOCKED]
        assert {action.kind for action in plan.held} == {ActionKind.REMOVE}
        assert "29 of 31 parameters would be removed" in plan.holds[0].message

    def test_a_field_that_goes_into_the_other_target_is_a_move(self) -> None:
        before = spec(self.SECRET_TARGET, self.CONFIG_MAP_TARGET, expand={"app": "JSON"})
        after = spec(
            {**self.SECRET_TARGET, "exclude": ["app/log", "app/f0"]},
            {**self.CONFIG_MAP_TARGET, "include": ["app/log", "app/f0"]},
            expand={"app": "JSON"},
        )
        plan = planned(snapshot(app(3)), spec=after, live=live(planned(snapshot(app(3)), spec=before)))
        assert (plan.holds, dict(plan.removed)) == ((), {})
        assert [(a.kind, a.key) for a in plan.actions if a.target.kind is TargetKind.SECRET] == [
            (ActionKind.MOVE, "APP_F0")
        ]


class TestWhatIsComparedOfParts:
    def test_parts_of_which_only_the_number_is_known_are_as_they_were(self) -> None:
        sync = spec({"kind": "Secret", "files": [FILE]})
        everything = [
            (secure if number % 2 else parameter)(f"/prod/pay/a/long/name/p{number}", "v") for number in range(80)
        ]
        first = live(planned(snapshot(*everything), spec=sync))
        targets = crowded(live(planned(snapshot(*everything), spec=sync, live=crowded(first, 1_500))), 1_500)
        assert '"names"' in targets[0].annotations[PROVENANCE_ANNOTATION]
        for bare in (targets, [replace(each, data=None) for each in targets]):
            plan = planned(snapshot(*everything), spec=sync, live=bare)
            assert (plan.actions, plan.needs_values) == ((), frozenset())

    @pytest.mark.parametrize(
        ("target", "shape"),
        [
            ({"compose": {"T": "x${zones}"}}, {"stringList": "JSON"}),
            ({"files": [{"key": "a.properties", "format": "Properties"}]}, {"stringList": "JSON"}),
            ({"compose": {"T": "x${ca|base64}"}}, {"decode": {"ca": "Base64"}}),
        ],
        ids=["list in a text", "list in a file", "decoded in a text"],
    )
    @pytest.mark.parametrize("values", [True, False])
    def test_another_form_of_a_part_is_a_change_and_nobodys_drift(
        self, target: Mapping[str, object], shape: Mapping[str, object], values: bool
    ) -> None:
        target = {"kind": "ConfigMap", "exclude": ["ca"], **target}
        now = snapshot(parameter("/prod/pay/zones", "a,b", kind=STRING_LIST), parameter("/prod/pay/ca", "AAAA"))
        first = planned(now, spec=spec(target))
        after = planned(now, spec=spec(target, **shape), live=live(first, values=values))
        assert {action.reason for action in after.actions} == {"it is made in another way now"}
        (was, made) = (first.contents[0], after.contents[0])
        for seen in (None, Seen("target-uid", "6", was.revision)):
            assert repair_of(made, written(was), seen, was.revision, owner()) is None


NOTHING_IN_IT = {"key": "app.json", "format": "JSON", "include": ["nothing/*"]}
OF_NOTHING = pytest.mark.parametrize(
    "keys", [{}, {"files": [NOTHING_IN_IT]}, {"compose": {"X": "static"}}], ids=["no key", "empty file", "static text"]
)


class TestTargetsOfNothing:
    """A file of no parameters and a text without references are nothing for whose sake anything may go."""

    @OF_NOTHING
    def test_a_target_is_not_deleted_for_them(self, keys: Mapping[str, object]) -> None:
        first = planned(snapshot(*found()), spec=spec({"kind": "ConfigMap", "name": "a"}))
        after = spec({"kind": "ConfigMap", "name": "b", "include": ["nothing/*"], **keys})
        plan = planned(snapshot(*found()), spec=after, live=live(first))
        assert [hold.reason for hold in plan.holds] == [Reason.REMOVAL_BLOCKED]
        assert (plan.is_stopped, plan.dropped) == (True, ())

    @OF_NOTHING
    def test_an_object_is_not_taken_over_for_them(self, keys: Mapping[str, object]) -> None:
        sync = spec({"kind": "ConfigMap", "include": ["nothing/*"], **keys})
        plan = planned(snapshot(*found()), spec=sync, live=[given(CONFIG_MAP, {"A": "1", "B": "2"})], applied=[])
        assert problems(plan) == [(Reason.TARGET_CONFLICT, "ConfigMap app")]

    def emptied(self, parameters: list[Parameter], after: ParameterSyncSpec | None = None) -> Plan:
        secrets = [secure(f"/prod/pay/s{number}") for number in range(20)]
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", "files": [{"key": "app.json", "format": "JSON"}]})
        first = live(planned(snapshot(HOST, *secrets), spec=sync))
        plan = planned(snapshot(*parameters, *secrets), spec=after or sync, live=first)
        if plan.holds:
            again = planned(
                snapshot(*parameters, *secrets), spec=after or sync, live=first, approval=Approval(plan.digest)
            )
            assert (again.holds, data(again)["app.json"]) == ((), "{}\n")
        return plan

    def test_a_file_that_would_lose_all_that_is_in_it_is_kept(self) -> None:
        plan = self.emptied([])
        (hold,) = plan.holds
        assert hold.message == (
            "ConfigMap app would lose every parameter it had: its only key app.json is kept with the last values."
            " Restore the parameters"
        )
        assert json.loads(str(data(plan)["app.json"])) == {"db": {"host": "db.internal"}}

    def test_also_if_globs_leave_all_of_it_out(self) -> None:
        nothing = {"kind": "ConfigMap", "include": ["nothing/*"], "files": [{"key": "app.json", "format": "JSON"}]}
        assert self.emptied([HOST], spec({"kind": "Secret"}, nothing)).holds

    def test_what_comes_in_their_place_suffices(self) -> None:
        assert self.emptied([parameter("/prod/pay/new")]).holds == ()

    def test_a_file_that_was_empty_stays_so(self) -> None:
        sync = spec({"kind": "ConfigMap", "files": [NOTHING_IN_IT], "include": ["nothing/*"]})
        first = live(planned(snapshot(HOST), spec=sync))
        other = spec({"kind": "ConfigMap", "files": [{**NOTHING_IN_IT, "format": "YAML"}], "include": ["nothing/*"]})
        assert planned(snapshot(HOST), spec=other, live=first).holds == ()


def test_a_config_map_whose_file_claims_to_be_secure_is_not_believed() -> None:
    sync = spec({"kind": "ConfigMap", "files": [FILE]})
    (first,) = live(planned(snapshot(HOST), spec=sync))
    text = first.annotations[PROVENANCE_ANNOTATION]
    forged = text.replace('[["S"', '[["E"')
    assert forged != text
    plan = planned(
        snapshot(HOST),
        spec=sync,
        live=[replace(first, annotations={**first.annotations, PROVENANCE_ANNOTATION: forged})],
    )
    assert plan.holds == ()
    assert plan.contents[0].annotations[PROVENANCE_ANNOTATION] == text


class TestApprovalsOfWhatFilesLose:
    """Who approves sees what goes, and approves it once."""

    FILES: ClassVar = {"files": [{"key": "app.json", "format": "JSON"}]}
    BOTH = spec({"kind": "ConfigMap", "name": "a", **FILES}, {"kind": "ConfigMap", "name": "b", **FILES})

    @staticmethod
    def numbered(count: int) -> list[Parameter]:
        return [parameter(f"/prod/pay/p{number}", "v") for number in range(count)]

    def held(self, left: int, targets: list[Live] | None = None, approval: Approval | None = None) -> Plan:
        before = targets or live(planned(snapshot(*self.numbered(10)), spec=self.BOTH))
        return planned(snapshot(*self.numbered(left)), spec=self.BOTH, live=before, approval=approval)

    @staticmethod
    def told(plan: Plan) -> Approval:
        shown = stopped(status(), plan, outcome_of(plan, "payments", "app"), circumstances(), only_planned=False).plan
        assert shown is not None
        return Approval(plan.digest, None, shown)

    def test_status_names_each_parameter_that_goes(self) -> None:
        shown = self.told(self.held(3)).told
        assert shown is not None
        gone = [(each.action, each.name, each.key, each.parameter, each.version) for each in shown.actions if each.held]
        assert gone == [
            (action, name, "app.json", parameter, version)
            for name in "ab"
            for action, parameter, version in [
                ("change", None, None),
                *(("remove", f"/prod/pay/p{number}", 1) for number in range(3, 10)),
            ]
        ]

    def test_what_remains_of_an_apply_that_ended_half_way_needs_no_second_one(self) -> None:
        plan = self.held(3)
        whole = self.held(3, approval=self.told(plan))
        assert whole.approved
        before = live(planned(snapshot(*self.numbered(10)), spec=self.BOTH))
        half = [written(whole.contents[0]), *(each for each in before if each.ref != whole.contents[0].ref)]
        rest = self.held(3, half, self.told(plan))
        assert (rest.holds, rest.approved) == ((), plan.digest)
        assert self.held(2, half, self.told(plan)).holds, "for one more goes"

    def test_a_plan_in_status_is_for_what_is_held_alone(self) -> None:
        plan = self.held(9)
        assert (plan.holds, plan.held_parts) == ((), frozenset())

    def test_a_downgrade_in_a_file_is_approved_by_name(self) -> None:
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", **self.FILES})
        first = live(planned(snapshot(*found(SECURE)), spec=sync))
        plan = planned(snapshot(*found(PLAIN)), spec=sync, live=first)
        assert {each.parameter for each in plan.held_parts} == {"/prod/pay/app"}
        newer = planned(snapshot(*found(parameter("/prod/pay/app", "p2", version=3))), spec=sync, live=first)
        assert newer.digest != plan.digest
