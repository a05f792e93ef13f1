"""docs/versioning.md says of releases what the scripts, the workflows and the chart do."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from release.versions import PLACES, ROOT

PAGE = (ROOT / "docs/versioning.md").read_text()
WORKFLOW = (ROOT / ".github/workflows/release.yaml").read_text()


def examples(program: str) -> list[list[str]]:
    """The words of each command of a program, in blocks and between backticks."""
    joined = PAGE.replace("\\\n", " ")
    return [shlex.split(line) for line in re.findall(rf"(?:^    |`)({program} [^`\n]+)", joined, re.MULTILINE)]


def test_the_commands_of_a_release_work_in_a_repository_that_is_ready(repository: Path) -> None:
    commands = examples("python3 -m release")
    assert commands
    for command in commands:
        words = [sys.executable, *(word.replace("X.Y.Z", "1.2.3") for word in command[1:3])]
        rest = [word.replace("X.Y.Z", "1.2.3") for word in command[3:]]
        run = subprocess.run([*words, "--root", str(repository), *rest], cwd=ROOT, capture_output=True, text=True)
        assert (run.returncode, run.stdout) == (0, "1.2.3\n"), run.stderr


def test_the_first_step_names_all_files_with_the_version() -> None:
    (step,) = re.findall(r"^1\. Set the version in (.*?)^3\. ", PAGE, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w[\w./]*\.\w+|Dockerfile)`", step)) == {place.file for place in PLACES} | {"SECURITY.md"}


def test_a_signature_is_verified_as_it_is_made() -> None:
    (command,) = examples("cosign")
    script = (ROOT / ".ci/sign").read_text()
    (verify,) = re.findall(r"^cosign verify (.*)", script.replace("\\\n", " "), re.MULTILINE)
    made = shlex.split(verify)
    page = dict(zip(command[3::2], command[4::2], strict=True))
    assert page.keys() == dict(zip(made[1::2], made[2::2], strict=True)).keys()
    assert page["--certificate-oidc-issuer"] in made
    identity = re.fullmatch(r"https://github\.com/OWNER/REPO/(\S+)@refs/tags/vX\.Y\.Z", page["--certificate-identity"])
    assert identity
    assert ROOT / identity[1] == ROOT / ".github/workflows/release.yaml"
    assert "run: .ci/sign" in WORKFLOW


def test_what_is_attested_can_be_asked_for() -> None:
    commands = [" ".join(command) for command in examples("gh attestation verify")]
    kinds = set(re.findall(r"sbom-path: \S+\.(\w+)\.json", WORKFLOW))
    assert kinds == {"cdx"}
    predicates = [
        words[words.index("--predicate-type") + 1] for words in map(str.split, commands) if "--pred" in str(words)
    ]
    assert predicates == ["https://cyclonedx.org/bom"]
    assert any("oci://IMAGE:X.Y.Z --repo OWNER/REPO" in command for command in commands)
    wheel = next(word for command in commands for word in command.split() if word.endswith(".whl"))
    assert Path(wheel.replace("X.Y.Z", "1.2.3")).match("paramsync-1.2.3-*.whl")


def test_versions_of_kubernetes_are_those_of_the_chart_and_of_the_tests() -> None:
    (chart,) = re.findall(
        r"^>=(\d+\.\d+)\.0-0$", yaml.safe_load((ROOT / "deploy/helm/paramsync/Chart.yaml").read_text())["kubeVersion"]
    )
    template = (ROOT / "deploy/helm/paramsync/templates/policies.yaml").read_text()
    (policies,) = set(re.findall(r'semverCompare ">=(\d+\.\d+)-0"', template))
    (tested,) = re.findall(
        r"^\s*k8s\.io/kubernetes v(\d+\.\d+)\.", (ROOT / "tests/cluster/assets/go.mod").read_text(), re.MULTILINE
    )
    page = " ".join(PAGE.split())
    assert f"The chart installs on Kubernetes {chart} or newer." in page
    assert f"need Kubernetes {policies} or newer" in page
    assert f"The tests run on Kubernetes {tested}." in page
    for name in ("docs/policies.md", "docs/install.md", "deploy/policies/policies.yaml", "deploy/helm/values.py"):
        said = set(re.findall(r"(?:eeds?|older than) Kubernetes (\d+\.\d+)", (ROOT / name).read_text()))
        assert policies in said, name
        assert said <= {policies, chart}, name


def test_what_is_not_pinned_is_named_as_it_is_used() -> None:
    (table,) = re.findall(r"\| what \| how it is named \|\n(.*?)\n\n", PAGE, re.DOTALL)
    (debian,) = re.findall(r"^FROM debian:(\S+) AS", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    runners = set(re.findall(r"runs-on: (\S+)", WORKFLOW))
    pythons = set(re.findall(r'python-version: "(\S+)"', WORKFLOW))
    assert set(re.findall(r"`([^`]+)`", table)) == {debian} | runners | pythons
    images = list(re.findall(r"image=(\S+)", WORKFLOW))
    assert images
    assert [image for image in images if not re.fullmatch(r"[\w/-]+:v[\d.]+@sha256:[0-9a-f]{64}", image)] == []
