"""Every way to AWS credentials works in the image, from which botocore's models were removed but for a few."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.aws.canned import CREDENTIALS_PATH, METADATA_PATH, Canned, run_canned
from tests.aws.errors import ACCOUNT
from tests.image.image import Image

HOME = "/home/paramsync"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/paramsync"
OTHER = "444455556666"
STATIC = "AKIA111122223333"
GIVEN = "ASIA"
"""How the keys begin that the server gives."""

KEYS = {"AWS_ACCESS_KEY_ID": STATIC, "AWS_SECRET_ACCESS_KEY": "dummy"}
IRSA = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{HOME}/token"}
STATIC_LINES = f"aws_access_key_id = {STATIC}\naws_secret_access_key = dummy\n"
SSO_SESSION = "people"
SSO_CACHE = ".aws/sso/cache"
SSO = f"""
[default]
sso_session = {SSO_SESSION}
sso_account_id = {ACCOUNT}
sso_role_name = reader
[sso-session {SSO_SESSION}]
sso_region = eu-west-1
sso_start_url = https://sso.example.com/start
"""

READ = f"""
import sys, time
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import Identity, Role, ServiceAccount
how = {{
    "own": {{}},
    "role": {{"role": Role("arn:aws:iam::{OTHER}:role/params", "external-1", (("team", "payments"),))}},
    "service-account": {{"service_account": ServiceAccount("payments", "reader", "arn:aws:iam::{OTHER}:role/reader")}},
}}[sys.argv[2]]
who, clients = Identity("eu-west-1", sys.argv[1], **how), Clients(1, lambda _: "token-of-a-tenant", time.monotonic)
print(clients.prepare(who))
clients.client(who).get_parameters_by_path(Path="/app")
clients.close()
"""


@dataclass(frozen=True)
class Way:
    """A way to credentials, and how it is seen that it was gone."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """`URL` stands for the server's."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Below the user's home."""
    store: str = "own"
    account: str = ACCOUNT
    key: str = GIVEN
    """How the key begins that SSM sees."""
    sts: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


WAYS = {
    "keys in the environment": Way(KEYS, key=STATIC, sts=("GetCallerIdentity",)),
    "IRSA": Way(IRSA, {"token": "token-1"}, sts=("AssumeRoleWithWebIdentity",)),
    "Pod Identity": Way(
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"URL{CREDENTIALS_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{HOME}/token",
        },
        {"token": "token-1"},
    ),
    "the instance's metadata": Way(
        {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "URL"},
        sts=("GetCallerIdentity",),
        asked=("PUT /latest/api/token", f"GET {METADATA_PATH}", f"GET {METADATA_PATH}node"),
    ),
    "the shared file of credentials": Way(
        files={".aws/credentials": f"[default]\n{STATIC_LINES}"}, key=STATIC, sts=("GetCallerIdentity",)
    ),
    "a profile of the configuration": Way(
        {"AWS_PROFILE": "ours"}, {".aws/config": f"[profile ours]\n{STATIC_LINES}"}, key=STATIC,
        sts=("GetCallerIdentity",),
    ),
    "a profile with a role": Way(
        {"AWS_PROFILE": "ours"},
        {".aws/config": f"[profile ours]\nrole_arn = {ROLE}\nsource_profile = keys\n[profile keys]\n{STATIC_LINES}"},
        sts=("AssumeRole",),
    ),
    "a profile with a token": Way(
        files={".aws/config": f"[default]\nrole_arn = {ROLE}\nweb_identity_token_file = {HOME}/token\n",
               "token": "token-1"},
        sts=("AssumeRoleWithWebIdentity",),
    ),
    "a profile with a program": Way(
        files={".aws/config": f"[default]\ncredential_process = python {HOME}/keys.py\n", "keys.py": f"""
import json
print(json.dumps({{"Version": 1, "AccessKeyId": "{STATIC}", "SecretAccessKey": "dummy"}}))
"""}, key=STATIC, sts=("GetCallerIdentity",),
    ),
    "single sign-on": Way(
        files={".aws/config": SSO}, asked=("POST /token", "GET /federation/credentials"),
    ),
    "a store's role": Way(KEYS, store="role", account=OTHER, sts=("AssumeRole",)),
    "a store's role, with IRSA": Way(
        IRSA, {"token": "token-1"}, "role", OTHER, sts=("AssumeRoleWithWebIdentity", "AssumeRole")
    ),
    "a service account": Way(store="service-account", account=OTHER, sts=("AssumeRoleWithWebIdentity",)),
}  # fmt: skip


@pytest.fixture
def aws() -> Iterator[Canned]:
    with run_canned() as running:
        yield running


@pytest.mark.parametrize("name", WAYS)
def test_credentials_are_had(name: str, image: Image, aws: Canned, tmp_path: Path) -> None:
    way = WAYS[name]
    assert read(image, aws, way, tmp_path / "home") == f"{way.account}\n"
    *sts, last = aws.calls
    assert tuple(call.action for call in sts) == way.sts
    assert (last.service, last.action) == ("ssm", "GetParametersByPath")
    assert last.access_key.startswith(way.key)
    assert tuple(aws.asked) == way.asked
    assert set(aws.authorizations) == ({"token-1"} if name == "Pod Identity" else set())


def read(image: Image, aws: Canned, way: Way, home: Path) -> str:
    """Read one page in a container; returns the account that is known then."""
    home.mkdir(mode=0o755)
    for path, content in {**way.files, **ended_token()}.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(content)
    (home / SSO_CACHE).chmod(0o777)  # single sign-on keeps the new token there
    endpoints = {f"AWS_ENDPOINT_URL_{service}": "URL" for service in ("STS", "SSO", "SSO_OIDC")}
    environment = {"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", **endpoints, **way.environment}
    variables = [f"--env={key}={text.replace('URL', aws.url)}" for key, text in environment.items()]
    options = ("--network", "host", "--http-proxy=false", f"--volume={home}:{HOME}", *variables)
    return image.python(READ, aws.url, way.store, options=options)


def ended_token() -> Mapping[str, str]:
    """What a person who has signed on has in a file; the token has ended, and another can be had for it."""
    now = datetime.now(UTC)
    token = {
        "startUrl": "https://sso.example.com/start", "region": "eu-west-1", "accessToken": "ended",
        "expiresAt": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", "refreshToken": "more", "clientId": "x",
        "clientSecret": "dummy", "registrationExpiresAt": f"{now + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    name = hashlib.sha1(SSO_SESSION.encode(), usedforsecurity=False).hexdigest()
    return {f"{SSO_CACHE}/{name}.json": json.dumps(token)}
