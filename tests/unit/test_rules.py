"""Every rule, as Python checks it: what it lets through, and what it refuses with which words."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from paramsync.api.base import ObjectName, Rule
from paramsync.api.fields import Endpoint, Interval, NamespacePattern, ParameterPath, PathPattern, Region, seconds
from paramsync.api.stores import AccessRule, ClusterParameterStore
from paramsync.api.sync import ParameterSync, ParameterSyncSpec, ParameterType, Source, Target, TargetKind

FIELDS: dict[str, Any] = {
    "path": ParameterPath,
    "pattern": PathPattern,
    "interval": Interval,
    "region": Region,
    "endpoint": Endpoint,
    "namespace": NamespacePattern,
    "name": ObjectName,
}

GOOD = {
    "path": [
        "/",
        "/a",
        "/prod/payment-service",
        "/A.b_c-d/0",
        "/...",
        "/.hidden/..two",
        "/a.",
        "/-",
        "/a" * 15,
        "/" + "a" * 1010,
    ],
    "pattern": ["/", "/prod/{namespace}", "/{namespace}", "/{namespace}/x", "/{namespace}/{namespace}", "/a" * 15],
    "interval": ["10s", "90s", "5m", "1h", "24h", "1h30m", "23h59m60s", "1440m", "86400s", "0h10s", "0h0m10s"],
    "region": [
        "eu-west-1",
        "us-east-1",
        "us-gov-west-1",
        "ap-southeast-4",
        "cn-north-1",
        "us-iso-east-1",
        "mx-central-1",
    ],
    "endpoint": [
        "https://ssm.eu-west-1.amazonaws.com",
        "https://vpce-0123-abcd.ssm.eu-west-1.vpce.amazonaws.com/",
        "https://10.0.0.1:8443",
        "https://[fd00::1]:443/path",
        "http://localhost:5000",
        "http://127.0.0.1:5000",
        "http://[::1]:5000",
        "http://moto.aws.svc",
        "http://moto.aws.svc:5000/",
        "http://moto.aws.svc.cluster.local:5000",
    ],
    "namespace": ["payments", "a", "0", "team-*", "*", "*-prod", "a*b", "a" * 63],
    "name": ["default", "a", "0", "a-b", "a.b", "a.b-c.d", "a" * 253],
}

BAD = {
    "path": [
        "",
        "a",
        "a/b",
        "//",
        "//a",
        "/a/",
        "/a//b",
        "/.",
        "/..",
        "/a/.",
        "/a/..",
        "/a/../b",
        "/./a",
        "/a b",
        "/a\n",
        "\n/a",
        "/a\x00",
        "/a%2Fb",
        "/a\\b",
        "/a*",
        "/{namespace}",
        "/å",
        "/a?",
        "/a:b",
        "/a" * 16,
        "/" + "a" * 1011,
    ],
    "pattern": [
        "",
        "prod",
        "/prod/*",
        "/prod/**",
        "/prod/",
        "/prod//x",
        "/prod/..",
        "/prod/../{namespace}",
        "/prod/{namespace}x",
        "/prod/x{namespace}",
        "/prod/{namespace}{namespace}",
        "/prod/{Namespace}",
        "/prod/{label}",
        "/prod/{}",
        "/prod/{namespace}\n",
        "/a" * 16,
    ],
    "interval": [
        "",
        "9s",
        "0s",
        "5",
        "5M",
        "m",
        "1d",
        "-5m",
        "+5m",
        "1.5h",
        "5m ",
        " 5m",
        "5m\n",
        "5m1h",
        "1h 30m",
        "24h1s",
        "25h",
        "1441m",
        "86401s",
        "100h",
        "500ms",
        "٥m",
    ],
    "region": [
        "",
        "eu",
        "eu-west",
        "EU-WEST-1",
        "eu-west-1a",
        "eu-west-1.evil.example",
        "evil.example/",
        "eu_west_1",
        "eu-west-1\n",
        "eu-west-١",
        "eu--1",
        "eu-west-1-",
    ],
    "endpoint": [
        "",
        "ssm.eu-west-1.amazonaws.com",
        "http://ssm.eu-west-1.amazonaws.com",
        "http://example.com/x.svc",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "http://127.0.0.1.example.com",
        "http://moto.aws.svc.example.com",
        "http://moto.aws.svc.cluster.local.example.com",
        "http://moto.aws.svc@example.com",
        "https://user:pass@example.com",
        "https://example.com?x=1",
        "https://example.com#x",
        "https://example.com:port",
        "https://",
        "https://EXAMPLE.com",
        "ftp://example.com",
        "https://example.com\n",
        "https://example.com\\@evil.example",
        "https://example.com /",
        "https://" + "a" * 246,
    ],
    "namespace": ["", "-a", "a-", "A", "a.b", "a_b", "a/b", "a?", "[a]", "a\n", "a" * 64],
    "name": ["", "A", "-a", "a-", ".a", "a.", "a..b", "a_b", "a/b", "a\n", "ä", "a" * 254],
}


def cases(table: dict[str, list[str]]) -> list[Any]:
    return [
        pytest.param(FIELDS[field], value, id=f"{field}-{ascii(value[:50])[1:-1] or 'empty'}")
        for field, values in table.items()
        for value in values
    ]


@pytest.mark.parametrize(("field", "value"), cases(GOOD))
def test_a_good_value_is_taken_as_it_is(field: Any, value: str) -> None:
    assert TypeAdapter(field).validate_python(value) == value


@pytest.mark.parametrize(("field", "value"), cases(BAD))
def test_a_bad_value_is_refused(field: Any, value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(field).validate_python(value)


def rule_of(field: Any) -> Rule:
    found = [each for each in field.__metadata__ if isinstance(each, Rule)]
    assert len(found) == 1
    return found[0]


WITH_RULES = ["path", "pattern", "interval", "endpoint"]
LENGTHS = {"path": 1011, "pattern": 512, "interval": 12, "endpoint": 253}


def judged(table: dict[str, list[str]]) -> list[Any]:
    """The values whose length the schema lets through, so that the rule alone judges them."""
    return [
        pytest.param(rule_of(FIELDS[field]), value, id=f"{field}-{ascii(value[:50])[1:-1]}")
        for field in WITH_RULES
        for value in table[field]
        if 0 < len(value) <= LENGTHS[field]
    ]


@pytest.mark.parametrize(("rule", "value"), judged(GOOD))
def test_a_rule_holds(rule: Rule, value: str) -> None:
    assert rule.holds(value) is True
    rule.check(value)


@pytest.mark.parametrize(("rule", "value"), judged(BAD))
def test_a_rule_does_not_hold_and_says_what_to_write_instead(rule: Rule, value: str) -> None:
    assert rule.holds(value) is False
    with pytest.raises(ValueError, match=re.escape(rule.message)):
        rule.check(value)


ANY_RULE = [rule_of(FIELDS[field]) for field in WITH_RULES] + [*Target.rules, *ParameterSyncSpec.rules]


@pytest.mark.parametrize("rule", ANY_RULE, ids=lambda rule: rule.message[:40])
def test_a_rule_s_message_fits_and_tells_what_to_do(rule: Rule) -> None:
    assert re.search(r"\b(write|remove|give|list)\b", rule.message)
    assert "\n" not in rule.message
    assert len(rule.message) < 2048
    assert rule.message[0].islower()


@pytest.mark.parametrize("model", [ParameterSync, ClusterParameterStore, AccessRule, Target, ParameterSyncSpec])
def test_every_rule_of_a_model_reaches_its_schema(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    assert [each["message"] for each in schema.get("x-kubernetes-validations", [])] == [
        rule.message for rule in getattr(model, "rules", ())
    ]


TARGET_RULE = Target.rules[0]
SAME_TARGET, SAME_SOURCE = ParameterSyncSpec.rules


@pytest.mark.parametrize(
    ("kind", "types", "holds"),
    [
        ("ConfigMap", None, True),
        ("ConfigMap", ("String",), True),
        ("ConfigMap", ("String", "StringList"), True),
        ("ConfigMap", ("SecureString",), False),
        ("ConfigMap", ("String", "SecureString"), False),
        ("Secret", ("SecureString",), True),
        ("Secret", ("String", "StringList", "SecureString"), True),
        ("Secret", None, True),
    ],
)
def test_a_config_map_never_takes_secure_strings(kind: str, types: tuple[str, ...] | None, holds: bool) -> None:
    made = Target.model_construct(
        kind=TargetKind(kind), types=None if types is None else tuple(map(ParameterType, types))
    )
    assert TARGET_RULE.holds(made) is holds


@pytest.mark.parametrize(
    ("targets", "holds"),
    [
        (None, True),
        ([("Secret", None)], True),
        ([("Secret", None), ("ConfigMap", None)], True),
        ([("Secret", "a"), ("Secret", None)], True),
        ([("Secret", "a"), ("ConfigMap", "a")], True),
        ([("Secret", "a"), ("Secret", "b"), ("Secret", "a")], False),
        ([("ConfigMap", None), ("ConfigMap", None)], False),
    ],
    ids=str,
)
def test_two_targets_are_two_objects(targets: list[tuple[str, str | None]] | None, holds: bool) -> None:
    made = targets and tuple(Target(kind=TargetKind(kind), name=name) for kind, name in targets)
    assert SAME_TARGET.holds(ParameterSyncSpec.model_construct(sources=(), targets=made or None)) is holds


@pytest.mark.parametrize(
    ("sources", "holds"),
    [
        ([("/a", None)], True),
        ([("/a", None), ("/b", None)], True),
        ([("/a", None), ("/a", False)], True),
        ([("/a", None), ("/a", None)], False),
        ([("/a", None), ("/a", True)], False),
        ([("/a", False), ("/b", None), ("/a", False)], False),
    ],
    ids=str,
)
def test_a_path_is_listed_once(sources: list[tuple[str, bool | None]], holds: bool) -> None:
    made = tuple(Source(path=path, recursive=recursive) for path, recursive in sources)
    assert SAME_SOURCE.holds(ParameterSyncSpec.model_construct(sources=made)) is holds


@pytest.mark.parametrize(
    ("duration", "length"),
    [("0s", 0), ("1s", 1), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h1m1s", 3661), ("99h", 356400), ("007s", 7)],
)
def test_a_duration_has_a_length(duration: str, length: int) -> None:
    assert seconds(duration) == length


@given(st.integers(0, 99), st.integers(0, 9999), st.integers(0, 99999))
def test_the_parts_of_a_duration_add_up(hours: int, minutes: int, rest: int) -> None:
    assert seconds(f"{hours}h{minutes}m{rest}s") == hours * 3600 + minutes * 60 + rest


@pytest.mark.parametrize("text", ["", "5", "h", "5M", "1m1h", "-1s", "1.5h", "5m\n", " 5m", "1d", "100h"])
def test_what_is_no_duration_has_no_length(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration such as 90s, 5m or 1h30m"):
        seconds(text)
