"""``paramsync iam-policy``: what it prints is enough for what the operator calls, and nothing of it is too much."""

import asyncio
import copy
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from paramsync.aws.budget import Budgets
from paramsync.aws.errors import SourceError
from paramsync.aws.identities.clients import Clients
from paramsync.cli.main import main
from paramsync.cli.manifests import read
from paramsync.cli.syncs import given, stated
from paramsync.core.known import Known
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Problem
from paramsync.core.want import Want
from paramsync.runtime.feeds.look import Look
from paramsync.runtime.feeds.needs import Need
from paramsync.runtime.feeds.reading import Reader
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.preview.answering import needs
from paramsync.runtime.preview.stores import StoreFinder
from paramsync.runtime.settings import Settings
from paramsync.runtime.steady import steady_clock
from paramsync.runtime.threads import Threads
from tests.aws.emulator import Emulator
from tests.aws.errors import ACCOUNT
from tests.aws.iam import Iam, token
from tests.aws.names import ParameterType
from tests.aws.proxy import Proxy
from tests.edge.identities import ARN, FIRST_ARN, OTHER_ACCOUNT, REGION, bare
from tests.running.objects import Json

OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/paramsync"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
TEAM_ARN = f"arn:aws:iam::{OTHER_ACCOUNT}:role/team"
ACCESS = [{"namespaces": ["*"], "paths": ["/"]}]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy) -> None:
    bare(monkeypatch, tmp_path)
    token_file = tmp_path / "token"
    token_file.write_text(token(ISSUER, "paramsync", "paramsync"))
    monkeypatch.setenv("AWS_ROLE_ARN", OPERATOR)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", proxy.url)


def made(
    kind: str, name: str, spec: Json | None = None, version: str = "paramsync.dev/v1alpha1", **metadata: object
) -> Json:
    found: Json = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "payments", **metadata}}
    return found if spec is None else {**found, "spec": spec}


def sync(
    name: str, *sources: Json, kind: str = "ClusterParameterStore", store: str = "default", **spec: object
) -> Json:
    return made("ParameterSync", name, {"sources": list(sources), "storeRef": {"kind": kind, "name": store}, **spec})


STORES = (
    made("ClusterParameterStore", "default", {"access": ACCESS}),
    made(
        "ClusterParameterStore",
        "team",
        {"access": ACCESS, "roleArn": ARN, "externalId": "tenant-7f3a", "sessionTags": {"team": "payments"}},
    ),
    made("ServiceAccount", "reader", None, "v1", annotations={"eks.amazonaws.com/role-arn": FIRST_ARN}),
    made("ParameterStore", "own", {"serviceAccountRef": {"name": "reader"}}),
    made("ParameterStore", "next", {"serviceAccountRef": {"name": "reader"}, "roleArn": TEAM_ARN}),
)
SYNCS = (
    sync("app", {"path": "/prod/pay"}, {"path": "/shared", "include": ["db/**", "**/token"], "exclude": ["db/x"]}),
    sync("plain", {"path": "/plain"}, targets=[{"kind": "ConfigMap"}]),
    sync("team", {"path": "/teams/pay"}, store="team"),
    sync("own", {"path": "/own", "recursive": False}, kind="ParameterStore", store="own"),
    sync("next", {"path": "/next"}, kind="ParameterStore", store="next"),
)
PARAMETERS: Sequence[tuple[str, str, ParameterType]] = (
    (ACCOUNT, "/prod/pay/password", "SecureString"),
    (ACCOUNT, "/shared/db/password", "SecureString"),
    (ACCOUNT, "/shared/a/b/token", "SecureString"),
    (ACCOUNT, "/shared/token", "SecureString"),
    (ACCOUNT, "/shared/other/secret", "SecureString"),
    (ACCOUNT, "/plain/host", "String"),
    (ACCOUNT, "/plain/secret", "SecureString"),
    (OTHER_ACCOUNT, "/teams/pay/password", "SecureString"),
    (OTHER_ACCOUNT, "/own/password", "SecureString"),
    (OTHER_ACCOUNT, "/next/password", "SecureString"),
)


def run(tmp_path: Path, documents: Sequence[Json], *more: str, form: str = "json") -> Result:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    result = CliRunner().invoke(main, ["iam-policy", "-f", str(file), "-o", form, *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def policies(tmp_path: Path, *more: str) -> dict[str, tuple[Json, Json]]:
    options = ("--operator-role", OPERATOR, "--oidc-provider", f"https://{ISSUER}", *more)
    result = run(tmp_path, [*STORES, *SYNCS], *options)
    assert (result.exit_code, result.stderr) == (0, "")
    return {each["role"]: (each["policy"], each["trust"]) for each in json.loads(result.stdout)["roles"]}


@pytest.fixture
def filled(ssm: Emulator) -> Emulator:
    for account, name, kind in PARAMETERS:
        ssm.put(name, "one", kind, account=account)
    return ssm


def look_on(file: Path, ssm: Emulator) -> list[Snapshot | SourceError]:
    """What feeds of these syncs do: a first listing, and further ones after everything has changed."""
    aws = Clients(4, lambda account: token(ISSUER, account.namespace, account.name))
    manifests = read([file])
    finder = StoreFinder(given(manifests, Settings(stores={}), "payments"), None, aws.own_region, as_me=False)
    found = [need for asked in stated(manifests, None, "payments") for need in needs(asked, finder)]
    assert not [need for need in found if isinstance(need, Problem)]
    try:
        return asyncio.run(_look_on(aws, [need for need in found if isinstance(need, Need)], ssm))
    finally:
        aws.close()


async def _look_on(aws: Clients, wanted: Sequence[Need], ssm: Emulator) -> list[Snapshot | SourceError]:
    pool = Threads("aws", 4)
    reader = Reader(aws, Budgets(lambda _account, _region: 1000), pool, Metrics())
    try:
        before: list[Known | SourceError | None] = [None] * len(wanted)
        for number in range(3):  # at first, after a change, and when that has settled
            before = [await _look(reader, need, each, 60.0 * number) for need, each in zip(wanted, before, strict=True)]
            if number == 0:
                for account, name, kind in PARAMETERS:
                    await asyncio.to_thread(ssm.put, name, "two", kind, account=account)
        return [each.snapshot if isinstance(each, Known) else each for each in before if each is not None]
    finally:
        pool.close()


async def _look(reader: Reader, need: Need, before: Known | SourceError | None, moment: float) -> Known | SourceError:
    if isinstance(before, SourceError):
        return before
    look = Look(reader, need.subtree, steady_clock(), lambda: moment, lambda _bytes: None, lambda: True)
    try:
        return await look.at(before, Want.of([need.selection]), relist=True)
    except SourceError as error:
        return error


def enforced(proxy: Proxy, roles: dict[str, tuple[Json, Json]]) -> Iam:
    iam = Iam(roles)
    proxy.add(iam)
    return iam


def test_what_it_prints_is_enough(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    roles = policies(tmp_path)
    iam = enforced(proxy, roles)
    found = look_on(tmp_path / "app.yaml", filled)
    assert iam.denials == []
    snapshots = [each for each in found if isinstance(each, Snapshot)]
    assert len(snapshots) == len(found) == 6
    names = {name for each in snapshots for name in each.parameters}
    assert names == {name for _, name, _ in PARAMETERS}
    assert {need.action for need in iam.asked} == {
        "ssm:GetParametersByPath", "ssm:GetParameters", "kms:Decrypt", "sts:AssumeRole", "sts:TagSession",
        "sts:AssumeRoleWithWebIdentity",
    }  # fmt: skip


def test_no_statement_is_too_much(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    roles = policies(tmp_path)
    statements = [
        (role, which, index)
        for role, both in roles.items()
        for which in (0, 1)
        for index in range(len(both[which]["Statement"]))
    ]
    assert len(statements) == 5 + 1 + 3 + 2 + 4 + 1 + 3 + 1, "of permissions and of trust, by role"
    iam = enforced(proxy, roles)
    look_on(tmp_path / "app.yaml", filled)
    for role, which, index in statements:
        less = copy.deepcopy(roles)
        removed = less[role][which]["Statement"].pop(index)
        assert not all(need.is_met_by(less) for need in iam.asked), removed


def test_no_resource_is_too_much(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    """Each literal path and each pattern is needed for something that the operator calls."""
    roles = policies(tmp_path)
    iam = enforced(proxy, roles)
    look_on(tmp_path / "app.yaml", filled)
    used = {need.resource for need in iam.asked if need.action == "ssm:GetParameters"}
    (opened,) = [each for each in roles[OPERATOR][0]["Statement"] if each["Action"] == "ssm:GetParameters"]
    arn = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter"
    assert opened["Resource"] == [
        f"{arn}/prod/pay/*", f"{arn}/shared/*/token", f"{arn}/shared/db", f"{arn}/shared/db/*", f"{arn}/shared/token"
    ]  # fmt: skip
    assert {name for name in used if ACCOUNT in name} == {
        f"{arn}/prod/pay/password", f"{arn}/shared/db/password", f"{arn}/shared/a/b/token", f"{arn}/shared/token"
    }  # fmt: skip


def test_the_policy_of_the_operator_is_what_the_page_says(tmp_path: Path) -> None:
    permissions, trusted = policies(tmp_path)[OPERATOR]
    arn = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter"
    listing, opening, decrypting, assuming, tagging = permissions["Statement"]
    assert listing["Resource"] == [f"{arn}/plain", f"{arn}/prod/pay", f"{arn}/shared"]
    assert decrypting["Resource"] == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"
    assert decrypting["Condition"] == {
        "StringEquals": {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": opening["Resource"]},
    }
    assert (assuming["Resource"], tagging["Resource"]) == (ARN, ARN)
    (statement,) = trusted["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": "system:serviceaccount:paramsync:paramsync",
        }
    }


def statements(found: dict[str, tuple[Json, Json]], role: str, which: int) -> list[Json]:
    return [dict(each) for each in found[role][which]["Statement"]]


def test_with_pod_identity_its_tags_may_go_along(tmp_path: Path) -> None:
    found = policies(tmp_path, "--pod-identity", "--service-account", "ops/sync")
    (own,) = statements(found, OPERATOR, 1)
    assert (own["Principal"], own["Action"]) == (
        {"Service": "pods.eks.amazonaws.com"},
        ["sts:AssumeRole", "sts:TagSession"],
    )
    assume, tag = statements(found, ARN, 1)
    assert assume["Condition"] == {"StringEquals": {"sts:ExternalId": "tenant-7f3a"}}
    assert (tag["Action"], "Condition" in tag) == ("sts:TagSession", False)
    (reader,) = statements(found, FIRST_ARN, 1)
    assert reader["Condition"]["StringEquals"][f"{ISSUER}:sub"] == "system:serviceaccount:payments:reader"


def test_keys_can_be_named_or_be_those_of_aws(tmp_path: Path) -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    def used(*more: str) -> list[str]:
        found = statements(policies(tmp_path, *more), OPERATOR, 0)
        return [each["Resource"] for each in found if each["Action"] == "kms:Decrypt"]

    assert used("--kms-key", key) == used("--kms-key", key, "--kms-key", "aws/ssm") == [key]
    assert used("--kms-key", "aws/ssm") == []


def test_what_is_not_known_is_said_and_not_made_up(tmp_path: Path) -> None:
    result = run(tmp_path, [*STORES, *SYNCS])
    assert result.exit_code == 0
    found = {each["role"]: each for each in json.loads(result.stdout)["roles"]}
    assert found[None]["policy"]["Statement"][0]["Resource"][0] == "arn:aws:ssm:eu-west-1:*:parameter/plain"
    assert [found[role]["trust"] for role in (None, ARN, FIRST_ARN)] == [None] * 3
    assert found[TEAM_ARN]["trust"]["Statement"][0]["Principal"] == {"AWS": FIRST_ARN}
    assert result.stderr.splitlines() == [
        "note: no trust policy of the operator's role without the cluster's OIDC issuer (--oidc-provider)",
        f"note: no trust policy of {ARN} without the operator's role (--operator-role)",
        f"note: no trust policy of {FIRST_ARN} without the cluster's OIDC issuer (--oidc-provider)",
    ]


def test_the_operators_role_is_found_where_it_is_annotated(tmp_path: Path) -> None:
    annotations = {"eks.amazonaws.com/role-arn": OPERATOR}
    account = made("ServiceAccount", "paramsync", None, "v1", annotations=annotations, namespace="paramsync")
    result = run(tmp_path, [account, *STORES, *SYNCS])
    assert [each["role"] for each in json.loads(result.stdout)["roles"]] == [OPERATOR, ARN, FIRST_ARN, TEAM_ARN]


def test_a_sync_that_cannot_be_carried_out_ends_it_with_1(tmp_path: Path) -> None:
    bad = sync("bad", {"path": "/prod/pay"}, store="missing")
    result = run(tmp_path, [*STORES, bad, SYNCS[1]])
    assert result.exit_code == 1
    assert (
        "StoreNotFound: ParameterSync payments/bad: ClusterParameterStore missing is in none of the files"
        in result.stderr
    )
    assert len(json.loads(result.stdout)["roles"]) == 1


def test_people_see_each_policy_under_its_role(tmp_path: Path) -> None:
    result = run(tmp_path, [*STORES, *SYNCS], "--operator-role", OPERATOR, "--oidc-provider", ISSUER, form="table")
    parts = result.stdout.split("# ")[1:]
    assert [part.partition("\n")[0] for part in parts] == [
        f"The {what} of {role}" for role in (OPERATOR, ARN, FIRST_ARN, TEAM_ARN) for what in ("policy", "trust policy")
    ]
    for part in parts:
        assert json.loads(part.partition("\n")[2])["Version"] == "2012-10-17"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--operator-role", "paramsync"), "ARN of an IAM role"),
        (("--oidc-provider", "a b"), "issuer's URL"),
        (("--kms-key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/app"), "not of an alias"),
        (("--service-account", "paramsync"), "NAMESPACE/NAME"),
    ],
)
def test_options_say_what_to_write(tmp_path: Path, more: tuple[str, str], says: str) -> None:
    result = run(tmp_path, [*STORES, *SYNCS], *more)
    assert (result.exit_code, says in result.stderr) == (1, True), result.stderr


def test_a_policy_that_no_managed_policy_holds_is_told(tmp_path: Path) -> None:
    many = [sync(f"app-{number}", {"path": f"/teams/team-{number}/application"}) for number in range(60)]
    result = run(tmp_path, [*STORES, *many])
    assert "6,144 characters" in result.stderr
