"""What a Secret of each type must hold, and which parameters give it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from paramsync.api.sync import SecretType, TargetKind
from paramsync.core.reasons import Problem, Reason
from paramsync.core.secret_types import DEMANDS, own_keys, problems
from paramsync.core.shaping.naming import data_key
from paramsync.core.values import SecureValue

from .builders import (
    CONFIG_MAP,
    SECRET,
    SECURE_STRING,
    entry,
    origin,
    ours,
    parameter,
    planned,
    secret_content,
    secure,
    snapshot,
    spec,
    target,
)

TLS, BASIC_AUTH, SSH_AUTH, DOCKER = (
    SecretType.TLS,
    SecretType.BASIC_AUTH,
    SecretType.SSH_AUTH,
    SecretType.DOCKER_CONFIG_JSON,
)


def said(secret_type: SecretType, data: Mapping[str, bytes], path: str = "/prod/pay") -> list[Problem]:
    values = {key: SecureValue(value) for key, value in data.items()}
    entries = {key: entry(key, kind=SECURE_STRING) for key in data}
    content = secret_content(values, entries=entries, secret_type=secret_type)
    return list(problems(content, (origin(),), path))


@pytest.mark.parametrize("secret_type", SecretType)
def test_every_type_has_its_demands_and_their_keys_are_keys(secret_type: SecretType) -> None:
    assert secret_type in DEMANDS
    assert all(data_key(key) == key for key in own_keys(secret_type))


@pytest.mark.parametrize("secret_type", SecretType)
def test_no_type_is_a_token(secret_type: SecretType) -> None:
    assert "token" not in secret_type


@pytest.mark.parametrize(
    ("secret_type", "data", "says"),
    [
        (SecretType.OPAQUE, {}, []),
        (TLS, {"tls.crt": b"", "tls.key": b""}, []),
        (TLS, {"tls.key": b"x"}, ["no key tls.crt"]),
        (TLS, {"TLS_CRT": b"x", "tls.crt": b"x"}, ["no key tls.key"]),
        (TLS, {"ca.crt": b"x"}, ["no key tls.crt", "no key tls.key"]),
        (BASIC_AUTH, {"username": b""}, []),
        (BASIC_AUTH, {"password": b""}, []),
        (BASIC_AUTH, {"other": b"x"}, ["no key username or password"]),
        (SSH_AUTH, {"ssh-privatekey": b"x"}, []),
        (SSH_AUTH, {}, ["no key ssh-privatekey"]),
        (DOCKER, {".dockerconfigjson": b"{}"}, []),
        (DOCKER, {"dockerconfigjson": b"{}"}, ["no key .dockerconfigjson"]),
    ],
)
def test_the_missing_key_is_named(secret_type: SecretType, data: dict[str, bytes], says: list[str]) -> None:
    found = said(secret_type, data)
    assert [each.reason for each in found] == [Reason.KEY_MISSING] * len(says)
    for problem, words in zip(found, says, strict=True):
        assert problem.subject == "Secret app"
        assert f"{words}, which a Secret of type {secret_type} must have" in problem.message


@pytest.mark.parametrize(
    ("path", "name"), [("/prod/pay", "/prod/pay/tls.crt"), ("/", " /tls.crt")], ids=["a path", "the root"]
)
def test_it_says_which_parameter_would_give_the_key(path: str, name: str) -> None:
    (problem,) = said(TLS, {"tls.key": b"x"}, path)
    assert name in problem.message


@pytest.mark.parametrize(
    ("secret_type", "key", "value", "says"),
    [
        (SSH_AUTH, "ssh-privatekey", b"", "would hold no content"),
        (DOCKER, ".dockerconfigjson", b'{"hunter2":', "would hold no JSON object"),
    ],
)
def test_a_value_that_will_not_do_is_named_by_its_parameter(
    secret_type: SecretType, key: str, value: bytes, says: str
) -> None:
    (problem,) = said(secret_type, {key: value})
    assert (problem.reason, problem.subject) == (Reason.INVALID_VALUE, f"/prod/pay/{key}")
    assert says in problem.message
    assert "hunter2" not in problem.message


def test_a_value_of_an_unknown_parameter_is_named_by_its_key() -> None:
    content = secret_content(
        {".dockerconfigjson": SecureValue(b"x")}, entries={".dockerconfigjson": entry(source=9)}, secret_type=DOCKER
    )
    (problem,) = problems(content, (origin(),), "/prod/pay")
    assert problem.subject == "Secret app/.dockerconfigjson"


def test_a_parameter_that_is_named_like_a_key_of_the_type_gives_it_as_it_is() -> None:
    tls = [secure(f"/prod/pay/{name}") for name in ("tls.crt", "tls.key", "ca.crt", "tls.pem", "old/tls.crt")]
    plan = planned(snapshot(*tls), spec=spec(targets=[target(secret_type=TLS), target(name="opaque")]))
    assert plan.problems == ()
    assert {content.ref.name: sorted(content.data) for content in plan.contents} == {
        "app": ["OLD_TLS_CRT", "TLS_PEM", "ca.crt", "tls.crt", "tls.key"],
        "opaque": ["CA_CRT", "OLD_TLS_CRT", "TLS_CRT", "TLS_KEY", "TLS_PEM"],
    }


def test_a_key_whose_parameter_is_only_to_be_confirmed_is_not_said_to_be_missing() -> None:
    made = spec(targets=[target(secret_type=BASIC_AUTH)])
    found = replace(ours(data={}), type=BASIC_AUTH)
    plan = planned(snapshot(secure("/prod/pay/username"), settled=False), spec=made, live=[found])
    assert (plan.problems, plan.contents, plan.unsettled, plan.waits) == ((), (), True, True)


def test_nothing_is_written_anywhere_while_a_key_is_missing() -> None:
    made = spec(targets=[target(secret_type=TLS), target(TargetKind.CONFIG_MAP)])
    plan = planned(snapshot(parameter(), secure("/prod/pay/tls.crt")), spec=made)
    assert [(each.reason, each.subject) for each in plan.problems] == [(Reason.KEY_MISSING, "Secret app")]
    assert plan.contents == ()
    plan = planned(snapshot(parameter(), secure("/prod/pay/tls.crt"), secure("/prod/pay/tls.key")), spec=made)
    assert [content.ref for content in plan.contents] == [SECRET, CONFIG_MAP]
