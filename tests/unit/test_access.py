"""Which namespaces may read which paths of a store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paramsync.api.sources import Source
from paramsync.api.stores import AccessRule
from paramsync.core.access import Namespace, allowed_paths, may_read, need_labels, refusals
from paramsync.core.reasons import Reason

from . import strategies
from .builders import namespace, rule, store_ref

TEAM = "example.com/team"


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
        ("/prod/*", "/prod/pay", False),
        ("/prod", "/prod/pay", True),
        ("/", "/", True),
        ("/", "/prod/pay", True),
    ],
)
def test_paths_are_compared_by_whole_segments(allowed: str, path: str, may: bool) -> None:
    rules = [AccessRule.model_construct(namespaces=("payments",), paths=(allowed,))]
    assert may_read(rules, namespace(), path) is may


ODD_PATHS = [
    "/prod/pay/../x",
    "/prod/pay/../../other",
    "/prod/./pay",
    "/./prod/pay",
    "/prod/../prod/pay",
    "/prod/pay/..",
    "..",
    "//prod",
    "//prod/pay",
    "/prod//pay",
    "/prod/pay/",
    "/prod/pay//x",
    "prod/pay",
    "prod\\pay",
    "",
    "/prod%2Fpay",
    "/prod/pay%2Fx",
    "/prod/pay/%2e%2e/x",
    "/prod/%70ay",
    "/prod/pay x",
    "/prod/pay\n",
    "/prod/pay\x00",
    "/prod\\pay",
    "/prod/pay\\..\\x",
    "/prod/pay*",
    "/prod/pa*",
    "/prod/{namespace}",
    "/prod/{label:team}",
    "/prod/påy",
    "/prod/pay/․․/x",
]


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("allowed", ["/prod/pay", "/prod/{namespace}", "/"])
def test_nobody_may_read_a_path_that_somebody_might_take_for_another(allowed: str, path: str) -> None:
    assert not may_read([rule(["*"], [allowed])], namespace("pay"), path)


@pytest.mark.parametrize("path", ODD_PATHS)
def test_nobody_can_even_write_it(path: str) -> None:
    with pytest.raises(ValidationError):
        Source(path=path)


@pytest.mark.parametrize(
    ("pattern", "name", "may"),
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
def test_a_star_stands_for_any_characters_of_a_whole_name(pattern: str, name: str, may: bool) -> None:
    assert may_read([rule(namespaces=[pattern])], namespace(name), "/prod/pay") is may


@pytest.mark.parametrize(
    ("allowed", "name", "path", "may"),
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
def test_the_namespace_stands_for_a_whole_segment(allowed: str, name: str, path: str, may: bool) -> None:
    assert may_read([rule(["*"], [allowed])], namespace(name), path) is may


@pytest.mark.parametrize(
    ("allowed", "labels", "path", "may"),
    [
        ("/teams/{label:team}", {"team": "red"}, "/teams/red", True),
        ("/teams/{label:team}", {"team": "red"}, "/teams/red/db", True),
        ("/teams/{label:team}", {"team": "red"}, "/teams/redder", False),
        ("/teams/{label:team}", {"team": "red"}, "/teams/blue", False),
        ("/teams/{label:team}", {"team": "red"}, "/teams", False),
        ("/teams/{label:team}", {"Team": "red"}, "/teams/red", False),
        (f"/teams/{{label:{TEAM}}}", {TEAM: "red"}, "/teams/red", True),
        (f"/teams/{{label:{TEAM}}}/x", {TEAM: "red"}, "/teams/red/x", True),
        (f"/teams/{{label:{TEAM}}}/x", {TEAM: "red"}, "/teams/red", False),
        (f"/teams/{{label:{TEAM}}}", {"team": "red"}, "/teams/red", False),
        (f"/{{label:{TEAM}}}/{{namespace}}", {TEAM: "red"}, "/red/pay", True),
        (f"/{{label:{TEAM}}}/{{label:stage}}", {TEAM: "red", "stage": "prod"}, "/red/prod", True),
        (f"/{{label:{TEAM}}}/{{label:stage}}", {TEAM: "red"}, "/red", False),
        ("/teams/{label:team}", {"team": "a.b_c-D"}, "/teams/a.b_c-D/x", True),
        ("/teams/{label:team}", {"team": "..."}, "/teams/...", True),
    ],
)
def test_a_label_stands_for_a_whole_segment(allowed: str, labels: dict[str, str], path: str, may: bool) -> None:
    assert may_read([rule(["*"], [allowed])], Namespace("pay", labels), path) is may


@pytest.mark.parametrize(
    "labels", [{}, *({"team": text} for text in ["", ".", "..", "a/b", "../x", "/", "{namespace}", "a\n", "a b", "*"])]
)
@pytest.mark.parametrize("path", ["/", "/teams", "/teams/a", "/teams/a/b", "/x", "/teams/pay", "/teams/{namespace}"])
def test_a_label_that_is_missing_or_no_segment_allows_nothing(labels: dict[str, str], path: str) -> None:
    rules = [rule(["*"], ["/teams/{label:team}", "/{label:team}", "/teams/{label:team}/{namespace}"])]
    assert allowed_paths(rules, Namespace("pay", labels)) == ()
    assert not may_read(rules, Namespace("pay", labels), path)


@pytest.mark.parametrize(
    "pattern",
    [
        "/prod/x{namespace}",
        "/prod/{namespace}x",
        "/prod/{Namespace}",
        "/prod/{}",
        "/prod/*",
        "/{namespace}/",
        "/a//b",
        "/prod/x{label:team}",
        "/prod/{label:team}x",
        "/prod/{label:}",
        "/prod/{label:a}{label:b}",
        "/prod/{label:../x}",
        "/prod/{label:a/b/c}",
        "/prod/{label:/a}",
        "/prod/{label:a/}",
        "/prod/{label:{namespace}}",
        "/prod/{label:a}}",
        "/prod/{label:A/b}",
    ],
)
def test_no_other_pattern_can_be_written(pattern: str) -> None:
    with pytest.raises(ValidationError):
        rule(paths=[pattern])


@pytest.mark.parametrize("pattern", ["/prod/x{namespace}", "/prod/x{label:team}", "/prod/{label:a}{label:b}"])
def test_and_if_it_came_all_the_same_it_would_stand_for_itself(pattern: str) -> None:
    rules = [AccessRule.model_construct(namespaces=("*",), paths=(pattern,))]
    who = Namespace("pay", {"team": "a", "a": "a", "b": "b"})
    assert allowed_paths(rules, who) == (pattern,)
    assert not may_read(rules, who, pattern)


@pytest.mark.parametrize(
    ("labels", "may"),
    [
        ({"team": "red", TEAM: "x"}, True),
        ({"team": "red", TEAM: "x", "other": "y"}, True),
        ({"team": "red"}, False),
        ({"team": "red", TEAM: "y"}, False),
        ({"team": "Red", TEAM: "x"}, False),
        ({"team": "", TEAM: "x"}, False),
        ({}, False),
    ],
)
def test_a_selector_wants_all_its_labels(labels: dict[str, str], may: bool) -> None:
    rules = [rule(None, ["/prod/pay"], labels={"team": "red", TEAM: "x"})]
    assert may_read(rules, Namespace("pay", labels), "/prod/pay") is may


def test_a_selector_for_an_empty_label_wants_the_label() -> None:
    rules = [rule(None, ["/a"], labels={"team": ""})]
    assert may_read(rules, Namespace("pay", {"team": ""}), "/a")
    assert not may_read(rules, Namespace("pay", {}), "/a")


def test_all_conditions_of_a_rule_must_hold() -> None:
    rules = [rule(["team-*"], ["/a"], labels={"stage": "prod"})]
    allowed = {
        (name, stage)
        for name in ("team-a", "other")
        for stage in ("prod", "test")
        if may_read(rules, namespace(name, stage=stage), "/a")
    }
    assert allowed == {("team-a", "prod")}


def test_nobody_may_read_without_a_rule() -> None:
    assert not may_read([], namespace(), "/prod/pay")


def test_a_rule_without_conditions_lets_nobody_in() -> None:
    with pytest.raises(ValidationError, match="write namespaces, namespaceSelector or both"):
        rule(None)
    assert not may_read([AccessRule.model_construct(paths=("/",))], namespace(), "/prod/pay")


def test_any_rule_suffices() -> None:
    rules = [rule(["a"], ["/a"]), rule(["b", "c"], ["/b", "/c"])]
    paths = ("/a", "/b", "/c", "/d")
    allowed = {(name, path) for name in "abcd" for path in paths if may_read(rules, namespace(name), path)}
    assert allowed == {("a", "/a"), ("b", "/b"), ("b", "/c"), ("c", "/b"), ("c", "/c")}


def test_allowed_paths_come_once_in_the_order_of_the_rules() -> None:
    rules = [rule(["*"], ["/z", "/{namespace}"]), rule(["x"], ["/no"]), rule(["pay"], ["/pay", "/{label:t}", "/a"])]
    assert allowed_paths(rules, namespace("pay", t="z")) == ("/z", "/pay", "/a")


@pytest.mark.parametrize(
    ("made", "need"),
    [
        (rule(["*"], ["/", "/{namespace}", "/a/b"]), False),
        (rule(["*"], ["/", "/x/{label:team}"]), True),
        (rule(["*"], [f"/{{label:{TEAM}}}/x"]), True),
        (rule(["*"], ["/"], labels={"a": "b"}), True),
        (rule(None, ["/"], labels={"a": "b"}), True),
        (rule(["other"], ["/{label:team}"], labels={"a": "b"}), False),
    ],
)
def test_labels_are_needed_where_a_rule_for_the_namespace_asks_for_them(made: AccessRule, need: bool) -> None:
    assert need_labels([made], "pay") is need
    assert need_labels([rule(["*"]), made], "pay") is need
    assert not need_labels([], "pay")


def test_a_refusal_says_what_the_namespace_may_read() -> None:
    rules = [rule(["*"], ["/shared", "/prod/{namespace}"]), rule(["other"], ["/other"])]
    (problem,) = refusals(rules, namespace("pay"), store_ref(), ["/shared/x", "/other"])
    assert (problem.reason, problem.subject) == (Reason.NOT_ALLOWED, "/other")
    assert problem.message == (
        "ClusterParameterStore main does not let namespace pay read /other; it may read /shared, /prod/pay."
        " An admin can add a rule to the store's access"
    )


def test_a_refusal_names_the_labels_that_would_allow_more() -> None:
    rules = [
        rule(["*"], ["/teams/{label:team}", f"/x/{{label:{TEAM}}}", "/{label:have}"]),
        rule(["other"], ["/{label:not-for-you}"]),
        rule(None, ["/{label:nor-this}"], labels={"a": "b"}),
    ]
    (problem,) = refusals(rules, namespace("pay", have="it"), store_ref(), ["/teams/red"])
    assert problem.message == (
        "ClusterParameterStore main does not let namespace pay read /teams/red; it may read /it."
        " An admin can add a rule to the store's access, or label the namespace: its rules ask for team,"
        " example.com/team"
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
    (problem,) = refusals(rules, namespace("pay"), store_ref(), ["/other"])
    assert says in problem.message


def test_what_is_allowed_is_not_refused() -> None:
    assert refusals([rule(["pay"], ["/pay"])], namespace("pay"), store_ref(), ["/pay", "/pay/db"]) == ()


@given(st.lists(strategies.access_rules, max_size=3), strategies.namespaces, strategies.labels, strategies.paths)
def test_what_may_be_read_lies_below_an_allowed_path(
    rules: list[AccessRule], name: str, labels: dict[str, str], path: str
) -> None:
    wanted = path.split("/")[1:] if path != "/" else []
    prefixes = {"/" + "/".join(wanted[:count]) for count in range(len(wanted) + 1)}
    who = Namespace(name, labels)
    assert may_read(rules, who, path) is bool(prefixes.intersection(allowed_paths(rules, who)))


@given(st.lists(strategies.access_rules, max_size=3), strategies.namespaces, strategies.labels, strategies.paths)
def test_labels_that_are_not_needed_change_nothing(
    rules: list[AccessRule], name: str, labels: dict[str, str], path: str
) -> None:
    if not need_labels(rules, name):
        assert allowed_paths(rules, Namespace(name)) == allowed_paths(rules, Namespace(name, labels))
    assert set(allowed_paths(rules, Namespace(name))) <= set(allowed_paths(rules, Namespace(name, labels)))


def test_nobody_has_no_namespace() -> None:
    assert not may_read([rule(["*"], ["/{namespace}", "/"])], namespace(""), "/anything")
