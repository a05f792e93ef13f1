"""Plans with keys that are not just one parameter as it is: parts of one, many in a file, several in a text."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from pydantic import ValidationError

from paramsync.api.sync import ParameterSyncSpec, TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import SecretContent
from paramsync.core.parameters import Parameter
from paramsync.core.plan import Plan
from paramsync.core.planned import plan_status
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef, routes
from paramsync.core.values import NOT_OPENED, Decoded, SecureValue

from .builders import (
    CONFIG_MAP,
    SECRET,
    STRING_LIST,
    parameter,
    planned,
    secure,
    snapshot,
    written,
)

HOST, PORT = parameter("/prod/pay/db/host", "db.internal"), parameter("/prod/pay/db/port", "5432")
PASSWORD = secure("/prod/pay/db/password", "p@ss/w")
ZONES = parameter("/prod/pay/zones", "a, b,,c", kind=STRING_LIST)


def spec(*targets: Mapping[str, object], **fields: object) -> ParameterSyncSpec:
    """A sync of /prod/pay with these targets, as it is written in YAML."""
    sources = fields.pop("sources", [{"path": "/prod/pay"}])
    return ParameterSyncSpec.model_validate(
        {"sources": sources, **({"targets": list(targets)} if targets else {}), **fields}
    )


def data(plan: Plan, ref: TargetRef = CONFIG_MAP) -> dict[str, object]:
    """What a target would hold, secure values as text."""
    assert plan.problems == ()
    (content,) = (each for each in plan.contents if each.ref == ref)
    return {
        key: value.reveal().decode() if isinstance(value, SecureValue) else value for key, value in content.data.items()
    }


def kinds(plan: Plan) -> list[tuple[ActionKind, str]]:
    return sorted((action.kind, action.key) for action in plan.actions)


def problems(plan: Plan) -> list[tuple[Reason, str]]:
    return [(problem.reason, problem.subject) for problem in plan.problems]


def again(first: Plan, *parameters: Parameter, spec: ParameterSyncSpec, values: bool = True, **more: object) -> Plan:
    """The plan for these parameters where another one was carried out."""
    live = [written(content, values=values) for content in first.contents]
    return planned(snapshot(*parameters), spec=spec, live=live, **more)  # type: ignore[arg-type]


class TestKeys:
    def test_style_prefix_and_rename_are_the_syncs_unless_a_target_has_its_own(self) -> None:
        sync = spec(
            {"kind": "ConfigMap", "name": "app", "types": ["String"]},
            {"kind": "ConfigMap", "name": "other", "keys": {"prefix": "APP_", "style": "EnvVar"}},
            keys={"style": "Path", "rename": {"db/port": "PORT"}},
        )
        plan = planned(snapshot(HOST, PORT), spec=sync)
        assert data(plan) == {"db.host": "db.internal", "PORT": "5432"}
        assert data(plan, TargetRef(TargetKind.CONFIG_MAP, "other")) == {"APP_DB_HOST": "db.internal", "PORT": "5432"}

    def test_a_key_that_somebody_renames_is_no_removal(self) -> None:
        before, after = spec({"kind": "ConfigMap"}), spec({"kind": "ConfigMap"}, keys={"rename": {"db/host": "HOST"}})
        plan = again(planned(snapshot(HOST, PORT), spec=before), HOST, PORT, spec=after)
        assert kinds(plan) == [(ActionKind.ADD, "HOST"), (ActionKind.REMOVE, "DB_HOST")]
        assert (plan.holds, dict(plan.removed)) == ((), {})

    def test_a_rename_onto_a_key_that_is_there_is_an_error_that_names_both(self) -> None:
        plan = planned(snapshot(HOST, PORT), spec=spec({"kind": "ConfigMap"}, keys={"rename": {"db/host": "DB_PORT"}}))
        assert problems(plan) == [(Reason.KEY_COLLISION, "/prod/pay/db/port")]
        assert "/prod/pay/db/host" in plan.problems[0].message

    def test_names_that_differ_by_case_are_an_error_as_variables_and_two_keys_as_paths(self) -> None:
        found = snapshot(parameter("/prod/pay/Host"), parameter("/prod/pay/host"))
        assert problems(planned(found, spec=spec({"kind": "ConfigMap"}))) == [(Reason.KEY_COLLISION, "/prod/pay/host")]
        assert set(data(planned(found, spec=spec({"kind": "ConfigMap", "keys": {"style": "Path"}})))) == {
            "Host",
            "host",
        }

    def test_a_renamed_name_can_be_a_key_of_a_typed_secret(self) -> None:
        tls = {"kind": "Secret", "secretType": "kubernetes.io/tls", "keys": {"rename": {"cert": "tls.crt"}}}
        plan = planned(snapshot(secure("/prod/pay/cert", "C"), secure("/prod/pay/tls.key", "K")), spec=spec(tls))
        assert data(plan, SECRET) == {"tls.crt": "C", "tls.key": "K"}


class TestGlobsOfTargets:
    def test_a_target_takes_what_they_say(self) -> None:
        sync = spec({"kind": "ConfigMap", "include": ["db/*"], "exclude": ["**/port"]})
        plan = planned(snapshot(HOST, PORT, ZONES), spec=sync)
        assert data(plan) == {"DB_HOST": "db.internal"}
        assert plan.counts.skipped == 2

    def test_to_leave_more_out_is_no_removal(self) -> None:
        first = planned(snapshot(HOST, PORT, ZONES), spec=spec({"kind": "ConfigMap"}))
        plan = again(first, HOST, PORT, ZONES, spec=spec({"kind": "ConfigMap", "exclude": ["db/*"]}))
        assert (plan.holds, dict(plan.removed)) == ((), {})
        assert data(plan) == {"ZONES": "a, b,,c"}


class TestStringLists:
    @pytest.mark.parametrize(
        ("stored", "made"),
        [("a", '["a"]'), ("a,b", '["a", "b"]'), ("a, b", '["a", " b"]'), ("a,,b", '["a", "", "b"]'), (",", '["", ""]')],
    )
    def test_as_json(self, stored: str, made: str) -> None:
        found = snapshot(parameter("/prod/pay/zones", stored, kind=STRING_LIST))
        assert data(planned(found, spec=spec({"kind": "ConfigMap"}, stringList="JSON"))) == {"ZONES": made}
        assert data(planned(found, spec=spec({"kind": "ConfigMap"}))) == {"ZONES": stored}

    def test_another_form_is_a_change_and_then_none(self) -> None:
        comma, as_json = spec({"kind": "ConfigMap"}), spec({"kind": "ConfigMap", "stringList": "JSON"})
        plan = again(planned(snapshot(HOST, ZONES), spec=comma), HOST, ZONES, spec=as_json, values=False)
        assert kinds(plan) == [(ActionKind.CHANGE, "ZONES")]
        assert kinds(again(plan, HOST, ZONES, spec=as_json, values=False)) == []


class TestExpand:
    CONFIG = parameter("/prod/pay/app", '{"db": {"host": "h", "port": 5432}, "on": true, "list": [1.50, "x"], "e": {}}')
    SYNC = spec({"kind": "ConfigMap"}, expand={"app": "JSON"})

    def test_the_fields_of_an_object_are_names_below_it(self) -> None:
        plan = planned(snapshot(self.CONFIG, PORT), spec=self.SYNC)
        assert data(plan) == {
            "APP_DB_HOST": "h",
            "APP_DB_PORT": "5432",
            "APP_ON": "true",
            "APP_LIST": '[1.50,"x"]',
            "DB_PORT": "5432",
        }

    def test_fields_can_be_overlaid_chosen_and_renamed(self) -> None:
        sync = spec(
            {"kind": "ConfigMap", "include": ["app/db/*"], "keys": {"rename": {"app/db/host": "HOST"}}},
            expand={"app": "JSON"},
            sources=[{"path": "/shared"}, {"path": "/prod/pay"}],
        )
        shared = parameter("/shared/app", '{"db": {"host": "shared", "user": "u"}}')
        plan = planned(snapshot(shared, path="/shared"), snapshot(self.CONFIG), spec=sync)
        assert data(plan) == {"HOST": "h", "APP_DB_PORT": "5432", "APP_DB_USER": "u"}
        assert plan.counts.overlaid == 1

    def test_what_comes_out_of_a_secure_value_is_secure(self) -> None:
        sync = spec(expand={"app": "JSON"})
        plan = planned(snapshot(secure("/prod/pay/app", '{"user": "u", "password": "p"}'), PORT), spec=sync)
        (secret,) = (each for each in plan.contents if isinstance(each, SecretContent))
        assert secret.data == {"APP_USER": SecureValue(b"u"), "APP_PASSWORD": SecureValue(b"p")}
        assert plan.counts.secure == 2
        assert data(plan) == {"DB_PORT": "5432"}

    @pytest.mark.parametrize(
        "value", ["", "x", "[]", "null", '"{}"', '{"a": 1', '{"a": 1, "a": 2}', '{"a": NaN}', "\ufeff{}"]
    )
    def test_what_is_no_object_is_an_error_that_names_the_parameter_alone(self, value: str) -> None:
        plan = planned(snapshot(secure("/prod/pay/app", value), PORT), spec=spec(expand={"app": "JSON"}))
        assert problems(plan) == [(Reason.INVALID_VALUE, "/prod/pay/app")]
        assert plan.problems[0].message == (
            "The value of parameter /prod/pay/app is not a JSON object in which every field has a name of its own."
            " Nothing was written. Correct it, or take it out of spec.expand"
        )

    @pytest.mark.parametrize(
        "value",
        [
            '{"a": null}', '{"": 1}', '{"a/b": 1}', '{"..": 1}', '{"ä": 1}', '{"a": "\\ud800"}',
            '{"a":' * 20 + "1" + "}" * 20, "[" * 100_000, json.dumps({"x" * 1010: 1}),
        ],
    )  # fmt: skip
    def test_fields_that_can_have_no_name_or_no_value_are_errors(self, value: str) -> None:
        plan = planned(snapshot(parameter("/prod/pay/app", value), PORT), spec=self.SYNC)
        assert problems(plan) == [(Reason.INVALID_VALUE, "/prod/pay/app")]

    def test_a_field_that_is_a_parameter_too_is_an_error_that_names_both(self) -> None:
        plan = planned(snapshot(self.CONFIG, parameter("/prod/pay/app/on", "x")), spec=self.SYNC)
        assert problems(plan) == [(Reason.KEY_COLLISION, "/prod/pay/app/on")]
        assert "Parameters /prod/pay/app and /prod/pay/app/on both give the name app/on" in plan.problems[0].message

    def test_a_secure_one_that_nobody_takes_is_left_alone(self) -> None:
        closed = Parameter(secure("/prod/pay/app").stamp, NOT_OPENED)
        plan = planned(snapshot(closed, PORT), spec=self.SYNC)
        assert data(plan) == {"DB_PORT": "5432"}
        assert plan.counts.skipped == 1

    def test_a_secure_one_that_nobody_takes_hides_what_earlier_sources_have_of_it(self) -> None:
        sync = spec({"kind": "ConfigMap"}, expand={"app": "JSON"}, sources=[{"path": "/shared"}, {"path": "/prod/pay"}])
        closed = Parameter(secure("/prod/pay/app").stamp, NOT_OPENED)
        shared = [
            parameter("/shared/app", '{"u": "low", "v": {"w": "low"}}'), parameter("/shared/app/x", "low"),
            parameter("/shared/apps", "shown"),
        ]  # fmt: skip
        plan = planned(snapshot(*shared, path="/shared"), snapshot(closed, PORT), spec=sync)
        assert data(plan) == {"DB_PORT": "5432", "APPS": "shown"}
        assert plan.counts.overlaid == 3

    def test_to_take_its_fields_no_more_is_no_removal(self) -> None:
        both = planned(
            snapshot(secure("/prod/pay/app", '{"u": "u", "v": "v"}'), PORT), spec=spec(expand={"app": "JSON"})
        )
        closed = Parameter(secure("/prod/pay/app").stamp, NOT_OPENED)
        plan = again(both, closed, PORT, spec=self.SYNC)
        assert (plan.holds, dict(plan.removed), plan.dropped) == ((), {}, (SECRET,))

    @pytest.mark.parametrize(
        ("target", "is_missed"),
        [
            ({"exclude": ["app/**"]}, False), ({"exclude": ["**"]}, False), ({"include": ["db/*"]}, False),
            ({"include": ["app"], "exclude": ["app/**"], "compose": {"T": "${db/port}"}}, False),
            ({"types": ["String"]}, False),
            ({}, True), ({"include": ["app/*"]}, True), ({"include": ["**/u"]}, True), ({"include": ["*/u/v"]}, True),
            ({"exclude": ["app/*"]}, True), ({"exclude": ["app"]}, True),
            ({"exclude": ["app/**"], "compose": {"T": "${app/u}"}}, True),
        ],
    )  # fmt: skip
    def test_a_secure_one_that_cannot_be_decrypted_matters_where_a_target_may_take_of_it(
        self, target: Mapping[str, object], is_missed: bool
    ) -> None:
        sync = spec({"kind": "Secret", **target}, {"kind": "ConfigMap"}, expand={"app": "JSON"})
        plan = planned(snapshot(secure("/prod/pay/app", None), PORT, PASSWORD), spec=sync)
        assert problems(plan)[:1] == ([(Reason.DECRYPTION_FAILED, "/prod/pay/app")] if is_missed else [])

    def test_a_field_that_vanishes_is_a_removal(self) -> None:
        first = planned(snapshot(self.CONFIG, PORT), spec=self.SYNC)
        less = parameter("/prod/pay/app", '{"db": {"host": "h"}}', version=2)
        plan = again(first, less, PORT, spec=self.SYNC)
        (hold,) = plan.holds
        assert hold.reason is Reason.REMOVAL_BLOCKED
        assert "app/db/port, app/list, app/on" in hold.message

    def test_to_expand_no_more_is_no_removal(self) -> None:
        first = planned(snapshot(self.CONFIG, PORT), spec=self.SYNC)
        plan = again(first, self.CONFIG, PORT, spec=spec({"kind": "ConfigMap"}))
        assert (plan.holds, dict(plan.removed)) == ((), {})
        assert "APP" in data(plan)

    def test_a_field_counts_as_its_parameter_where_that_is_named(self) -> None:
        plan = planned(snapshot(self.CONFIG), spec=self.SYNC)
        assert {action.parameter for action in plan.actions} == {"/prod/pay/app"}


class TestDecode:
    SYNC = spec(decode={"certs/**": "Base64"})

    def test_the_bytes_go_into_data_or_binary_data(self) -> None:
        found = snapshot(parameter("/prod/pay/certs/ca", "AP8A\n/w=="), secure("/prod/pay/certs/key", "AP8="), PORT)
        plan = planned(found, spec=self.SYNC)
        assert data(plan) == {"CERTS_CA": Decoded(b"\x00\xff\x00\xff"), "DB_PORT": "5432"}
        (secret,) = (each for each in plan.contents if isinstance(each, SecretContent))
        assert secret.data == {"CERTS_KEY": SecureValue(b"\x00\xff")}

    @pytest.mark.parametrize("value", ["x", "AP8", "AP8=!", "AP-_", "{}"])
    def test_what_is_no_base64_is_an_error_that_names_the_parameter_alone(self, value: str) -> None:
        plan = planned(snapshot(secure("/prod/pay/certs/key", value), PORT), spec=self.SYNC)
        assert problems(plan) == [(Reason.INVALID_VALUE, "/prod/pay/certs/key")]
        assert value not in plan.problems[0].message.replace("/prod/pay/certs/key", "")

    def test_a_field_can_be_decoded(self) -> None:
        sync = spec(expand={"app": "JSON"}, decode={"app/blob": "Base64"})
        plan = planned(snapshot(parameter("/prod/pay/app", '{"blob": "AAE=", "text": "AAE="}')), spec=sync)
        assert data(plan) == {"APP_BLOB": Decoded(b"\x00\x01"), "APP_TEXT": "AAE="}

    def test_to_decode_is_a_change_and_then_none(self) -> None:
        found = parameter("/prod/pay/certs/ca", "AAE=")
        plan = again(planned(snapshot(found, PORT), spec=spec()), found, PORT, spec=self.SYNC, values=False)
        assert kinds(plan) == [(ActionKind.CHANGE, "CERTS_CA")]
        assert kinds(again(plan, found, PORT, spec=self.SYNC, values=False)) == []

    def test_bytes_are_not_for_a_file(self) -> None:
        sync = spec({"kind": "ConfigMap", "files": [JSON_FILE]}, decode={"certs/*": "Base64"})
        plan = planned(snapshot(parameter("/prod/pay/certs/ca", "AAE="), PORT), spec=sync)
        assert problems(plan) == [(Reason.INVALID_VALUE, "/prod/pay/certs/ca")]


JSON_FILE = {"key": "app.json", "format": "JSON"}


class TestFiles:
    SYNC = spec({"kind": "ConfigMap", "files": [JSON_FILE]})

    def test_what_a_file_selects_gets_no_key_of_its_own(self) -> None:
        sync = spec({"kind": "ConfigMap", "files": [{**JSON_FILE, "include": ["db/*", "zones"]}]})
        plan = planned(snapshot(HOST, PORT, ZONES, parameter("/prod/pay/level", "info")), spec=sync)
        made = data(plan)
        assert json.loads(str(made.pop("app.json"))) == {
            "db": {"host": "db.internal", "port": "5432"},
            "zones": ["a", " b", "", "c"],
        }
        assert made == {"LEVEL": "info"}
        assert (plan.counts.parameters, plan.counts.skipped) == (4, 0)

    def test_a_file_of_a_secret_is_secure_if_one_of_its_parameters_is(self) -> None:
        file = {"key": ".env", "format": "Dotenv"}
        plan = planned(snapshot(HOST, PASSWORD), spec=spec({"kind": "Secret", "files": [file]}))
        assert data(plan, SECRET) == {".env": "DB_HOST=db.internal\nDB_PASSWORD=p@ss/w\n"}
        assert plan.counts.secure == 1

    def test_a_file_of_a_config_map_leaves_out_what_is_secure(self) -> None:
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", "files": [JSON_FILE]})
        plan = planned(snapshot(HOST, PASSWORD), spec=sync)
        assert json.loads(str(data(plan)["app.json"])) == {"db": {"host": "db.internal"}}
        assert set(data(plan, SECRET)) == {"DB_PASSWORD"}

    def test_a_file_of_a_config_map_that_names_what_is_secure_is_refused(self) -> None:
        file = {**JSON_FILE, "include": ["db/host", "db/password"]}
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", "files": [file]})
        assert problems(planned(snapshot(HOST, PASSWORD), spec=sync)) == [
            (Reason.SECURE_REFUSED, "/prod/pay/db/password")
        ]

    @pytest.mark.parametrize(
        ("target", "file"),
        [({"exclude": ["**/password"]}, {}), ({}, {"exclude": ["db/password"]}), ({"include": ["db/host"]}, {})],
        ids=["target excludes", "file excludes", "target does not include"],
    )
    def test_one_that_is_left_out_after_all_is_not_refused(
        self, target: Mapping[str, object], file: Mapping[str, object]
    ) -> None:
        asked = {**JSON_FILE, "include": ["db/host", "db/password"], **file}
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", "files": [asked], **target})
        assert json.loads(str(data(planned(snapshot(HOST, PASSWORD), spec=sync))["app.json"])) == {
            "db": {"host": "db.internal"}
        }

    def test_a_name_that_is_value_and_branch_is_an_error(self) -> None:
        plan = planned(snapshot(HOST, parameter("/prod/pay/db", "x")), spec=self.SYNC)
        assert problems(plan) == [(Reason.KEY_COLLISION, "/prod/pay/db")]
        assert plan.problems[0].message.startswith("The file app.json of ConfigMap app cannot be written: ")

    def test_a_file_that_takes_nothing_is_there_and_empty(self) -> None:
        sync = spec({"kind": "ConfigMap", "files": [{**JSON_FILE, "include": ["none/*"]}]})
        assert data(planned(snapshot(HOST), spec=sync)) == {"app.json": "{}\n", "DB_HOST": "db.internal"}

    def test_a_key_that_a_parameter_has_too_is_an_error(self) -> None:
        sync = spec({"kind": "ConfigMap", "files": [{"key": "DB_PORT", "format": "JSON", "include": ["db/host"]}]})
        assert problems(planned(snapshot(HOST, PORT), spec=sync)) == [(Reason.KEY_COLLISION, "/prod/pay/db/port")]

    @pytest.mark.parametrize("values", [True, False])
    def test_it_is_written_again_only_if_something_in_it_changed(self, values: bool) -> None:
        first = planned(snapshot(HOST, PORT), spec=self.SYNC)
        assert kinds(again(first, HOST, PORT, spec=self.SYNC, values=values)) == []
        changed = parameter("/prod/pay/db/port", "5433", version=2)
        plan = again(first, HOST, changed, spec=self.SYNC, values=values)
        assert kinds(plan) == [(ActionKind.CHANGE, "app.json")]
        assert json.loads(str(data(plan)["app.json"])) == {"db": {"host": "db.internal", "port": "5433"}}

    def test_another_format_or_glob_is_a_change_and_no_removal(self) -> None:
        first = planned(snapshot(HOST, PORT), spec=self.SYNC)
        for file in ({**JSON_FILE, "format": "YAML"}, {**JSON_FILE, "exclude": ["db/port"]}):
            plan = again(first, HOST, PORT, spec=spec({"kind": "ConfigMap", "files": [file]}))
            assert (ActionKind.CHANGE, "app.json") in kinds(plan)
            assert (plan.holds, dict(plan.removed)) == ((), {})

    def test_what_has_not_settled_keeps_the_whole_file(self) -> None:
        first = planned(snapshot(HOST, PORT), spec=self.SYNC)
        live = [written(content) for content in first.contents]
        changed = snapshot(HOST, parameter("/prod/pay/db/port", "5433", version=2), settled=False)
        plan = planned(changed, spec=self.SYNC, live=live)
        assert kinds(plan) == [(ActionKind.KEEP, "app.json")]
        assert data(plan) == data(first)
        assert plan.contents[0].annotations == first.contents[0].annotations


def numbered(numbers: Iterable[int]) -> list[Parameter]:
    return [parameter(f"/prod/pay/p{number}", "v") for number in numbers]


class TestRemovalsFromFiles:
    SYNC = spec({"kind": "ConfigMap", "files": [JSON_FILE]}, guard={"maxRemovals": 2})

    def first(self, *more: Parameter) -> Plan:
        return planned(snapshot(*numbered(range(10)), *more), spec=self.SYNC)

    def test_as_many_as_are_allowed_go(self) -> None:
        plan = again(self.first(), *numbered(range(8)), spec=self.SYNC)
        assert plan.holds == ()
        assert plan.removed == {"p8": {CONFIG_MAP}, "p9": {CONFIG_MAP}}
        assert set(json.loads(str(data(plan)["app.json"]))) == {f"p{number}" for number in range(8)}

    def test_of_more_the_whole_file_is_kept(self) -> None:
        first = self.first()
        plan = again(first, *numbered(range(6)), parameter("/prod/pay/new", "n"), spec=self.SYNC)
        (hold,) = plan.holds
        assert hold.message.startswith(
            "4 of 10 parameters would be removed within an hour, and 2 may be (spec.guard.maxRemovals): p6, p7, p8, p9"
        )
        assert kinds(plan) == [(ActionKind.KEEP, "app.json")]
        assert data(plan) == data(first)
        assert plan.counts.parameters == 10
        assert (len(hold.actions), len(hold.parts), hold.facts) == (1, 4, ()), "one key, and each name that it loses"

    def test_an_approval_is_for_the_names_and_for_no_more(self) -> None:
        first = self.first()
        held = again(first, *numbered(range(6)), spec=self.SYNC)
        shown = plan_status(held.held, held.held, held.digest)
        approval = Approval(held.digest, None, shown)
        assert again(first, *numbered(range(6)), spec=self.SYNC, approval=approval).holds == ()
        more = again(first, *numbered(range(5)), spec=self.SYNC, approval=approval)
        assert more.holds
        assert more.digest != held.digest

    def test_unrelated_changes_do_not_void_it(self) -> None:
        first = self.first()
        held = again(first, *numbered(range(6)), spec=self.SYNC)
        later = again(first, *numbered(range(6)), parameter("/prod/pay/new", "n"), spec=self.SYNC)
        assert later.digest == held.digest

    def test_all_of_them_always_wait(self) -> None:
        sync = spec(
            {"kind": "ConfigMap", "files": [JSON_FILE]},
            guard={"maxRemovals": 100},
            sources=[{"path": "/prod/pay", "optional": True}],
        )
        plan = again(planned(snapshot(*numbered(range(3))), spec=sync), spec=sync)
        assert [hold.reason for hold in plan.holds] == [Reason.REMOVAL_BLOCKED]

    def test_a_file_of_which_only_the_number_of_parameters_is_known_counts_them(self) -> None:
        first = self.first()
        (content,) = first.contents
        document = json.loads(content.annotations["paramsync.dev/provenance"])
        document["keys"]["app.json"][7] = 10
        live = written(content)
        live = replace(live, annotations={**live.annotations, "paramsync.dev/provenance": json.dumps(document)})
        assert planned(snapshot(*numbered(range(10))), spec=self.SYNC, live=[live]).actions == ()
        plan = planned(snapshot(*numbered(range(6))), spec=self.SYNC, live=[live])
        (hold,) = plan.holds
        assert "4 of 10 parameters" in hold.message


class TestSecureParameters:
    """Once secure stays secure, also in a file or a text."""

    def test_one_that_turned_plain_is_held(self) -> None:
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", "files": [JSON_FILE]})
        token = secure("/prod/pay/token", "t")
        first = planned(snapshot(HOST, PASSWORD, token), spec=sync)
        plan = again(first, HOST, parameter("/prod/pay/db/password", "p@ss/w", version=2), token, spec=sync)
        assert [(hold.reason, hold.subject) for hold in plan.holds] == [
            (Reason.DOWNGRADE_BLOCKED, "/prod/pay/db/password")
        ]
        assert plan.contents == ()

    def test_one_that_was_in_a_file_is_remembered(self) -> None:
        sync = spec({"kind": "Secret", "types": ["SecureString"], "files": [JSON_FILE]}, {"kind": "ConfigMap"})
        token = secure("/prod/pay/token", "t")
        gone = again(planned(snapshot(HOST, PASSWORD, token), spec=sync), HOST, token, spec=sync)
        assert gone.holds == ()
        back = again(gone, HOST, token, parameter("/prod/pay/db/password", "x", version=2), spec=sync)
        assert [hold.reason for hold in back.holds] == [Reason.DOWNGRADE_BLOCKED]

    def test_a_composed_value_that_one_makes_secure_is(self) -> None:
        sync = spec({"kind": "Secret", "compose": {"URL": "postgres://${db/host}:${db/password|urlquote}"}})
        plan = planned(snapshot(HOST, PASSWORD), spec=sync)
        assert data(plan, SECRET)["URL"] == "postgres://db.internal:p%40ss%2Fw"
        (entry,) = (content.entries["URL"] for content in plan.contents)
        assert [part.relative for part in entry.parameters] == ["db/host", "db/password"]
        assert entry.type == "SecureString"


class TestCompose:
    def test_a_text_with_values_beside_the_keys(self) -> None:
        plan = planned(
            snapshot(HOST, PORT), spec=spec({"kind": "ConfigMap", "compose": {"A": "${db/host}:${db/port}$$"}})
        )
        assert data(plan) == {"A": "db.internal:5432$", "DB_HOST": "db.internal", "DB_PORT": "5432"}

    def test_it_may_refer_to_what_its_target_does_not_take(self) -> None:
        sync = spec({"kind": "Secret", "types": ["SecureString"], "compose": {"A": "${db/host}"}})
        plan = planned(snapshot(HOST, PASSWORD), spec=sync)
        assert data(plan, SECRET) == {"A": "db.internal", "DB_PASSWORD": "p@ss/w"}
        assert plan.counts.skipped == 0

    def test_a_reference_to_nothing_is_an_error_that_names_it(self) -> None:
        plan = planned(snapshot(HOST), spec=spec({"kind": "ConfigMap", "compose": {"A": "${db/name}"}}))
        assert problems(plan) == [(Reason.PARAMETER_MISSING, "ConfigMap app/A")]
        assert "compose.A of ConfigMap app refers to db/name" in plan.problems[0].message

    def test_one_that_may_be_about_to_come_back_is_waited_for(self) -> None:
        sync = spec({"kind": "ConfigMap", "compose": {"A": "${db/host}"}})
        live = [written(content) for content in planned(snapshot(HOST, PORT), spec=sync).contents]
        plan = planned(snapshot(PORT, absence_settled=False), spec=sync, live=live)
        assert (plan.waits, plan.problems, plan.contents) == (True, (), ())
        plan = planned(snapshot(PORT), spec=sync, live=live)
        assert [problem.reason for problem in plan.problems] == [Reason.PARAMETER_MISSING]

    def test_a_secure_one_in_a_config_map_is_refused(self) -> None:
        sync = spec({"kind": "Secret"}, {"kind": "ConfigMap", "compose": {"A": "${db/password}"}})
        assert problems(planned(snapshot(PASSWORD), spec=sync)) == [(Reason.SECURE_REFUSED, "/prod/pay/db/password")]

    def test_it_is_refused_also_where_nobody_decrypts_it(self) -> None:
        sync = spec({"kind": "ConfigMap", "compose": {"A": "${db/password}"}})
        sealed = snapshot(HOST, Parameter(PASSWORD.stamp, NOT_OPENED))
        assert problems(planned(sealed, spec=sync)) == [(Reason.SECURE_REFUSED, "/prod/pay/db/password")]

    def test_another_text_is_a_change_and_then_none(self) -> None:
        first = planned(snapshot(HOST, PORT), spec=spec({"kind": "ConfigMap", "compose": {"A": "${db/host}"}}))
        sync = spec({"kind": "ConfigMap", "compose": {"A": "to ${db/host}"}})
        plan = again(first, HOST, PORT, spec=sync, values=False)
        assert kinds(plan) == [(ActionKind.CHANGE, "A")]
        assert kinds(again(plan, HOST, PORT, spec=sync, values=False)) == []

    def test_bytes_that_are_no_text_have_to_be_encoded(self) -> None:
        blob = parameter("/prod/pay/blob", "/w==")
        raw, encoded = (
            spec({"kind": "ConfigMap", "compose": {"A": text}}, decode={"blob": "Base64"})
            for text in ("${blob}", "${blob|base64}")
        )
        assert problems(planned(snapshot(blob), spec=raw)) == [(Reason.INVALID_VALUE, "/prod/pay/blob")]
        assert data(planned(snapshot(blob), spec=encoded)) == {"A": "/w==", "BLOB": Decoded(b"\xff")}

    @pytest.mark.parametrize("text", ["$x", "${x", "${}", "${a b}", "${../x}", "${x|upper}", "${x|}"])
    def test_what_is_no_template_makes_the_spec_invalid(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"^spec.targets: compose.A of ConfigMap app: at character 1: "):
            routes(spec({"kind": "ConfigMap", "compose": {"A": text}}), "app")


@pytest.mark.parametrize(("name", "as_keys"), [("n", None), ("a-rather-long-name", Reason.TOO_LARGE)])
def test_ten_thousand_parameters_fit_or_are_too_large(name: str, as_keys: Reason | None) -> None:
    found = snapshot(*(parameter(f"/prod/pay/group-{number % 100}/{name}-{number}", "v") for number in range(10_000)))
    keys, file = spec({"kind": "ConfigMap"}), spec({"kind": "ConfigMap", "files": [JSON_FILE]})

    plan = planned(found, spec=keys)
    assert [problem.reason for problem in plan.problems] == ([as_keys] if as_keys else [])
    assert [len(content.data) for content in plan.contents] == ([] if as_keys else [10_000])

    plan = planned(found, spec=file)
    (content,) = plan.contents
    assert sum(map(len, json.loads(str(content.data["app.json"])).values())) == 10_000
    assert sum(len(text) for text in content.annotations.values()) <= 256 * 1024
    assert again(plan, *found.parameters.values(), spec=file).actions == ()


@pytest.mark.parametrize(
    ("relative", "style", "reason"),
    [
        ("x" * 1002, "EnvVar", Reason.INVALID_KEY),
        ("x/" * 501 + "x", "Path", Reason.INVALID_KEY),
        ("..", "Path", Reason.INVALID_KEY),
        ("../x", "Path", Reason.INVALID_KEY),
        (".", "Path", Reason.INVALID_KEY),
        ("a\x00b", "Path", Reason.INVALID_KEY),
        ("a\r\nb", "EnvVar", Reason.INVALID_KEY),
        ("\ufeffa", "EnvVar", Reason.INVALID_KEY),
    ],
)
def test_odd_names_are_named_errors(relative: str, style: str, reason: Reason) -> None:
    plan = planned(
        snapshot(parameter(f"/prod/pay/{relative}")), spec=spec({"kind": "ConfigMap"}, keys={"style": style})
    )
    assert problems(plan) == [(reason, f"/prod/pay/{relative}")]


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "ConfigMap", "files": [JSON_FILE, JSON_FILE]},
        {"kind": "ConfigMap", "files": [{"key": "A", "format": "JSON"}], "compose": {"A": "x"}},
        {"kind": "ConfigMap", "files": [{"key": "..", "format": "JSON"}]},
        {"kind": "ConfigMap", "compose": {"a b": "x"}},
        {"kind": "ConfigMap", "keys": {"separator": "."}},
        {"kind": "ConfigMap", "keys": {"prefix": "1"}},
        {"kind": "ConfigMap", "keys": {"style": "Path", "separator": "/"}},
        {"kind": "ConfigMap", "keys": {"rename": {"/x": "X"}}},
        {"kind": "ConfigMap", "keys": {"rename": {"x": "."}}},
    ],
)
def test_what_the_models_refuse(target: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        spec(target)


DOCKER = {"kind": "Secret", "secretType": "kubernetes.io/dockerconfigjson"}


@pytest.mark.parametrize(
    "template",
    [
        '{"auths":{"r":{"password":${pin|json}}}}',
        '{"auths":{"r":{"auth":"${pin|base64}"}}}',
        '{"auths":{"r${host}":{"auth":"x${pin|urlquote|base64}y"}}}',
        '{"auths":{${pin|json}:"${pin|urlquote}"}}',
    ],
)
def test_a_pull_secret_is_composed_of_strings(template: str) -> None:
    of = DOCKER | {"compose": {".dockerconfigjson": template}, "exclude": ["pin"]}
    for value in ("1234", 'a"\\\n', "true"):
        found = snapshot(secure("/prod/pay/pin", value), parameter("/prod/pay/host"))
        assert problems(planned(found, spec=spec(of))) == []


@pytest.mark.parametrize(
    "template",
    [
        '{"x":0.${zeros}1e${pin}}',
        '{"x":${pin}rue}',
        '{"x":${pin}}',
        '{"x":"${pin}"}',
        '{"x":"\\${pin|base64}"}',
        '{"x":"\\u00${pin|base64}"}',
        '{"x":"a${pin|json}"}',
        '["x${pin|json}]',
        '{"x":1${pin|base64}}',
        "${pin|base64|base64}",
        '{"x":${pin|json|urlquote}}',
        "[${pin|json}]",
    ],
)
def test_whether_a_pull_secret_is_one_tells_nothing_of_a_secure_value(template: str) -> None:
    of = DOCKER | {"compose": {".dockerconfigjson": template}, "exclude": ["pin"]}
    told = set()
    for value in ("1", "t", "9999", "", '","', "n", "307", "400", "{}", "null"):
        found = snapshot(secure("/prod/pay/pin", value), parameter("/prod/pay/zeros", "0" * 320))
        told.add(planned(found, spec=spec(of)).problems)
    ((problem,),) = told
    assert (problem.reason, problem.subject) == (Reason.SECURE_REFUSED, "Secret app/.dockerconfigjson")
    assert "${…|json}" in problem.message


def test_fields_that_collide_are_named() -> None:
    found = snapshot(parameter("/prod/pay/app", '{"A":1,"a":2}'))
    (problem,) = planned(found, spec=spec({"kind": "ConfigMap"}, expand={"app": "JSON"})).problems
    assert problem.reason is Reason.KEY_COLLISION
    assert (
        "/prod/pay/app (its field app/A) and /prod/pay/app (its field app/a) both give the key APP_A" in problem.message
    )


def test_a_prefix_that_is_none_of_a_variable_is_the_cause() -> None:
    target = {"kind": "ConfigMap", "keys": {"style": "EnvVar"}}
    made = spec(target, keys={"style": "Path", "prefix": "my-app."})
    (problem,) = planned(snapshot(parameter("/prod/pay/db/host")), spec=made).problems
    assert problem.reason is Reason.INVALID_KEY
    assert "keys.prefix my-app. is no beginning of the name of an environment variable" in problem.message
