"""``paramsync tree``: what is below a path and where it would go, without a value and without decrypting."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from paramsync.cli.main import main
from paramsync.cli.tree import age
from tests.aws.emulator import Emulator
from tests.aws.errors import ACCOUNT, denied
from tests.aws.proxy import Proxy
from tests.edge.identities import ARN, OTHER_ACCOUNT, bare, static_keys

SECRET = "hunter2-and-more"
PATH = "/prod/pay"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy) -> None:
    bare(monkeypatch, tmp_path)
    static_keys(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", proxy.url)


@pytest.fixture
def filled(ssm: Emulator) -> Emulator:
    for account in (ACCOUNT, OTHER_ACCOUNT):
        ssm.put(f"{PATH}/db/host", "db.internal", account=account)
    ssm.put(f"{PATH}/db/password", SECRET, "SecureString")
    ssm.put(f"{PATH}/db/password", SECRET, "SecureString")
    ssm.put(f"{PATH}/zones", "a,b", "StringList")
    return ssm


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["tree", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert SECRET not in result.output
    assert "db.internal" not in result.output
    return result


def manifests(tmp_path: Path, **spec: object) -> str:
    documents = [
        {
            "kind": "ClusterParameterStore",
            "metadata": {"name": "default"},
            "spec": {"access": [{"namespaces": ["*"], "paths": [PATH]}]},
        },
        {
            "kind": "ParameterSync",
            "metadata": {"name": "app", "namespace": "payments"},
            "spec": {"sources": [{"path": PATH}], **spec},
        },
    ]
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all({"apiVersion": "paramsync.dev/v1alpha1", **each} for each in documents))
    return str(file)


def test_people_see_a_tree(filled: Emulator, proxy: Proxy) -> None:
    result = run(PATH)
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head == f"{PATH} in eu-west-1 of account {ACCOUNT}: 3 parameters"
    assert lines[0].split() == ["PARAMETER", "TYPE", "VERSION", "AGE"]
    assert [line.split()[:-1] for line in lines[2:]] == [
        ["│", "├──", "host", "String", "1"],
        ["│", "└──", "password", "SecureString", "2"],
        ["└──", "zones", "StringList", "1"],
    ]
    assert all(call.body["WithDecryption"] is False for call in proxy.calls("GetParametersByPath"))
    assert proxy.calls("GetParameters") == []
    filled.put(f"{PATH}/zzz/deep", "x")
    assert "    └── deep " in run(PATH).stdout, "below the last branch nothing but spaces stands before"


def test_programs_get_names_types_versions_and_dates(filled: Emulator) -> None:
    (found,) = json.loads(run(PATH, "-o", "json").stdout)["subtrees"]
    assert (found["path"], found["region"], found["account"], found["label"]) == (PATH, "eu-west-1", ACCOUNT, None)
    assert [(each["name"], each["type"], each["version"]) for each in found["parameters"]] == [
        (f"{PATH}/db/host", "String", 1),
        (f"{PATH}/db/password", "SecureString", 2),
        (f"{PATH}/zones", "StringList", 1),
    ]
    assert set(found["parameters"][0]) == {"name", "type", "version", "modified"}


def test_it_reads_one_level_elsewhere_and_as_a_role(filled: Emulator, proxy: Proxy) -> None:
    assert "1 parameter\n" in run(PATH, "--no-recursive").stdout
    other = run(PATH, "--role-arn", ARN, "--external-id", "tenant-7f3a", "--region", "eu-west-1")
    assert f"of account {OTHER_ACCOUNT}: 1 parameter" in other.stdout
    (call,) = proxy.calls("AssumeRole")
    assert (call.body["ExternalId"], call.body["RoleSessionName"]) == ("tenant-7f3a", "paramsync-cli")


def test_where_nothing_is_it_says_what_to_look_at(filled: Emulator, tmp_path: Path) -> None:
    result = run("/prod/none")
    assert (result.exit_code, result.stdout) == (0, f"/prod/none in eu-west-1 of account {ACCOUNT}: 0 parameters\n")
    hint = "NoParameters: There are no parameters below {}. Check the path, the store's Region and account, and create"
    assert result.stderr.startswith(hint.format("/prod/none"))
    labelled = run(PATH, "--label", "live", "-o", "json")
    assert "with a version that is labelled live. Check the path" in labelled.stderr
    assert json.loads(labelled.stdout)["subtrees"][0]["account"] == ACCOUNT
    file = manifests(tmp_path)
    assert run("-f", file).stderr == ""
    assert "Nothing of what the syncs list is at or below /prod/none" in run("/prod/none", "-f", file).stderr


def test_a_label_is_asked_for(filled: Emulator, proxy: Proxy) -> None:
    run(PATH, "--label", "live")
    (call,) = proxy.calls("GetParametersByPath")
    assert call.body["ParameterFilters"] == [{"Key": "Label", "Option": "Equals", "Values": ["live"]}]


def test_with_syncs_it_says_where_everything_goes(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    file = manifests(tmp_path, targets=[{"kind": "Secret", "types": ["SecureString"]}])
    shown = run("-f", file).stdout
    assert "GOES TO" in shown
    assert "Secret app DB_PASSWORD" in shown
    (found,) = json.loads(run("-f", file, "-o", "json").stdout)["subtrees"]
    goes = {each["name"]: (each["goesTo"], each["nowhere"]) for each in found["parameters"]}
    assert goes[f"{PATH}/db/password"] == (
        [{"sync": "payments/app", "kind": "Secret", "target": "app", "key": "DB_PASSWORD"}],
        [],
    )
    assert goes[f"{PATH}/db/host"] == ([], [{"sync": "payments/app", "why": "no target takes it"}])
    (part,) = json.loads(run(f"{PATH}/db", "-f", file, "-o", "json").stdout)["subtrees"]
    assert [each["name"] for each in part["parameters"]] == [f"{PATH}/db/host", f"{PATH}/db/password"]
    assert all(call.body["WithDecryption"] is False for call in proxy.calls("GetParametersByPath"))


def test_a_store_that_nobody_knows_is_said_to_be_read_as_oneself(filled: Emulator, tmp_path: Path) -> None:
    file = manifests(tmp_path, storeRef={"name": "other"})
    assert "StoreNotFound: ClusterParameterStore other is in none of the files: give it" in run("-f", file).stderr
    result = run("-f", file, "--as-me")
    assert result.stderr.startswith("StoreNotFound: ClusterParameterStore other is in none of the files: its path is")
    assert (result.exit_code, "Secret app DB_PASSWORD" in result.stdout) == (0, True)


def test_what_cannot_be_read_is_told_and_ends_it_with_1(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    refused = run("-f", manifests(tmp_path, sources=[{"path": "/prod/other"}]))
    assert (refused.exit_code, "NotAllowed" in refused.stderr) == (1, True)
    proxy.add(denied(), action="GetParametersByPath")
    result = run(PATH)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"AccessDenied: AWS denies ssm:GetParametersByPath on {PATH}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give a path"),
        (("prod/pay",), "absolute path"),
        ((f"{PATH}/",), "without a trailing slash"),
        (("-f", "-", "--region", "eu-west-1"), "leave the other options out"),
        (("-f", "-", "--no-recursive"), "leave the other options out"),
    ],
)
def test_it_says_what_to_write(arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, says in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86400, "1d"), (40 * 86400, "40d")],
)
def test_an_age_has_one_unit(seconds: float, told: str) -> None:
    assert age(seconds) == told
