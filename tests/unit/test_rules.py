"""Every rule, as Python checks it: what it lets through, and what it refuses with which words."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from paramsync.api.base import ObjectName, Rule
from paramsync.api.contract import Contract, Match, Pattern
from paramsync.api.fields import (
    Endpoint,
    Interval,
    LabelValue,
    MatchLabels,
    NamespacePattern,
    ParameterPath,
    PathPattern,
    Region,
    seconds,
)
from paramsync.api.roles import ExternalId, RoleArn, SessionTags, SessionTagValue
from paramsync.api.sources import Source
from paramsync.api.stores import AccessRule, ClusterParameterStore, ClusterParameterStoreSpec, ParameterStoreSpec
from paramsync.api.sync import ParameterSync, ParameterSyncSpec, ParameterType, Target, TargetKind

FIELDS: dict[str, Any] = {
    "path": ParameterPath,
    "pattern": PathPattern,
    "interval": Interval,
    "region": Region,
    "endpoint": Endpoint,
    "namespace": NamespacePattern,
    "name": ObjectName,
    "role": RoleArn,
    "external id": ExternalId,
    "label": LabelValue,
    "tag": SessionTagValue,
    "expression": Pattern,
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
    "pattern": [
        "/",
        "/prod/{namespace}",
        "/{namespace}",
        "/{namespace}/x",
        "/{namespace}/{namespace}",
        "/{label:team}",
        "/prod/{label:example.com/team}",
        "/{label:a/b}/{namespace}/{label:c}",
        "/{label:kubernetes.io/metadata.name}",
        f"/{{label:{'a' * 253}/{'B' * 63}}}",
        "/a" * 15,
        "/{label:a/b}" * 15,
        "/" + "a" * 254 + "/{label:a}",
    ],
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
    "role": [
        "arn:aws:iam::111122223333:role/params",
        "arn:aws-cn:iam::111122223333:role/params",
        "arn:aws-us-gov:iam::111122223333:role/params",
        "arn:aws-iso:iam::111122223333:role/params",
        "arn:aws-iso-b:iam::111122223333:role/params",
        "arn:aws-eusc:iam::111122223333:role/params",
        "arn:aws:iam::111122223333:role/teams/red/A+b=c,d.e@f_g-h",
        "arn:aws:iam::111122223333:role/" + "a" * 64,
        "arn:aws:iam::111122223333:role/" + "p" * 510 + "/" + "a" * 64,
    ],
    "external id": ["ab", "A+b=c,d.e@f:g/h_i-j", "0" * 1224],
    "label": ["", "a", "A-b_c.d", "a" * 63],
    "tag": ["", "a", "Größe 3", "a_b.c:d/e=f+g-h@i", "a" * 256],
    "expression": [
        "^[0-9]+$",
        "a{1000}",
        "^.{1,1000}$",
        r"^\w{1,253}$",
        r"\A\pL+\z",
        "(?i)true|false",
        "(?m)^a$",
        "(?P<year>[0-9]{4})",
        "[[:alpha:]]",
        r"\Qa.b\E",
        "()",
        "|",
        "ä",
        " ",
        "a" * 512,
    ],
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
        "/prod/{label:}",
        "/prod/{label:team}x",
        "/prod/x{label:team}",
        "/prod/{label:team}{label:team}",
        "/prod/{label:team}/",
        "/prod/{label:/team}",
        "/prod/{label:team/}",
        "/prod/{label:a/b/c}",
        "/prod/{label:A/b}",
        "/prod/{label:../b}",
        "/prod/{label:-a}",
        "/prod/{label:a b}",
        "/prod/{label:ä}",
        "/prod/{label:{namespace}}",
        "/prod/{label:team}\n",
        "/prod/{LABEL:team}",
        "/prod/team}",
        "/prod/{label:team",
        f"/{{label:{'a' * 254}/b}}",
        f"/{{label:{'a' * 64}}}",
        f"/{{label:a/{'b' * 64}}}",
        "/{label:a}" * 16,
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
    "role": [
        "",
        "params",
        "arn:aws:iam::111122223333:user/params",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role//params",
        "arn:aws:iam::1111:role/params",
        "arn:aws:iam::11112222333a:role/params",
        "arn:aws:sts::111122223333:assumed-role/params/session",
        "arn:aws:iam:eu-west-1:111122223333:role/params",
        "arn:evil:iam::111122223333:role/params",
        "arn:aws-:iam::111122223333:role/params",
        "arn:aws:iam::111122223333:role/par ams",
        "arn:aws:iam::111122223333:role/päräms",
        "arn:aws:iam::111122223333:role/params\n",
        " arn:aws:iam::111122223333:role/params",
        "arn:aws:iam::111122223333:role/" + "a" * 65,
        "arn:aws:iam::١١١١٢٢٢٢٣٣٣٣:role/params",
    ],
    "external id": ["", "a", "a b", "a\n", "ää", "a;b", "0" * 1225],
    "label": ["-a", "a-", "a/b", "a b", "a\n", "ä", "a" * 64],
    "tag": ["a\n", "a;b", "a*", "a" * 257],
    "expression": [
        "",
        "(",
        "a)",
        "[a",
        "*",
        "a**",
        "a{1001}",
        "(a{100}){100}",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?>a)",
        r"(a)\1",
        r"a\Z",
        r"\u00e9",
        "(?x)a",
        "\\",
        "a" * 513,
    ],
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


def rules_of(field: Any) -> list[Rule]:
    return [each for each in field.__metadata__ if isinstance(each, Rule)]


def rule_of(field: Any) -> Rule:
    (found,) = rules_of(field)
    return found


WITH_RULES = ["path", "pattern", "interval", "endpoint", "role", "expression"]
LENGTHS = {"path": 1011, "pattern": 512, "interval": 12, "endpoint": 253, "role": 2048, "expression": 512}


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


@pytest.mark.parametrize(
    "contract",
    [
        {"required": []},
        {"required": ["/db"]},
        {"secure": ["a"] * 33},
        {"plain": ["a**"]},
        {"match": {}},
        {"match": {"db/": "a"}},
        {"match": {"a": "("}},
        {"match": {f"a{number}": "a" for number in range(33)}},
        {"forbidden": ["a"]},
    ],
    ids=repr,
)
def test_a_contract_that_is_none_is_refused(contract: Any) -> None:
    with pytest.raises(ValidationError):
        Contract.model_validate(contract)


ANY_RULE = [
    *(rule_of(FIELDS[field]) for field in WITH_RULES),
    *(rule for field in (MatchLabels, SessionTags, Match) for rule in rules_of(field)),
    *(rule for model in (Target, ParameterSyncSpec, AccessRule, ParameterStoreSpec) for rule in model.rules),
]


@pytest.mark.parametrize("rule", ANY_RULE, ids=lambda rule: rule.message[:40])
def test_a_rule_s_message_fits_and_tells_what_to_do(rule: Rule) -> None:
    assert re.search(r"\b(write|remove|give|list)\b", rule.message)
    assert "\n" not in rule.message
    assert len(rule.message) < 2048
    assert rule.message[0].islower()


@pytest.mark.parametrize(
    "model",
    [
        ParameterSync,
        ClusterParameterStore,
        ClusterParameterStoreSpec,
        ParameterStoreSpec,
        AccessRule,
        Target,
        ParameterSyncSpec,
    ],
)
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


LABELS = [
    ({"team": "red"}, True),
    ({"example.com/team": "red", "a": "", "A_b.c-d": "x"}, True),
    ({f"{'a' * 253}/{'b' * 63}": "x"}, True),
    ({}, False),
    ({"": "x"}, False),
    ({"/a": "x"}, False),
    ({"a/": "x"}, False),
    ({"a/b/c": "x"}, False),
    ({"Example.com/team": "x"}, False),
    ({"team\n": "x"}, False),
    ({"a b": "x"}, False),
    ({f"{'a' * 254}/b": "x"}, False),
    ({"a" * 64: "x"}, False),
    ({f"a/{'b' * 64}": "x"}, False),
    ({"team": "a b"}, False),
    ({f"l{number}": "x" for number in range(16)}, True),
    ({f"l{number}": "x" for number in range(17)}, False),
]

TAGS = [
    ({}, True),
    ({"team": "payments", "Größe": "3", "a b": "", "kubernetes/namespace": "x", "awsome": "x"}, True),
    ({"a" * 128: "b" * 256}, True),
    ({f"t{number}": "x" for number in range(50)}, True),
    ({"": "x"}, False),
    ({"a" * 129: "x"}, False),
    ({"a": "b" * 257}, False),
    ({"a;b": "x"}, False),
    ({"a\n": "x"}, False),
    ({"a": "b\n"}, False),
    ({"aws:team": "x"}, False),
    ({"AwS:team": "x"}, False),
    ({"team": "a", "Team": "b"}, False),
    ({f"t{number}": "x" for number in range(51)}, False),
]


def accepted(field: Any, value: dict[str, str]) -> bool:
    try:
        TypeAdapter(field).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("labels", "good"), LABELS)
def test_a_selector_has_labels_as_kubernetes_writes_them(labels: dict[str, str], good: bool) -> None:
    assert accepted(MatchLabels, labels) is good


@pytest.mark.parametrize(("tags", "good"), TAGS)
def test_tags_are_those_that_aws_takes(tags: dict[str, str], good: bool) -> None:
    assert accepted(SessionTags, tags) is good


ROLE = "arn:aws:iam::111122223333:role/params"


@pytest.mark.parametrize(
    ("fields", "good"),
    [
        ({}, True),
        ({"roleArn": ROLE}, True),
        ({"roleArn": ROLE, "externalId": "id", "sessionTags": {"a": "b"}}, True),
        ({"externalId": "id"}, False),
        ({"sessionTags": {"a": "b"}}, False),
        ({"sessionTags": {}}, False),
    ],
)
@pytest.mark.parametrize("model", [ClusterParameterStoreSpec, ParameterStoreSpec])
def test_what_is_said_of_a_role_needs_the_role(
    model: type[ClusterParameterStoreSpec] | type[ParameterStoreSpec], fields: dict[str, Any], good: bool
) -> None:
    account = {"serviceAccountRef": {"name": "reader"}} if model is ParameterStoreSpec else {}
    if good:
        model.model_validate({**fields, **account})
        return
    with pytest.raises(ValidationError, match="are for the role that roleArn names: write roleArn, too"):
        model.model_validate({**fields, **account})


@pytest.mark.parametrize("field", ["access", "endpoint", "namespace", "serviceAccountNamespace"])
def test_a_parameter_store_has_no_field_for_what_others_may(field: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ParameterStoreSpec.model_validate({"serviceAccountRef": {"name": "reader"}, field: "x"})
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ParameterStoreSpec.model_validate({"serviceAccountRef": {"name": "reader", field: "x"}})


def test_a_parameter_store_brings_its_own_identity() -> None:
    with pytest.raises(ValidationError, match="serviceAccountRef"):
        ParameterStoreSpec.model_validate({"region": "eu-west-1", "roleArn": ROLE})
