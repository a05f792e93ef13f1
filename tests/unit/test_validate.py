"""``paramsync validate``: files, documents, lines and exit codes."""

import json
import os
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from click.testing import CliRunner, Result

from paramsync.cli.main import main

ROOT = Path(__file__).parents[2]

GOOD = """\
apiVersion: paramsync.dev/v1alpha1
kind: ParameterSync
metadata: {name: app, namespace: payments}
spec:
  sources:
  - path: /prod/pay
"""
FOREIGN = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: paramsync.dev}
data: {text: !Ref other}
"""


def validate(*arguments: str | Path, piped: str | None = None) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, arguments)], input=piped)


def wrong(text: str) -> list[str]:
    """The lines about a text that is piped in, which is wrong."""
    result = validate("-f", "-", piped=dedent(text))
    assert result.exit_code == 1, result.output
    return result.stdout.splitlines()


def test_good_ones_among_others(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text(f"{FOREIGN}---\n---\n{GOOD}---\n{GOOD}")
    (tmp_path / "b.yml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("apiVersion: paramsync.dev/v9")
    (tmp_path / "other.yaml").write_text("{{ template }}: [")
    result = validate("-f", tmp_path)
    assert (result.exit_code, result.output) == (
        0,
        "3 objects of paramsync.dev: no faults; 1 file without paramsync.dev left aside\n",
    )
    assert validate(tmp_path / "b.yml", tmp_path / "sub" / "a.yaml").output == "3 objects of paramsync.dev: no faults\n"


def test_each_fault_has_its_line_document_object_and_field(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    bad = GOOD.replace("/prod/pay", "/prod/pay/") + "  interval: 5s\n"
    file.write_text(f"{FOREIGN}---\n{bad}---\n{GOOD}")
    result = validate(file)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    subject = "document 2: ParameterSync payments/app"
    assert lines[0].startswith(f"{file}:11: {subject}: spec.sources[0].path: Invalid value: write an absolute path")
    assert lines[1].startswith(f"{file}:12: {subject}: spec.interval: Invalid value: write a duration")
    assert result.stderr == "Error: 2 faults in 2 objects of paramsync.dev\n"


def test_a_list_is_looked_into() -> None:
    lines = wrong(
        """\
        apiVersion: v1
        kind: List
        items:
        - apiVersion: paramsync.dev/v1alpha1
          kind: ClusterParameterStore
          metadata: {name: default}
          spec:
            endpoint: http://ssm.example.com
        """
    )
    assert len(lines) == 1
    assert lines[0].startswith(
        "-:8: document 1: ClusterParameterStore default: items[0].spec.endpoint: Invalid value: write https://host"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: paramsync.dev/v1\nkind: ParameterSync", "apiVersion: there is no such version: write paramsync"),
        ("apiVersion: paramsync.dev/v1alpha1\nkind: Sync", "kind: there is no such kind in paramsync.dev/v1alpha1"),
        ("apiVersion: paramsync.dev/v1alpha1", "kind: there is no such kind"),
        (f"{GOOD}metadata: {{name: b}}\n", "-:7: it is not YAML: key \"metadata\" is there twice"),
        ("apiVersion: paramsync.dev/v1alpha1\nspec: [", "-:2: it is not YAML"),
        ("apiVersion: paramsync.dev/v1alpha1\n{{- if x }}", "it looks like a template: render it first"),
        ("apiVersion: paramsync.dev/v1alpha1\nspec: \x01", "-:1: it is not YAML: it has a character"),
        (GOOD + '  targets: [{kind: Secret, compose: {A: "${"}}]\n', "spec.targets: compose.A of Secret app"),
        (GOOD + "  targets: [{kind: Secret}, {kind: Secret, name: app}]\n", "spec.targets: two targets are the same"),
        (GOOD + "  targets: [{kind: Secret, include: ['[a-z]*']}]\n", "))*)$': write segments"),
        (GOOD.replace("/prod/pay", "2026-03-01"), "write an absolute path"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    (line,) = wrong(text)[:1]
    assert message in line


def test_what_is_wrong_is_not_quoted() -> None:
    text = GOOD.replace("/prod/pay", "hunter2") + "  interval: hunter2\n  mode: hunter2\n  suspend: hunter2\n"
    text += "  contract: {match: {a: 'hunter2('}, required: [/hunter2]}\n  targets: [hunter2]\n"
    assert "hunter" not in "".join(wrong(text))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    result = validate(tmp_path)
    assert result.exit_code == 1
    assert "x.yaml:1: it cannot be read: " in result.stdout
    assert "not UTF-8" in result.stdout


def test_what_has_the_name_of_a_file_and_is_none_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nothing")
    result = validate(tmp_path)
    assert (result.exit_code, "gone.yaml: it is a link to nothing" in result.stdout) == (1, True), result.output
    (tmp_path / "gone.yaml").unlink()
    os.mkfifo(tmp_path / "pipe.yaml")
    result = validate(tmp_path)
    assert (result.exit_code, "pipe.yaml: it is neither a file nor a directory" in result.stdout) == (1, True)
    (tmp_path / "pipe.yaml").unlink()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "deep.yaml" / "app.yaml")
    (tmp_path / "deep.yaml").mkdir()
    (tmp_path / "deep.yaml" / "app.yaml").write_text(GOOD)
    assert validate(tmp_path).output == "2 objects of paramsync.dev: no faults\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_directory_that_may_not_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    result = validate(tmp_path)
    assert (result.exit_code, "closed: Permission denied" in result.stdout) == (1, True), result.output


def test_nothing_to_check_is_a_mistake() -> None:
    assert validate().exit_code == 1
    assert validate("-f", "missing").exit_code == 1


def test_the_examples_are_good() -> None:
    result = validate("-f", ROOT / "docs" / "examples", "-f", ROOT / "deploy" / "argocd")
    assert result.exit_code == 0, result.output


def test_the_hook_is_this_command() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, command = hook["entry"].split()
    assert program == "paramsync"
    assert command in main.commands


def test_a_program_reads_the_faults(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(GOOD.replace("/prod/pay", "prod"))
    result = validate(tmp_path, "-o", "json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["objects"] == 1
    (fault,) = told["faults"]
    assert (fault["file"], fault["line"], fault["document"]) == (str(tmp_path / "app.yaml"), 6, 1)
    assert (fault["subject"], fault["field"]) == ("ParameterSync payments/app", "spec.sources[0].path")
    assert json.loads(validate("-f", "-", "-o", "json", piped=GOOD).stdout) == {
        "objects": 1,
        "faults": [],
        "leftAside": 0,
    }
