"""What a contract asks of parameters, what is said where they are otherwise, and what is never looked at."""

import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paramsync.api.contract import Contract
from paramsync.api.regexes import compiled
from paramsync.core import contract as rules
from paramsync.core.contract import awaits_names, unchecked, violations
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Parameter
from paramsync.core.plan import Plan
from paramsync.core.reasons import Problem, Reason
from paramsync.core.shaping.derived import Derived
from paramsync.core.values import Decoded, Sealed, SecureValue

from .builders import CONFIG_MAP, STRING_LIST, ours, parameter, planned, secure, selected, snapshot, spec

VALUE = "correct-horse-battery"


def contract(**fields: Any) -> Contract:
    return Contract.model_validate(fields)


def winners(*parameters: Parameter) -> Mapping[str, Selected]:
    return {each.relative: each for each in map(selected, parameters)}


def plain(relative: str, value: str = VALUE) -> Parameter:
    return parameter(f"/prod/pay/{relative}", value)


def hidden(relative: str, value: str | None = VALUE) -> Parameter:
    return secure(f"/prod/pay/{relative}", value)


def told(problems: tuple[Problem, ...]) -> list[tuple[Reason, str]]:
    return [(each.reason, each.subject) for each in problems]


class TestRequired:
    @pytest.mark.parametrize(
        ("required", "missing"),
        [
            (["db/host"], []),
            (["db/*"], []),
            (["**/host", "**"], []),
            (["db/name"], ["db/name"]),
            (["host"], ["host"]),
            (["db/h"], ["db/h"]),
            (["db/host", "db/name", "api/*"], ["db/name", "api/*"]),
            (["db"], ["db"]),
        ],
    )
    def test_each_pattern_must_match_a_name(self, required: list[str], missing: list[str]) -> None:
        found = violations(contract(required=required), winners(plain("db/host"), hidden("db/password")))
        assert told(found) == [(Reason.CONTRACT_VIOLATED, glob) for glob in missing]

    def test_the_message_says_what_to_do(self) -> None:
        name, glob = violations(contract(required=["db/name", "api/*"]), {})
        assert name.message.startswith("contract.required asks for the parameter db/name, and no source gives one.")
        assert "asks for a parameter that matches api/*" in glob.message
        assert "Create it" in name.message

    def test_one_that_cannot_be_read_is_there(self) -> None:
        assert violations(contract(required=["password"]), winners(hidden("password", None))) == ()


class TestSecure:
    def test_what_it_covers_must_be_a_secure_string(self) -> None:
        found = violations(
            contract(secure=["**/password", "token"]),
            winners(plain("db/password"), hidden("api/password"), plain("db/host"), plain("token")),
        )
        assert told(found) == [
            (Reason.CONTRACT_VIOLATED, "/prod/pay/db/password"),
            (Reason.CONTRACT_VIOLATED, "/prod/pay/token"),
        ]
        assert found[0].message.startswith(
            "Parameter /prod/pay/db/password is a String, and contract.secure (**/password) asks for a SecureString."
        )

    def test_a_list_is_plain_too(self) -> None:
        (found,) = violations(contract(secure=["a"]), winners(parameter("/prod/pay/a", "x,y", kind=STRING_LIST)))
        assert "is a StringList" in found.message

    def test_one_that_is_not_there_is_no_violation(self) -> None:
        assert violations(contract(secure=["**/password"]), winners(plain("db/host"))) == ()

    def test_a_sealed_secure_string_is_one(self) -> None:
        assert violations(contract(secure=["a"]), winners(hidden("a", None))) == ()

    def test_a_field_of_a_plain_parameter_is_named_with_it(self) -> None:
        field = Selected("app/db/password", plain("app"), 0, "app", Derived(("expand",), VALUE))
        (found,) = violations(contract(secure=["**/password"]), {field.relative: field})
        assert found.message.startswith("Parameter /prod/pay/app (its field app/db/password) is a String")


class TestFields:
    """A pattern covers the fields of a parameter that is taken apart by the parameter's name, too."""

    FIELD = Selected("app/port", plain("app", '{"port": "x"}'), 0, "app", Derived(("expand",), "x"))
    MADE: ClassVar = {"app/port": FIELD}

    @pytest.mark.parametrize("glob", ["app", "a*", "app/port", "app/*", "**/app"])
    def test_in_every_term(self, glob: str) -> None:
        assert violations(contract(required=[glob]), self.MADE) == ()
        for asked in ({"secure": [glob]}, {"match": {glob: "^[0-9]+$"}}):
            assert told(violations(contract(**asked), self.MADE)) == [(Reason.CONTRACT_VIOLATED, "/prod/pay/app")]

    @pytest.mark.parametrize("glob", ["port", "app/port/x", "ap"])
    def test_and_no_others(self, glob: str) -> None:
        assert violations(contract(secure=[glob]), self.MADE) == ()
        assert told(violations(contract(required=[glob]), self.MADE)) == [(Reason.CONTRACT_VIOLATED, glob)]


MATCHING = [
    ("^[0-9]+$", "5432", True),
    ("^[0-9]+$", "5432 ", False),
    ("^[0-9]+$", "5432\n", False),
    ("^[0-9]+$", "5432\r\n", False),
    ("^[0-9]+$", "5432\n5433", False),
    ("^[0-9]+$", "\n5432", False),
    ("^[0-9]+$", "", False),
    ("(?m)^[0-9]+$", "5432\n", True),
    ("[0-9]+", "port 5432", True),
    ("^https://", "https://example.com", True),
    ("^.$", "é", True),
    ("^.$", "\n", False),
    ("^(?s:.)$", "\n", True),
    ("^(debug|info)$", "information", False),
    ("^debug|info$", "some info", True),
    ("(?i)^true$", "TRUE", True),
    (r"\A5432\z", "5432\n", False),
    ("^$", "", True),
    (r"^\d+$", "\u0664", False),
]


class TestMatch:
    @pytest.mark.parametrize(("pattern", "value", "matches"), MATCHING)
    def test_an_expression_is_found_anywhere_and_its_end_is_the_end(
        self, pattern: str, value: str, matches: bool
    ) -> None:
        found = violations(contract(match={"db/port": pattern}), winners(plain("db/port", value)))
        assert told(found) == ([] if matches else [(Reason.CONTRACT_VIOLATED, "/prod/pay/db/port")])

    def test_the_message_names_the_parameter_and_the_rule_and_no_value(self) -> None:
        (found,) = violations(contract(match={"db/*": "^[0-9]+$"}), winners(plain("db/port", VALUE)))
        assert found.message.startswith(
            "The value of parameter /prod/pay/db/port does not match ^[0-9]+$, as contract.match (db/*) asks."
        )
        assert VALUE not in repr(found)

    def test_a_list_is_compared_as_it_is_stored(self) -> None:
        made = winners(parameter("/prod/pay/hosts", "a,b", kind=STRING_LIST))
        assert violations(contract(match={"hosts": "^a,b$"}), made) == ()

    def test_what_was_made_of_a_value_is_compared(self) -> None:
        field = Selected("app/port", plain("app", '{"port": "5432"}'), 0, "app", Derived(("expand",), "5432"))
        decoded = Selected("cert", plain("cert", "/wD/"), 0, "cert", Derived(("decode",), Decoded(b"\xff\x00\xff")))
        made = {each.relative: each for each in (field, decoded)}
        assert violations(contract(match={"app/port": "^[0-9]+$", "cert": r"\x00"}), made) == ()
        assert told(violations(contract(match={"cert": "^.*$"}), made)) == [
            (Reason.CONTRACT_VIOLATED, "/prod/pay/cert")
        ]

    def test_a_plain_value_that_cannot_be_had_is_a_problem_of_its_own(self) -> None:
        made = winners(Parameter(plain("a").stamp, Sealed(Reason.INVALID_VALUE, "Parameter a is no Unicode")))
        assert violations(contract(match={"a": "."}), made) == (
            Problem(Reason.INVALID_VALUE, "/prod/pay/a", "Parameter a is no Unicode"),
        )

    @given(st.text(), st.sampled_from(["^[0-9]+$", "^$", "x", "."]))
    def test_a_secure_value_gives_no_sign_of_what_it_is(self, value: str, pattern: str) -> None:
        try:
            made = winners(hidden("db/port", value), plain("db/host", "x"))
        except ValueError:
            return  # a lone surrogate, which no value has
        judged = contract(match={"db/port": pattern})
        other = winners(hidden("db/port", "5432"), plain("db/host", "x"))
        assert violations(judged, made) == violations(judged, other) == ()
        assert unchecked(judged, made) == unchecked(judged, other)

    def test_a_note_says_what_is_not_checked(self) -> None:
        made = winners(hidden("db/a"), hidden("db/b"), hidden("key"), plain("db/port", "1"))
        first, second = unchecked(contract(match={"db/*": ".", "key": ".", "db/port": "."}), made)
        assert told((first, second)) == [
            (Reason.CONTRACT_UNCHECKED, "/prod/pay/db/a"),
            (Reason.CONTRACT_UNCHECKED, "/prod/pay/key"),
        ]
        assert "contract.match (db/*) does not check /prod/pay/db/a and 1 more:" in first.message
        assert "does not check /prod/pay/key:" in second.message


HEAVY = "(a|b)*a(a|b){1000}"
"""For texts of a and b, nothing that RE2 remembers of them is of use again: it looks at all for each character."""


class TestWork:
    def test_neither_nested_repetitions_nor_long_values_hang_it(self) -> None:
        began = time.process_time()
        for pattern in ("^(a+)+$", "^(a|a)*$", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$"):
            violations(contract(match={"a": pattern}), winners(plain("a", "a" * 8191 + "!")))
        assert time.process_time() - began < 1

    def test_groups_cost_nothing(self) -> None:
        assert compiled("(a|b)*a(a|b){1000}").programsize == compiled("(?:a|b)*a(?:a|b){1000}").programsize

    def test_more_work_than_may_be_is_refused_before_it_is_done(self) -> None:
        made = winners(*(plain(f"a{number}", "ab" * 4096) for number in range(40)))
        assert compiled(HEAVY).programsize * 8192 * 40 > rules.MOST_STEPS
        began = time.process_time()
        (found,) = violations(contract(match={"*": HEAVY}), made)
        assert time.process_time() - began < 1
        assert told((found,)) == [(Reason.CONTRACT_VIOLATED, "contract.match")]

    def test_two_thousand_values_of_usual_length_are_not_too_much(self) -> None:
        made = winners(*(plain(f"a{number}", "b" * 40) for number in range(2000)))
        assert violations(contract(match={"*": "^[a-z0-9.-]{1,253}$", "**": "^.{1,255}$"}), made) == ()

    def test_what_cannot_be_kept_in_bounds_is_no_expression(self) -> None:
        with pytest.raises(ValueError, match="too large"):
            compiled(r"^\pL{1,63}$")

    def test_nobody_loads_the_library_who_has_no_expression(self) -> None:
        program = (
            "import sys, paramsync.core.planning; from paramsync.api.contract import Contract;"
            "Contract.model_validate({'required': ['a']}); print('re2' in sys.modules);"
            "Contract.model_validate({'match': {'a': 'b'}}); print('re2' in sys.modules)"
        )
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert shown.split() == ["False", "True"]

    def test_nothing_of_an_expression_is_printed_by_the_library(self, capfd: pytest.CaptureFixture[str]) -> None:
        for pattern in ("(", r"\pL{1000}"):
            with pytest.raises(ValidationError):
                contract(match={"a": pattern})
        compiled(HEAVY).search(b"ab" * 4096)
        assert capfd.readouterr() == ("", "")


class TestWaiting:
    def test_a_missing_name_waits_until_its_absence_has_settled(self) -> None:
        asked, found = contract(required=["db/name"]), winners(plain("db/host"))
        assert awaits_names(asked, [snapshot(absence_settled=False)], found)
        assert awaits_names(asked, [snapshot(), snapshot(path="/shared", absence_settled=False)], found)
        assert not awaits_names(asked, [snapshot()], found)
        assert not awaits_names(contract(required=["db/*"]), [snapshot(absence_settled=False)], found)


HOST = parameter("/prod/pay/host", "db.internal")


def plan_of(asked: Contract | None, *parameters: Parameter, absence_settled: bool = True, new: bool = False) -> Plan:
    """What is planned for a sync that was written before, unless it is new."""
    first = planned(snapshot(HOST, secure()))
    live = [] if new else [ours(each.ref, dict(each.data), entries=each.entries) for each in first.contents]
    return planned(
        snapshot(*parameters, absence_settled=absence_settled),
        spec=spec("/prod/pay").model_copy(update={"contract": asked}),
        live=live,
    )


class TestPlan:
    @pytest.mark.parametrize(
        "asked",
        [contract(required=["name"]), contract(secure=["host"]), contract(match={"host": "^[0-9]+$"})],
        ids=["required", "secure", "match"],
    )
    @pytest.mark.parametrize("new", [True, False])
    def test_a_violation_stops_everything_and_cannot_be_approved(self, asked: Contract, new: bool) -> None:
        plan = plan_of(asked, HOST, secure(), new=new)
        assert [each.reason for each in plan.problems] == [Reason.CONTRACT_VIOLATED]
        assert plan.is_stopped
        assert (plan.contents, plan.holds, plan.digest) == ((), (), None)

    def test_a_contract_that_is_kept_changes_nothing(self) -> None:
        asked = contract(required=["host"], secure=["password"], match={"host": "^db[.]"}, plain=["host"])
        kept, without = plan_of(asked, HOST, secure()), plan_of(None, HOST, secure())
        assert kept == without
        assert kept.contents

    def test_what_is_not_checked_is_a_note(self) -> None:
        plan = plan_of(contract(match={"**": "."}), HOST, secure())
        assert told(plan.notes) == [(Reason.CONTRACT_UNCHECKED, "/prod/pay/password")]
        assert plan.contents

    def test_a_required_name_that_vanished_waits_and_is_then_told(self) -> None:
        asked = contract(required=["password"])
        unsettled = plan_of(asked, HOST, absence_settled=False)
        assert (unsettled.waits, unsettled.problems, unsettled.contents) == (True, (), ())
        settled = plan_of(asked, HOST)
        assert (settled.waits, told(settled.problems)) == (False, [(Reason.CONTRACT_VIOLATED, "password")])

    def test_a_new_sync_is_told_at_once(self) -> None:
        plan = plan_of(contract(required=["name"]), HOST, absence_settled=False, new=True)
        assert told(plan.problems) == [(Reason.CONTRACT_VIOLATED, "name")]

    def test_an_empty_path_is_told_before_what_it_lacks(self) -> None:
        plan = plan_of(contract(required=["host"]))
        assert [each.reason for each in plan.problems] == [Reason.NO_PARAMETERS, Reason.CONTRACT_VIOLATED]

    @pytest.mark.parametrize("absence_settled", [True, False])
    def test_what_cannot_be_taken_apart_is_not_said_to_be_missing(self, absence_settled: bool) -> None:
        asked = spec("/prod/pay").model_copy(
            update={"contract": contract(required=["app/port"]), "expand": {"app": "JSON"}}
        )
        broken = snapshot(parameter("/prod/pay/app", "no JSON"), absence_settled=absence_settled)
        plan = planned(broken, spec=asked, live=[ours(CONFIG_MAP)])
        assert [each.reason for each in plan.problems] == [Reason.INVALID_VALUE]

    def test_a_looser_type_is_a_violation_before_it_is_a_hold(self) -> None:
        plan = plan_of(contract(secure=["**/password"]), HOST, parameter("/prod/pay/password", "x"))
        assert [each.reason for each in plan.problems] == [Reason.CONTRACT_VIOLATED]

    def test_the_overlay_decides(self) -> None:
        shared = snapshot(parameter("/shared/port", "none"), path="/shared")
        asked = spec("/shared", "/prod/pay").model_copy(update={"contract": contract(match={"port": "^[0-9]+$"})})
        assert planned(shared, snapshot(plain("port", "5432")), spec=asked).problems == ()
        assert told(planned(shared, snapshot(HOST), spec=asked).problems) == [
            (Reason.CONTRACT_VIOLATED, "/shared/port")
        ]


def test_a_secure_value_that_should_be_plain_is_an_error_and_not_compared() -> None:
    made = Selected("a", plain("a"), 0, "a", Derived(("expand",), SecureValue(b"x")))
    with pytest.raises(TypeError, match="expressions never look into it"):
        violations(contract(match={"a": "."}), {"a": made})
