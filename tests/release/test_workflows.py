"""The workflows: linted, pinned, with few rights, and with no logic of their own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from release.versions import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
PROGRAMS = Path(sys.executable).parent
A_PIN = re.compile(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
A_CALL = re.compile(r"(make [a-z-]+|\.ci/[a-z0-9-]+( \S+)*|docker build( [\w:.-]+)+)")


def jobs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield f"{path.name}:{name}", job


def lint(root: Path, actionlint: Path) -> list[str]:
    """What actionlint and zizmor find."""
    path = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    files = [str(file) for file in sorted((root / ".github/workflows").glob("*.yaml"))]
    commands: list[list[str]] = [
        [str(actionlint), "-no-color", "-oneline", "-shellcheck", str(PROGRAMS / "shellcheck"), *files],
        [str(PROGRAMS / "zizmor"), "--offline", "--pedantic", "--no-progress", "--quiet", str(root / ".github")],
    ]
    found = []
    for command in commands:
        run = subprocess.run(command, cwd=root, env=path, capture_output=True, text=True)
        if run.returncode != 0:
            found.append(run.stdout + run.stderr)
    return found


def test_there_are_workflows_for_all_that_runs_elsewhere() -> None:
    assert [path.name for path in WORKFLOWS] == ["release.yaml", "renew.yaml", "scan.yaml", "test.yaml"]


def test_the_linters_find_nothing(actionlint_program: Path) -> None:
    assert lint(ROOT, actionlint_program) == []


@pytest.mark.parametrize(
    ("old", "new", "finds"),
    [
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-24.05", "runner-label"),
        ('run: .ci/publish "$GITHUB_REF_NAME"', "run: .ci/publish $GITHUB_REF_NAME", "SC2086"),
        ('run: .ci/publish "$GITHUB_REF_NAME"', "run: .ci/publish ${{ github.ref_name }}", "template-injection"),
        ("persist-credentials: false", "fetch-tags: true", "artipacked"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7.0.1", "unpinned-uses"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
    ],
)
def test_the_linters_find_what_is_wrong(
    tmp_path: Path, actionlint_program: Path, old: str, new: str, finds: str
) -> None:
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = tmp_path / ".github/workflows/release.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert re.search(finds, "".join(lint(tmp_path, actionlint_program)))


def test_actions_are_pinned_by_commit_and_say_their_version() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines() if re.match(r"\s*(- )?uses:", line)]
    others = [line.partition("uses:")[2].strip() for line in lines]
    foreign = [use for use in others if not use.startswith("./")]
    assert foreign
    assert [use for use in foreign if not A_PIN.fullmatch(use)] == []


def test_an_action_is_used_in_one_version() -> None:
    text = "".join(path.read_text() for path in WORKFLOWS)
    used = set(re.findall(r"uses: ([^@\s]+)@(\S+ # \S+)", text))
    assert len(used) == len({action for action, _ in used})


def test_workflows_have_no_logic_of_their_own() -> None:
    calls = [(name, step["run"]) for name, job in jobs() for step in job.get("steps", ()) if "run" in step]
    assert calls
    assert [(name, call) for name, call in calls if not A_CALL.fullmatch(call)] == []
    scripts = {match[0] for _, call in calls for match in re.finditer(r"^\.ci/[a-z0-9-]+", call)}
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []
    makefile = (ROOT / "Makefile").read_text()
    targets = {call.split()[1] for _, call in calls if call.startswith("make ")}
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_everything_is_tested_as_root_for_nothing_may_be_skipped() -> None:
    (call,) = (step["run"] for step in dict(jobs())["test.yaml:everything"]["steps"] if "run" in step)
    assert call == ".ci/run-as-root"


def test_every_job_has_its_rights_and_its_time() -> None:
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text())["permissions"] == {}, path.name
    for name, job in jobs():
        assert job.get("permissions"), name
        assert "uses" in job or 0 < job["timeout-minutes"] <= 120, name


def test_nothing_is_released_before_the_tag_and_the_tests() -> None:
    release = dict(jobs())
    for name in ("wheel", "image"):
        assert {"check", "test"} <= set(release[f"release.yaml:{name}"]["needs"])
    assert "arm64" in release["release.yaml:image"]["needs"]
    steps = release["release.yaml:arm64"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run-as-root make test-image ARCH=arm64"]
    assert {"wheel", "image", "chart"} <= set(release["release.yaml:publish"]["needs"])
    assert "image" in release["release.yaml:chart"]["needs"]
    for name in ("image", "chart", "publish"):
        assert release[f"release.yaml:{name}"]["environment"] == "release"


def test_the_scripts_pass_shellcheck() -> None:
    scripts = sorted((ROOT / ".ci").iterdir())
    assert all(os.access(script, os.X_OK) for script in scripts)
    run = subprocess.run([PROGRAMS / "shellcheck", *scripts], capture_output=True, text=True)
    assert (run.stdout, run.returncode) == ("", 0)


def test_variables_and_secrets_are_documented() -> None:
    text = "".join(path.read_text() for path in WORKFLOWS)
    names = set(re.findall(r"\b(?:vars|secrets)\.(\w+)", text))
    page = (ROOT / "docs/versioning.md").read_text()
    assert names
    assert [name for name in names if f"`{name}`" not in page] == []


def test_dependabot_looks_at_every_go_module() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    watched = {d for update in updates if update["package-ecosystem"] == "gomod" for d in update["directories"]}
    there = subprocess.run(["git", "ls-files", "*go.mod"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert watched == {f"/{Path(path).parent}" for path in there}
