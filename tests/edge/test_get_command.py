"""``paramsync get``: values, for those who say that they want to see them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paramsync.cli.main import main
from tests.aws import errors
from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.edge.identities import ARN, OTHER_ACCOUNT, bare, static_keys

SECRET = "hunter2-ü\nand more"
PATH = "/prod/pay"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy) -> None:
    bare(monkeypatch, tmp_path)
    static_keys(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", proxy.url)


@pytest.fixture
def filled(ssm: Emulator) -> Emulator:
    ssm.put(f"{PATH}/host", "db.internal")
    ssm.put(f"{PATH}/host", "theirs", account=OTHER_ACCOUNT)
    ssm.put(f"{PATH}/db/password", SECRET, "SecureString")
    return ssm


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["get", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("name", [f"{PATH}/db/password", f"{PATH}/"])
def test_without_show_nothing_is_even_asked_for(filled: Emulator, proxy: Proxy, name: str) -> None:
    result = run(name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"write paramsync get --show {name}; paramsync tree shows all the rest" in result.stderr
    assert proxy.calls() == []


def test_one_value_is_written_as_it_is(filled: Emulator, proxy: Proxy) -> None:
    assert run("--show", f"{PATH}/host").stdout == "db.internal\n"
    result = run("--show", f"{PATH}/db/password")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{SECRET}\n", "")
    assert [call.body["Names"] for call in proxy.calls("GetParameters")] == [[f"{PATH}/host"], [f"{PATH}/db/password"]]
    assert run("--show", f"{PATH}/host", "--role-arn", ARN).stdout == "theirs\n"


def test_programs_get_the_version_with_it(filled: Emulator) -> None:
    (found,) = json.loads(run("--show", f"{PATH}/db/password", "-o", "json").stdout)["parameters"]
    assert found.pop("modified")
    assert found == {"name": f"{PATH}/db/password", "type": "SecureString", "version": 1, "value": SECRET}


def test_all_below_a_path_is_a_table_of_one_line_each(filled: Emulator) -> None:
    result = run("--show", f"{PATH}/")
    assert [line.split(maxsplit=3) for line in result.stdout.splitlines()] == [
        ["PARAMETER", "TYPE", "VERSION", "VALUE"],
        [f"{PATH}/db/password", "SecureString", "1", json.dumps(SECRET)],
        [f"{PATH}/host", "String", "1", "db.internal"],
    ]
    found = json.loads(run("--show", f"{PATH}/", "-o", "json").stdout)["parameters"]
    assert [each["value"] for each in found] == [SECRET, "db.internal"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            errors.expired_token(),
            "credentials of the environment (ExpiredTokenException); log in anew, for instance with",
        ),
        (errors.kms_denied(), "allow it for the role of the environment's credentials"),
        (errors.throttled(), "try again later, or with a lower --requests-per-second"),
    ],
)
def test_what_is_wrong_is_told_to_a_person(
    filled: Emulator, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, fault: errors.AwsError, told: str
) -> None:
    monkeypatch.setattr("paramsync.runtime.feeds.reading.LONGEST_PAUSE", 0.01)
    monkeypatch.setattr("paramsync.runtime.feeds.reading.NEW_CREDENTIALS", 0.01)
    proxy.add(fault)
    result = run("--show", f"{PATH}/db/password")
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert "operator" not in result.stderr


def test_what_is_not_there_says_what_to_write(filled: Emulator) -> None:
    result = run("--show", PATH)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there is no parameter {PATH} in eu-west-1; for all that is below it, write {PATH}/" in result.stderr
    assert "no parameter below /prod/none" in run("--show", "/prod/none/").stderr
    assert "with label live" in run("--show", f"{PATH}/host", "--label", "live").stderr
    assert "absolute path" in run("--show", "prod").stderr


def test_what_cannot_be_decrypted_is_told_and_the_rest_is_shown(filled: Emulator, proxy: Proxy) -> None:
    proxy.add(errors.kms_denied(), path=f"{PATH}/db/password")
    proxy.add(errors.kms_denied(), action="GetParametersByPath", times=1)
    alone = run("--show", f"{PATH}/db/password")
    assert (alone.exit_code, alone.stdout, "kms:Decrypt" in alone.stderr) == (1, "", True)
    result = run("--show", f"{PATH}/")
    assert (result.exit_code, "db.internal" in result.stdout) == (1, True)
    assert f"DecryptionFailed: Parameter {PATH}/db/password cannot be decrypted" in result.stderr
    assert SECRET not in alone.output + result.output


def test_a_throttled_request_is_sent_again(filled: Emulator, proxy: Proxy) -> None:
    proxy.add(errors.throttled(), action="GetParameters", times=1)
    assert run("--show", f"{PATH}/host").stdout == "db.internal\n"


def test_a_missing_right_is_named(filled: Emulator, proxy: Proxy) -> None:
    proxy.add(errors.denied(), action="GetParameters")
    result = run("--show", f"{PATH}/host")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: AWS denies ssm:GetParameters; allow it on parameter{PATH}/host\n"
