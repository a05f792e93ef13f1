"""``paramsync plan`` from AWS alone: what would be created, in which types, and how it ends."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from paramsync.aws.identities.clients import READ_TIMEOUT
from paramsync.cli.main import main
from tests.aws import errors, faults
from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.running.objects import Json

SECRET = "hunter2-and-more"
PATH = "/prod/pay"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{errors.ACCOUNT}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
    monkeypatch.setenv("AWS_ACCOUNT_ID", errors.ACCOUNT)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def store(proxy: Proxy, **more: object) -> Json:
    access = [{"namespaces": ["payments"], "paths": [PATH]}]
    spec = {"region": "eu-west-1", "endpoint": proxy.url, "access": access, **more}
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ClusterParameterStore",
        "metadata": {"name": "default"},
        "spec": spec,
    }


def sync(name: str = "app", namespace: str = "payments", path: str = PATH, **spec: object) -> Json:
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"sources": [{"path": path}], **spec},
    }


def run(tmp_path: Path, *documents: Json, form: str = "json", more: tuple[str, ...] = ()) -> Result:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    result = CliRunner().invoke(main, ["plan", "-f", str(file), "-o", form, *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def only(result: Result) -> Json:
    (found,) = json.loads(result.stdout)["syncs"]
    return dict(found)


@pytest.fixture
def filled(ssm: Emulator) -> Emulator:
    ssm.put(f"{PATH}/db/host", "db.internal")
    ssm.put(f"{PATH}/db/password", SECRET, "SecureString")
    ssm.put(f"{PATH}/zones", "a,b", "StringList")
    return ssm


def test_every_key_is_new_and_has_its_type(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    result = run(tmp_path, store(proxy), sync())
    assert result.exit_code == 2
    told = only(result)
    assert (told["namespace"], told["name"], told["verdict"], told["problems"]) == ("payments", "app", "changes", [])
    assert {(a["action"], a["kind"], a["key"], a["type"], *a["parameters"]) for a in told["actions"]} == {
        ("add", "ConfigMap", "DB_HOST", "String", f"{PATH}/db/host"),
        ("add", "ConfigMap", "ZONES", "StringList", f"{PATH}/zones"),
        ("add", "Secret", "DB_PASSWORD", "SecureString", f"{PATH}/db/password"),
    }


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_no_value_is_shown(filled: Emulator, proxy: Proxy, tmp_path: Path, form: str) -> None:
    target = {"kind": "Secret", "compose": {"URL": "x://${db/password}@${db/host}"}}
    result = run(tmp_path, store(proxy), sync(targets=[target]), form=form)
    assert result.exit_code == 2, result.output
    assert "DB_PASSWORD" in result.stdout
    assert SECRET not in result.output
    assert "db.internal" not in result.output


def test_people_see_a_table(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    lines = run(tmp_path, store(proxy), sync(), form="table").stdout.splitlines()
    assert lines[0] == "ParameterSync payments/app: 3 add"
    assert lines[1].split() == ["ACTION", "TARGET", "KEY", "PARAMETER", "VERSION", "TYPE", "WHY"]
    assert lines[4].split()[:7] == ["add", "Secret", "app", "DB_PASSWORD", f"{PATH}/db/password", "1", "SecureString"]


def test_a_path_is_read_once_for_all_who_read_it(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    result = run(tmp_path, store(proxy), sync("a"), sync("b"))
    assert [each["name"] for each in json.loads(result.stdout)["syncs"]] == ["a", "b"]
    assert len(proxy.calls("GetParametersByPath")) == 1
    assert proxy.calls("GetParameters") == [], "one pass lists and decrypts"


@pytest.mark.parametrize(
    ("changed", "reason", "says"),
    [
        ({"path": "/prod/none"}, "NotAllowed", f"it may read {PATH}"),
        ({"path": f"{PATH}/none"}, "NoParameters", "Check the path"),
        ({"storeRef": {"name": "other"}}, "StoreNotFound", "is in none of the files: give it with -f"),
        ({"interval": "1s"}, "InvalidSpec", "interval"),
        ({"keys": {"rename": {"db/host": "ZONES"}}}, "KeyCollision", "keys.rename"),
        ({"contract": {"required": ["api/key"]}}, "ContractViolated", "api/key"),
    ],
)
def test_what_cannot_be_carried_out_says_why(
    filled: Emulator, proxy: Proxy, tmp_path: Path, changed: Json, reason: str, says: str
) -> None:
    result = run(tmp_path, store(proxy), sync(**changed), sync("good"))
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)["syncs"]
    assert (first["verdict"], first["problems"][0]["reason"]) == ("fails", reason)
    assert says in first["problems"][0]["message"]
    assert first["problems"][0]["remedy"].endswith(".")
    assert first["problems"][0]["docs"] == f"docs/reference/reasons.md#{reason.lower()}"
    assert second["verdict"] == "changes", "one sync that fails keeps no other back"


def test_as_me_a_sync_is_enough_and_what_is_not_known_is_said(
    filled: Emulator, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", proxy.url)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    result = run(tmp_path, sync(), sync("own", storeRef={"kind": "ParameterStore", "name": "own"}), more=("--as-me",))
    assert result.exit_code == 2
    names = ("ClusterParameterStore default", "ParameterStore own")
    for each, name in zip(json.loads(result.stdout)["syncs"], names, strict=True):
        assert (each["verdict"], len(each["actions"])) == ("changes", 3)
        (said,) = each["problems"]
        assert said["reason"] == "StoreNotFound"
        assert said["message"] == (
            f"{name} is in none of the files: its path is read as yourself in eu-west-1, and whether its rules allow"
            " that is not known"
        )
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    assert run(tmp_path, sync(), more=("--as-me",)).exit_code == 1, "nobody knows where"


def test_a_denied_path_is_told(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    proxy.add(errors.denied(), action="GetParametersByPath")
    told = only(run(tmp_path, store(proxy), sync()))
    assert told["problems"][0]["reason"] == "AccessDenied"
    assert "ssm:GetParametersByPath" in told["problems"][0]["message"]


def test_a_throttled_page_is_asked_for_again(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    proxy.add(errors.throttled(), action="GetParametersByPath", times=2)
    assert run(tmp_path, store(proxy), sync()).exit_code == 2


def test_without_a_cluster_a_store_reads_as_whoever_asks_if_told_so(
    filled: Emulator, proxy: Proxy, tmp_path: Path
) -> None:
    team = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterStore",
        "metadata": {"name": "own", "namespace": "payments"},
        "spec": {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}},
    }
    reads = sync(storeRef={"kind": "ParameterStore", "name": "own"})
    assert "service account reader" in only(run(tmp_path, team, reads))["problems"][0]["message"]
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": "reader",
            "namespace": "payments",
            "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/reader"},
        },
    }
    role = store(proxy, roleArn="arn:aws:iam::111122223333:role/params")
    assert run(tmp_path, role, sync(), more=("--as-me",)).exit_code == 2
    assert len(proxy.calls("GetParametersByPath")) == 1
    assert "token" in only(run(tmp_path, team, account, reads))["problems"][0]["message"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: [ # paramsync.dev", "app.yaml:1: it is not YAML"),
        ("- a", "no ParameterSync"),
        ("apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync\nspec: &a [*a]", "part of itself"),
        ("apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync\nspec: !!int x", "it is not YAML"),
        ("apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync\nspec: {a: 1, a: 2}", "is there twice"),
        ("apiVersion: paramsync.dev/v1alpha1\nspec: " + "[" * 3000, "nested too deeply"),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: 2020-13-45} # paramsync.dev", "no ParameterSync"),
        ("kind: ConfigMap", "no ParameterSync"),
        ("apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync", "metadata.name"),
        ("", "no ParameterSync"),
    ],
)
def test_a_file_that_is_none_gets_a_clear_error(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["plan", "-f", str(file)])
    assert (result.exit_code, says in result.output) == (1, True), result.output


@pytest.mark.parametrize("command", ["plan", "tree", "iam-policy", "validate"])
@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"apiVersion": "paramsync.dev/v9"}, "ParameterSync payments/app: apiVersion: there is no such version: write"),
        ({"kind": "Sync"}, "Sync payments/app: kind: there is no such kind in paramsync.dev/v1alpha1"),
        ({"metadata": {"name": "Pay\x1b[31m\nx"}}, "metadata.name: Invalid value: a lowercase RFC 1123 subdomain"),
        ({"metadata": {"name": [1, 2]}}, "ParameterSync (without a name): metadata.name: must be a string, and is"),
        ({"metadata": {}}, "metadata.name: Required value: name or generateName is required"),
        ({"metadata": {"name": "app", "namespace": "T_1"}}, "metadata.namespace: Invalid value: a lowercase RFC 1123"),
    ],
)
def test_what_there_cannot_be_is_refused_by_all_in_the_same_words(
    filled: Emulator, proxy: Proxy, tmp_path: Path, command: str, parts: Json, says: str
) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all([store(proxy), sync() | parts]))
    result = CliRunner().invoke(main, [command, "-f", str(file)])
    assert (result.exit_code, says in result.output) == (1, True), result.output
    assert result.output.isprintable() or "\x1b" not in result.output
    assert proxy.calls() == []


@pytest.mark.parametrize("command", ["plan", "tree", "iam-policy"])
def test_a_namespace_that_there_cannot_be_is_refused_as_an_option_too(tmp_path: Path, command: str) -> None:
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(sync()))
    result = CliRunner().invoke(main, [command, "-f", str(tmp_path), "-n", "T_1"])
    assert (result.exit_code, "a lowercase RFC 1123 label must consist of" in result.output) == (1, True), result.output


def test_a_closed_standard_input_is_told() -> None:
    command = [str(Path(sys.executable).with_name("paramsync")), "plan", "-f", "-"]
    result = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, "Error: standard input: it is closed\n")


def test_a_directory_a_list_and_the_standard_input(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "list.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [store(proxy), sync("a")]})
    )
    (tmp_path / "notes.txt").write_text("not: read")
    text = yaml.safe_dump(sync("b"))
    arguments = ["plan", "-f", str(tmp_path), "-f", "-", "-o", "json"]
    result = CliRunner().invoke(main, arguments, input=text)
    assert [each["name"] for each in json.loads(result.stdout)["syncs"]] == ["a", "b"]


def test_it_needs_something_to_plan() -> None:
    assert CliRunner().invoke(main, ["plan"]).exit_code == 1


def test_a_defect_of_the_way_there_is_told(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    proxy.add(faults.html(), action="GetParametersByPath")
    told = only(run(tmp_path, store(proxy), sync()))
    assert told["problems"][0]["reason"] == "SourceUnavailable"


def test_what_the_operator_would_not_do_now_is_told(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    told = only(run(tmp_path, store(proxy), sync(suspend=True, mode="Plan")))
    assert [each["reason"] for each in told["problems"]][:2] == ["Suspended", "Planned"]
    assert all("this is what would be done then" in each["message"] for each in told["problems"][:2])
    assert (told["verdict"], told["digest"]) == ("changes", None)


def test_a_store_that_two_speak_of_is_none(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump({"stores": {"default": store(proxy)["spec"]}}))
    told = only(run(tmp_path, store(proxy), sync(), more=("--settings", str(settings))))
    assert told["problems"][0]["reason"] == "StoreInvalid"
    assert only(run(tmp_path, sync(), more=("--settings", str(settings))))["verdict"] == "changes"


@pytest.mark.parametrize("name", ["payments/", "/app", "x/y/a"])
def test_a_sync_has_two_names_at_most(name: str) -> None:
    result = CliRunner().invoke(main, ["plan", name])
    assert (result.exit_code, "NAMESPACE/SYNC" in result.output) == (1, True)


def test_an_environment_of_aws_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    result = CliRunner().invoke(main, ["tree", "/a"])
    assert result.exit_code == 1
    assert "The AWS credentials of the environment cannot be had: the profile" in result.output


def test_a_token_that_only_a_cluster_gives_is_told(proxy: Proxy, tmp_path: Path) -> None:
    team = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterStore",
        "metadata": {"name": "own", "namespace": "payments"},
        "spec": {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}},
    }
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/reader"}
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "reader", "namespace": "payments", "annotations": role},
    }
    told = only(run(tmp_path, team, account, sync(storeRef={"kind": "ParameterStore", "name": "own"})))
    assert "--as-me" in told["problems"][0]["message"]


def test_a_defect_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(_: object) -> object:
        raise ValueError(SECRET)

    monkeypatch.setattr("paramsync.cli.manifests.read", broken)
    result = CliRunner().invoke(main, ["plan", "-f", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: a defect of paramsync; please report it: ValueError")
    assert SECRET not in result.output


def test_of_two_syncs_with_one_target_the_second_conflicts(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    own = {"kind": "ConfigMap", "name": "shared"}
    result = run(tmp_path, store(proxy), sync("a", targets=[own]), sync("b", targets=[own]), sync("a"))
    first, second, third = json.loads(result.stdout)["syncs"]
    assert (result.exit_code, first["verdict"]) == (1, "changes")
    assert [each["reason"] for each in second["problems"]] == ["TargetConflict"]
    assert "of ParameterSync payments/a, too" in second["problems"][0]["message"]
    assert "is given twice" in third["problems"][0]["message"]


def test_without_a_cluster_its_client_is_not_waited_for(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all([store(proxy), sync()]))
    program = (
        "import sys; from paramsync.cli.main import main\n"
        f"code = main(['plan', '-f', {str(file)!r}], standalone_mode=False)\n"
        "print(code, sorted({'kubernetes', 'kopf', 'boto3'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.stdout.splitlines()[-1] == "2 ['boto3']", ran.stderr


@pytest.mark.parametrize("columns", [30, 40, 80, 0])
def test_a_terminal_is_shown_how_many_pages_were_read(
    emulator: Emulator, proxy: Proxy, tmp_path: Path, columns: int
) -> None:
    for number in range(25):
        emulator.put(f"{PATH}/{number}", "value")
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all([store(proxy), sync()]))
    shown, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    command = [sys.executable, "-m", "paramsync", "plan", "-f", str(file), "-o", "json"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, timeout=60)
    os.close(terminal)
    text = os.read(shown, 100_000).decode()
    os.close(shown)

    assert json.loads(ran.stdout)["syncs"], text
    lines = [line for line in re.split("[\r\n]+", re.sub("\x1b\\[[?0-9]*[a-zA-Z]", "", text)) if line.strip()]
    pages = [re.fullmatch(r"Reading pages  \[[-#]+\]  (\d+) *", line) for line in lines]
    assert [int(page[1]) for page in pages if page][-1] == 3, lines
    assert all(pages), lines
    assert max(map(len, lines)) <= (columns or 80)


def test_ctrl_c_waits_for_no_answer(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all([store(proxy), sync()]))
    gate = faults.hang()
    proxy.add(gate)
    command = [sys.executable, "-m", "paramsync", "plan", "-f", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
        gate.arrived(30)
        ran.send_signal(signal.SIGINT)
        try:
            out, err = ran.communicate(timeout=READ_TIMEOUT / 4)
        except subprocess.TimeoutExpired:  # Python overlooks a signal that comes just before it begins to wait
            ran.send_signal(signal.SIGINT)
            out, err = ran.communicate(timeout=READ_TIMEOUT / 2)
    assert (ran.returncode, out, err) == (1, "", "\nAborted!\n")


def test_what_makes_plans_is_loaded_while_pages_arrive(filled: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump_all([store(proxy), sync()]))
    program = (
        "import sys; from paramsync.cli.main import main\n"
        "def at(event, _):\n"
        "    if event == 'socket.connect':\n"
        "        print('planned with:', [name for name in sys.modules if name.endswith('planning')])\n"
        "sys.addaudithook(at)\n"
        f"main(['plan', '-f', {str(file)!r}], standalone_mode=False)\n"
        "print('at the end:', [name for name in sys.modules if name.endswith('core.planning')])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    lines = ran.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("planned with: []", "at the end: ['paramsync.core.planning']"), ran.stderr
