"""Which namespaces may read which paths of a store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paramsync.api.stores import AccessRule
from paramsync.api.sync import Source
from paramsync.core.access import allowed_paths, may_read, refusals
from paramsync.core.reasons import Reason

from . import strategies
from .builders import rule


@pytest.mark.parametrize(
    ("allowed", "path", "may"),
    [
        ("/prod/pay", "/prod/pay", True),
        ("/prod/pay", "/prod/pay/db", True),
        ("/prod/pay", "/prod/pay/db/host", True),
        ("/prod/pay", "/prod/payroll", False),
        ("/prod/pay", "/prod/payroll/pay", False),
        ("/prod/pay", "/prod/pay-", False),
        ("/prod/pay", "/prod/pay.db", False),
        ("/prod/pay", "/prod", False),
        ("/prod/pay", "/", False),
        ("/prod/pay", "/pay", False),
        ("/prod/pay", "/x/prod/pay", False),
        ("/prod/pay", "/PROD/pay", False),
        ("/prod/pay", "/prod/Pay", False),
        ("/prod/pay", "/prod%2Fpay", False),
        ("/prod/pay", "/prod/%70ay", False),
        ("/prod/pay", "/prod/../prod/pay", False),
        ("/prod/pay", "/./prod/pay", False),
        ("/prod/pay", "prod\\pay", False),
        ("/prod/pay", "/prod/pay\n", False),
        ("/prod/pay", "/prod/pa*", False),
        ("/prod/*", "/prod/pay", False),
        ("/prod", "/prod/pay", True),
        ("/", "/", True),
        ("/", "/prod/pay", True),
    ],
)
def test_paths_are_compared_by_whole_segments(allowed: str, path: str, may: bool) -> None:
    rules = [AccessRule.model_construct(namespaces=("payments",), paths=(allowed,))]
    assert may_read(rules, "payments", path) is may


@pytest.mark.parametrize(
    "path",
    [
        "/prod/pay/../x",
        "/prod/./pay",
        "/prod/pay/..",
        "..",
        "//prod",
        "/prod//pay",
        "/prod/pay/",
        "prod/pay",
        "",
        "/prod/pay%2Fx",
        "/prod/pay x",
        "/prod/pay\n",
        "/prod/pay\x00",
        "/prod\\pay",
        "/prod/pay*",
        "/prod/{namespace}",
        "/prod/påy",
        "/prod/payroll",
    ],
)
def test_no_odd_path_gets_past_both_the_model_and_the_rules(path: str) -> None:
    try:
        written = Source(path=path).path
    except ValidationError:
        return
    assert not may_read([rule(paths=["/prod/pay"])], "payments", written)


@pytest.mark.parametrize(
    ("pattern", "namespace", "may"),
    [
        ("payments", "payments", True),
        ("payments", "payments-test", False),
        ("payments", "my-payments", False),
        ("payments", "Payments", False),
        ("payments", "", False),
        ("team-*", "team-a", True),
        ("team-*", "team-", True),
        ("team-*", "team", False),
        ("team-*", "a-team-a", False),
        ("*-prod", "pay-prod", True),
        ("*-prod", "pay-prod-2", False),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("*", "anything", True),
        ("**", "anything", True),
    ],
)
def test_a_star_stands_for_any_characters_of_a_whole_name(pattern: str, namespace: str, may: bool) -> None:
    assert may_read([rule(namespaces=[pattern])], namespace, "/prod/pay") is may


@pytest.mark.parametrize(
    ("allowed", "namespace", "path", "may"),
    [
        ("/prod/{namespace}", "pay", "/prod/pay", True),
        ("/prod/{namespace}", "pay", "/prod/pay/db", True),
        ("/prod/{namespace}", "pay", "/prod/payroll", False),
        ("/prod/{namespace}", "pay", "/prod/other", False),
        ("/prod/{namespace}", "pay", "/prod/{namespace}", False),
        ("/prod/{namespace}", "pay", "/prod", False),
        ("/{namespace}/x", "pay", "/pay/x/y", True),
        ("/{namespace}/{namespace}", "pay", "/pay/pay", True),
        ("/{namespace}/{namespace}", "pay", "/pay/x", False),
        ("/prod/{namespace}", "prod", "/prod/prod", True),
        ("/prod/{namespace}", "1-2", "/prod/1-2", True),
    ],
)
def test_the_namespace_stands_for_a_whole_segment(allowed: str, namespace: str, path: str, may: bool) -> None:
    assert may_read([rule(["*"], [allowed])], namespace, path) is may


@pytest.mark.parametrize(
    "pattern",
    ["/prod/x{namespace}", "/prod/{namespace}x", "/prod/{Namespace}", "/prod/{}", "/prod/*", "/{namespace}/", "/a//b"],
)
def test_no_other_pattern_can_be_written(pattern: str) -> None:
    with pytest.raises(ValidationError):
        rule(paths=[pattern])


def test_nobody_may_read_without_a_rule() -> None:
    assert not may_read([], "payments", "/prod/pay")


def test_any_rule_suffices_but_all_of_a_rule_must_hold() -> None:
    rules = [rule(["a"], ["/a"]), rule(["b", "c"], ["/b", "/c"])]
    allowed = {(ns, path) for ns in "abcd" for path in ("/a", "/b", "/c", "/d") if may_read(rules, ns, path)}
    assert allowed == {("a", "/a"), ("b", "/b"), ("b", "/c"), ("c", "/b"), ("c", "/c")}


def test_allowed_paths_come_once_in_the_order_of_the_rules() -> None:
    rules = [rule(["*"], ["/z", "/{namespace}"]), rule(["x"], ["/no"]), rule(["pay"], ["/pay", "/a"])]
    assert allowed_paths(rules, "pay") == ("/z", "/pay", "/a")


def test_a_refusal_says_what_the_namespace_may_read() -> None:
    rules = [rule(["*"], ["/shared", "/prod/{namespace}"]), rule(["other"], ["/other"])]
    (problem,) = refusals(rules, "pay", "main", ["/shared/x", "/other"])
    assert (problem.reason, problem.subject) == (Reason.NOT_ALLOWED, "/other")
    assert problem.message == (
        "ClusterParameterStore main does not let namespace pay read /other; it may read /shared, /prod/pay."
        " An admin can add a rule to the store's access"
    )


@pytest.mark.parametrize(
    ("count", "says"),
    [
        (0, "; it may read nothing."),
        (1, "; it may read /0."),
        (10, "/8, /9."),
        (12, "/8, /9 and 2 more paths."),
    ],
)
def test_a_refusal_stays_short(count: int, says: str) -> None:
    rules = [rule(["*"], [f"/{number}"]) for number in range(count)]
    (problem,) = refusals(rules, "pay", "main", ["/other"])
    assert says in problem.message


def test_what_is_allowed_is_not_refused() -> None:
    assert refusals([rule(["pay"], ["/pay"])], "pay", "main", ["/pay", "/pay/db"]) == ()


@given(st.lists(strategies.access_rules, max_size=3), strategies.namespaces, strategies.paths)
def test_what_may_be_read_lies_below_an_allowed_path(rules: list[AccessRule], namespace: str, path: str) -> None:
    wanted = path.split("/")[1:] if path != "/" else []
    prefixes = {"/" + "/".join(wanted[:count]) for count in range(len(wanted) + 1)}
    assert may_read(rules, namespace, path) is bool(prefixes.intersection(allowed_paths(rules, namespace)))


def test_nobody_has_no_namespace() -> None:
    assert not may_read([rule(["*"], ["/{namespace}"])], "", "/anything")
