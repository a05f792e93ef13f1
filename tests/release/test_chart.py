"""The chart that is released names the image by its digest, and nothing else in it changes."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from release.chart import package, with_image
from release.errors import ReleaseError
from release.versions import ROOT, agreed
from tests.helm.rendering import Helm, one

REPOSITORY = "registry.example.com:5000/team/paramsync"
DIGEST = "sha256:" + "0123456789abcdef" * 4
VALUES = """# Values.
replicas: 2

image:
  # Where it is.
  repository: paramsync # ours

  tag: ""
  digest: ""
sidecar:
  repository: other
  digest: ""
"""
CHANGED = VALUES.replace("repository: paramsync", f"repository: {REPOSITORY}").replace(
    'digest: ""', f"digest: {DIGEST}", 1
)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    chart = tmp_path / "paramsync"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: paramsync\nversion: 1.2.3\nappVersion: 1.2.3\n")
    (chart / "values.yaml").write_text(VALUES)
    return chart


def test_helm_packages_the_chart_with_the_digest(chart: Path, tmp_path: Path, helm_program: Path) -> None:
    archive = package(chart, REPOSITORY, DIGEST, tmp_path / "dist", helm_program)
    assert archive == tmp_path / "dist/paramsync-1.2.3.tgz"
    with tarfile.open(archive) as tar:
        file = tar.extractfile("paramsync/values.yaml")
        assert file
        assert file.read().decode() == CHANGED
    assert (chart / "values.yaml").read_text() == VALUES


def test_the_real_chart_is_packaged_and_runs_the_image_by_its_digest(helm_program: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "release", "chart", REPOSITORY, DIGEST, str(tmp_path), "--helm", str(helm_program)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    archive = run.stdout.strip()
    helm = Helm(helm_program, tmp_path)
    assert "1 chart(s) linted, 0 chart(s) failed" in helm.run("lint", "--strict", archive)
    about = yaml.safe_load(helm.run("show", "chart", archive))
    assert about["version"] == about["appVersion"] == agreed()
    rendered = helm.run("template", "paramsync", archive, "--kube-version", "1.36.3")
    deployment = one([each for each in yaml.safe_load_all(rendered) if each], "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{REPOSITORY}@{DIGEST}"
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == agreed()


def test_only_the_image_changes_and_comments_stay() -> None:
    assert with_image(VALUES, REPOSITORY, DIGEST) == CHANGED
    assert yaml.safe_load(CHANGED)["sidecar"] == {"repository": "other", "digest": ""}


@pytest.mark.parametrize(
    "values", ["image: {}\n", "image: paramsync\n", "image:\n  repository: a\n", "image: {repository: a, digest: b}\n"]
)
def test_values_that_cannot_be_edited_are_refused(values: str) -> None:
    with pytest.raises(ReleaseError, match=r"values\.yaml"):
        with_image(values, REPOSITORY, DIGEST)


@pytest.mark.parametrize(("repository", "digest"), [(REPOSITORY, "1.2.3"), ("paramsync", DIGEST), ("a/b:1", DIGEST)])
def test_a_tag_is_no_digest(chart: Path, tmp_path: Path, repository: str, digest: str) -> None:
    with pytest.raises(ReleaseError, match=r"registry\.example\.com|64 digits"):
        package(chart, repository, digest, tmp_path / "dist", Path("/nonexistent"))


def test_what_helm_refuses_is_said(chart: Path, tmp_path: Path, helm_program: Path) -> None:
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: paramsync\nversion: one\n")
    with pytest.raises(ReleaseError, match=r"helm package .* failed: .*version"):
        package(chart, REPOSITORY, DIGEST, tmp_path / "dist", helm_program)
