"""Which plain parameters look like credentials, by name or by value; the note never holds the value."""

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.contract import Contract
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Parameter
from paramsync.core.reasons import Problem, Reason
from paramsync.core.shaping.derived import Derived
from paramsync.core.suspicion import looks_secret
from paramsync.core.values import Decoded, Sealed

from .builders import STRING_LIST, parameter, planned, secure, selected, snapshot, spec

NAMES = {
    "a password": [
        "password",
        "db/password",
        "dbPassword",
        "DB_PASSWORD",
        "db-password",
        "db.passwd",
        "pwd",
        "password1",
        "PASSWORD",
        "DBPassword",
        "password/old",
        "passwords/alice",
        "ssh/passphrase",
        "passwordProd",
    ],
    "a secret": ["secret", "oauth/clientSecret", "webhook_secret", "secrets/stripe", "jwt.secret"],
    "a token": ["token", "github-token", "OAuthToken", "api/tokens", "tokenGithub"],
    "credentials": ["credentials", "db/creds", "googleCredentials"],
    "an API key": ["apiKey", "api_key", "APIKey", "stripe/api-key", "apikey", "API_KEYS"],
    "a private key": ["private-key", "privateKey", "tls/private_key", "privatekey"],
    "a key": ["accessKey", "aws_secret_access_key", "signing-key"],
    "a connection string": ["connectionString", "db/connection-string", "ConnectionStrings/Main"],
}

PLAIN_NAMES = [
    "host",
    "db/host",
    "tokenizer",
    "passwordless",
    "secretary",
    "compassword",
    "bypass",
    "key",
    "keyboard/layout",
    "public-key",
    "primary_key",
    "api/keyboard",
    "string/connection",
    "connection/string",
    "api/key-count",
    "token-ttl",
    "token/ttl",
    "tokenUrl",
    "password/min-length",
    "passwordPolicy",
    "password_reset_url",
    "secret-name",
    "secretArn",
    "access-key-id",
    "max-tokens",
    "maxTokens",
    "requirePassword",
    "tokens-per-minute",
    "tokens-per-minute-2",
    "secrets/db/host",
    "credentials/provider",
    "...",
    "a/..b/-",
    "123",
]

URL = "a URL with a password"
VALUES = {
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----": "a private key (PEM)",
    "-----BEGIN PRIVATE KEY-----\nMIIE": "a private key (PEM)",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl": "a private key (PEM)",
    "AKIAIOSFODNN7EXAMPLE": "an AWS access key id",
    '{"id": "ASIAIOSFODNN7EXAMPLE"}': "an AWS access key id",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl": "a JSON Web Token",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.": "a JSON Web Token",
    "postgres://app:hunter2@db.internal/app": URL,
    "redis://:hunter2@cache:6379/0": URL,
    "hosts: http://a.internal http://u:p@b.internal": URL,
    "ghp_" + "a1B2" * 9: "a token of GitHub",
    "github_pat_" + "a1B2" * 20: "a token of GitHub",
    "glpat-" + "a1B2_" * 4: "a token of GitLab",
    "xoxb-" + "1234567890-1234567890-abc": "a token of Slack",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX": "a webhook of Slack",
    "sk_live_" + "a1B2" * 6: "a key of Stripe",
    "AIza" + "a1B2_" * 7: "an API key of Google",
    "npm_" + "a1B2" * 9: "a token of npm",
    "hvs." + "a1B2" * 8: "a token of Vault",
    "SG." + "a" * 22 + "." + "b" * 43: "an API key of SendGrid",
}

PLAIN_VALUES = [
    "",
    "db.internal",
    "https://db.internal:5432/app",
    "https://user@db.internal/app",
    "postgres://app:${DB_PASSWORD}@db.internal/app",
    "postgres://app:{{password}}@db.internal/app",
    "postgres://app:<password>@db.internal/app",
    "postgres://app:***@db.internal/app",
    "http://a:80/x@b",
    "http://a:80 x@b",
    "mail me@example.com: http://example.com:8080",
    "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIE",
    "AKIA",
    "AKIAIOSFODNN7EXAMPLEX",
    "AKIAiosfodnn7example",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJIUzI1NiJ9.c2ln.c2ln",
    "ghp_short",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
    "xoxo, with love from the team",
    "SG.Singapore.and.so.on.and.on",
    "npm_config_registry",
]


def winners(*parameters: Parameter) -> Mapping[str, Selected]:
    return {each.relative: each for each in map(selected, parameters)}


def found(name: str, value: str, *plain: str) -> tuple[Problem, ...]:
    return looks_secret(winners(parameter(f"/prod/pay/{name}", value)), plain)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for kind, names in NAMES.items() for name in names])
def test_a_name_that_says_so(name: str, kind: str) -> None:
    (problem,) = found(name, "x1")
    assert (problem.reason, problem.subject) == (Reason.LOOKS_SECRET, f"/prod/pay/{name}")
    assert problem.message.startswith(
        f"Parameter /prod/pay/{name} is a String, and its name looks like that of {kind}:"
    )


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_name_that_does_not(name: str) -> None:
    assert found(name, "x1") == ()


@pytest.mark.parametrize(("value", "kind"), VALUES.items())
def test_a_value_that_looks_so(value: str, kind: str) -> None:
    (problem,) = found("host", value)
    assert f" is a String, and its value looks like {kind}: " in problem.message
    assert value not in repr(problem)


@pytest.mark.parametrize("value", PLAIN_VALUES)
def test_a_value_that_does_not(value: str) -> None:
    assert found("host", value) == ()


@pytest.mark.parametrize("value", ["", " ", "true", "False", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db"])
def test_a_name_says_nothing_of_what_is_no_credential(value: str) -> None:
    assert found("db/password", value) == ()


def test_the_message_says_what_to_do_and_holds_no_value() -> None:
    (problem,) = found("db/password", "hunter2")
    assert "Store it as a SecureString" in problem.message
    assert problem.message.endswith("list it under contract.plain: db/password")
    assert "hunter2" not in repr(problem)


@given(st.text(min_size=9).filter(lambda text: "password" not in text))
def test_no_value_is_ever_in_a_message(value: str) -> None:
    (shown,) = found("password", f"zq{value}") or [None]
    assert shown is None or f"zq{value}" not in repr(shown)


@pytest.mark.parametrize("glob", ["db/password", "**/password", "db/*", "**"])
def test_it_is_turned_off_by_name(glob: str) -> None:
    assert found("db/password", "hunter2", "other", glob) == ()
    assert found("db/password", "AKIAIOSFODNN7EXAMPLE", glob) == ()
    assert len(found("db/password", "hunter2", "password")) == 1


def test_secure_strings_are_not_looked_at() -> None:
    made = winners(secure("/prod/pay/password", "AKIAIOSFODNN7EXAMPLE"), secure("/prod/pay/token", None))
    assert looks_secret(made, ()) == ()


def test_a_value_that_cannot_be_had_is_no_suspicion() -> None:
    stamp = parameter("/prod/pay/password").stamp
    assert looks_secret(winners(Parameter(stamp, Sealed(Reason.INVALID_VALUE, "no Unicode"))), ()) == ()


def test_what_is_made_of_a_plain_value_is_looked_at() -> None:
    stored = parameter("/prod/pay/app", "…", kind=STRING_LIST)
    field = Selected("app/db/password", stored, 0, "app", Derived(("expand",), "hunter2"))
    decoded = Selected("cert", stored, 0, "app", Derived(("decode",), Decoded(b"-----BEGIN EC PRIVATE KEY-----\n\xff")))
    first, second = looks_secret({each.relative: each for each in (field, decoded)}, ())
    assert first.message.startswith("Parameter /prod/pay/app (its field app/db/password) is a StringList, and its name")
    assert "its value looks like a private key (PEM)" in second.message


HOSTILE = [
    "eyJ" * 2700,
    "eyJa.eyJ" + "a" * 8000,
    "://" * 2700,
    "://a:" * 1600,
    "://" + ":" * 8000,
    "://a:" + "b" * 8000,
    "-----BEGIN " * 700 + "PRIVATE KEY-----",
    "SG." * 2700,
    " " * 8000 + "eyJ",
    "hooks.slack.com/services/T" + "a" * 8000,
    "AKIAeyJ://a:ghp_xoxb-SG.hvs.npm_" * 250,
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_value_takes_long(value: str) -> None:
    began = time.process_time()
    for _ in range(100):
        found("host", value)
    assert time.process_time() - began < 0.5


def test_of_a_long_value_the_beginning_is_looked_at() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    assert len(found("host", f"{'x' * 1003} {key}")) == 1
    assert found("host", f"{'x' * 1023} {key}") == ()


def test_no_name_takes_long() -> None:
    began = time.process_time()
    for name in ("A" * 1000 + "key", "key" * 330, "aA" * 500 + "key", "/".join(["password-x"] * 90 + ["ttl"])):
        for _ in range(10):
            found(name, "x1")
    assert time.process_time() - began < 0.5


def test_two_thousand_parameters_take_next_to_no_time() -> None:
    made = winners(
        *(
            parameter(f"/prod/pay/service-{number}/database/primaryHost", f"https://db-{number}.example.com:5432/app")
            for number in range(2000)
        )
    )
    began = time.process_time()
    assert looks_secret(made, ()) == ()
    # 5 ms where nothing else runs.
    assert time.process_time() - began < 0.1


def test_a_plan_tells_it_and_moves_nothing() -> None:
    listed = snapshot(parameter("/prod/pay/password", "hunter2"), secure("/prod/pay/token"))
    told = planned(listed)
    assert [(each.reason, each.subject) for each in told.notes] == [(Reason.LOOKS_SECRET, "/prod/pay/password")]
    assert [dict(each.data).keys() for each in told.contents] == [{"TOKEN"}, {"PASSWORD"}]
    quiet = planned(listed, spec=spec("/prod/pay").model_copy(update={"contract": Contract(plain=("password",))}))
    assert quiet.notes == ()
    assert quiet.contents == told.contents
