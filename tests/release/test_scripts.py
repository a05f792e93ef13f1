"""The scripts of .ci call the right programs in the right order, stop when one fails, and put no secret on a line."""

import io
import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from release.versions import ROOT
from tests.release.recording import Answer, Scripts

DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = "registry.example.com/team/paramsync"
COMMIT = "c" * 40


def archive(path: Path, architecture: str) -> Path:
    """The file system of an image with the operator and one Debian package."""
    status = f"Package: libc6\nVersion: 2.41-12\nArchitecture: {architecture}\nDescription: C\n"
    library = "opt/paramsync/lib/python3.13/site-packages"
    files = {
        "var/lib/dpkg/status": status,
        "usr/lib/os-release": 'VERSION_ID="13"\n',
        "usr/share/doc/libc6/copyright": "License: LGPL-2.1+\n",
        f"{library}/paramsync-1.2.3.dist-info/METADATA": (
            "Name: paramsync\nVersion: 1.2.3\nLicense-Expression: Apache-2.0\n"
        ),
    }
    with tarfile.open(path, "w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def exporting(scripts: Scripts, architecture: str) -> list[Answer]:
    """Docker, with an image for an architecture."""
    exported = archive(scripts.home / f"{architecture}.tar", architecture)
    platform = f"linux/{architecture}"
    return [
        Answer(f"docker create --platform {platform} ", stdout=architecture),
        Answer(f"docker export .* {architecture}$", writes={"--output": str(exported)}),
        Answer(f"docker rm {architecture}$"),
    ]


def quick(scripts: Scripts) -> None:
    """Write the document of contents without checking its form, which takes seconds each time."""
    program = """
import json, pathlib, re, sys
architecture = re.search(rb"Architecture: ([a-z0-9]+)", pathlib.Path(sys.argv[1]).read_bytes())[1].decode()
urls = ["pkg:pypi/paramsync@1.2.3", f"pkg:deb/debian/libc6@2.41-12?arch={architecture}&distro=debian-13"]
pathlib.Path("dist").mkdir(exist_ok=True)
pathlib.Path(sys.argv[2]).write_text(json.dumps({"components": [{"purl": url} for url in urls]}))
"""
    (scripts.checkout / "deploy/image/sbom.py").write_text(program)


def test_login_gives_the_token_by_stdin_once_for_each_registry(scripts: Scripts) -> None:
    scripts.answers = [Answer("docker login ")]
    secret = {"REGISTRY_USER": "ann", "REGISTRY_TOKEN": "t0ken"}
    ran = scripts.run("login", **secret)
    login = "docker login --username ann --password-stdin"
    assert ran.code == 0
    assert ran.lines == [f"{login} charts.example.com", f"{login} registry.example.com"]
    assert [call.stdin for call in ran.calls] == ["t0ken\n", "t0ken\n"]
    assert "t0ken" not in ran.said
    same = scripts.run("login", **secret, CHART_REPOSITORY="registry.example.com/charts")
    assert same.lines == [f"{login} registry.example.com"]
    scripts.stops_at_each_failure("login", **secret)


@pytest.mark.parametrize("missing", ["IMAGE_REPOSITORY", "CHART_REPOSITORY", "REGISTRY_USER", "REGISTRY_TOKEN"])
def test_login_says_which_variable_is_missing(scripts: Scripts, missing: str) -> None:
    ran = scripts.run("login", **{"REGISTRY_USER": "ann", "REGISTRY_TOKEN": "t0ken", missing: ""})
    assert (ran.code != 0, ran.lines) == (True, [])
    assert f"{missing}: set this" in ran.said


def signed(verified: str = "true", commit: str = COMMIT, kind: str = "tag") -> list[Answer]:
    return [
        Answer("gh api repos/team/paramsync/git/ref/tags/v1.2.3 ", stdout=f"{kind} {'a' * 40}"),
        Answer(f"gh api repos/team/paramsync/git/tags/{'a' * 40} ", stdout=f"{verified} why {commit}"),
        Answer(f"git merge-base --is-ancestor {COMMIT} origin/main$"),
    ]


def test_a_signed_tag_on_main_passes(scripts: Scripts) -> None:
    scripts.answers = signed()
    assert scripts.run("signed-tag", "v1.2.3", GITHUB_SHA=COMMIT).code == 0
    scripts.stops_at_each_failure("signed-tag", "v1.2.3", GITHUB_SHA=COMMIT)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (signed(kind="commit"), "git tag --sign"),
        (signed(verified="false"), r"not verified \(why\)"),
        (signed(commit="d" * 40), "points to d"),
        ([*signed()[:2], Answer("git merge-base ", code=1)], "not on main"),
        ([Answer("gh api ", stdout="tag true", code=1)], "does not know the tag"),
        ([signed()[0], Answer("gh api .*/git/tags/", stdout=f"true why {COMMIT}", code=1)], "not know the object"),
        ([Answer("gh api ")], "git tag --sign"),
    ],
)
def test_any_other_tag_is_refused(scripts: Scripts, answers: list[Answer], says: str) -> None:
    scripts.answers = answers
    ran = scripts.run("signed-tag", "v1.2.3", GITHUB_SHA=COMMIT)
    assert ran.code == 1
    assert re.search(f"signed-tag: .*{says}", ran.said)


def test_the_version_is_an_output_if_all_places_agree(scripts: Scripts) -> None:
    assert scripts.run("version", "v1.2.3").outputs == "version=1.2.3\n"
    other = scripts.run("version", "v1.2.4")
    assert (other.code, other.outputs) == (1, "")
    assert "the tag must be v1.2.3" in other.said


VERSION_LINE = "paramsync, version 1.2.3"


def pushing(scripts: Scripts) -> list[Answer]:
    metadata = scripts.home / "metadata.json"
    metadata.write_text(json.dumps({"containerimage.digest": DIGEST}))
    return [
        Answer(f"docker buildx imagetools inspect {IMAGE}:1.2.3$", stderr=f"ERROR: {IMAGE}:1.2.3: not found", code=1),
        Answer("git rev-parse HEAD$", stdout=COMMIT),
        Answer("git log -1 --format=%cI$", stdout="2026-11-24T10:00:00+00:00"),
        Answer("git log -1 --format=%ct$", stdout="1795514400"),
        Answer("docker buildx build ", writes={"--metadata-file": str(metadata)}),
        *exporting(scripts, "amd64"),
        *exporting(scripts, "arm64"),
        *(
            Answer(f"docker run --rm --platform {platform} .*{IMAGE}@{DIGEST} --version$", stdout=f"{VERSION_LINE}\n")
            for platform in ("linux/amd64", "linux/arm64")
        ),
        Answer(f"docker image rm {IMAGE}@{DIGEST}$"),
    ]


def test_the_image_is_pushed_once_and_its_contents_are_read_by_digest(scripts: Scripts) -> None:
    scripts.answers = pushing(scripts)
    ran = scripts.run("push-image", "1.2.3")
    assert ran.code == 0, ran.said
    assert ran.outputs == f"digest={DIGEST}\n"
    (build,) = [line for line in ran.lines if line.startswith("docker buildx build")]
    for part in (
        "--platform linux/amd64,linux/arm64",
        f"--tag {IMAGE}:1.2.3",
        f"--label org.opencontainers.image.revision={COMMIT}",
        "--label org.opencontainers.image.created=2026-11-24T10:00:00+00:00",
        "--label org.opencontainers.image.source=https://github.example.com/team/paramsync",
        "--build-arg QEMU_CPU=max,pauth-impdef=on",
        "--attest type=provenance,mode=max",
        "--no-cache --pull --push",
    ):
        assert part in build
    exported = [line for line in ran.lines if line.startswith(("docker create", "docker image"))]
    assert exported == [
        f"docker create --platform linux/amd64 {IMAGE}@{DIGEST}",
        f"docker image rm {IMAGE}@{DIGEST}",
        f"docker create --platform linux/arm64 {IMAGE}@{DIGEST}",
        f"docker image rm {IMAGE}@{DIGEST}",
    ]
    for architecture in ("amd64", "arm64"):
        written = (scripts.checkout / f"dist/image-linux-{architecture}.cdx.json").read_text()
        assert {each["purl"] for each in json.loads(written)["components"]} == {
            "pkg:pypi/paramsync@1.2.3",
            f"pkg:deb/debian/libc6@2.41-12?arch={architecture}&distro=debian-13",
        }


def test_the_image_has_no_digest_if_a_step_fails(scripts: Scripts) -> None:
    scripts.answers = pushing(scripts)
    quick(scripts)
    scripts.stops_at_each_failure("push-image", "1.2.3", cleans="docker rm ")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer("docker buildx imagetools inspect ", stdout="Name: it"), "is there already"),
        (Answer("docker buildx imagetools inspect ", stderr="ERROR: 401 Unauthorized", code=1), "cannot tell.*401"),
    ],
)
def test_an_image_is_never_replaced(scripts: Scripts, answer: Answer, says: str) -> None:
    scripts.answers = [answer, *pushing(scripts)]
    ran = scripts.run("push-image", "1.2.3")
    assert (ran.code, len(ran.lines), ran.outputs) == (1, 1, "")
    assert re.search(f"push-image: .*{says}", ran.said)


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_an_image_that_does_not_run_as_this_version_has_no_digest(scripts: Scripts, platform: str) -> None:
    scripts.answers = [Answer(f"docker run .*{platform}", stdout="paramsync, version 1.2.4"), *pushing(scripts)]
    ran = scripts.run("push-image", "1.2.3")
    assert (ran.code, ran.outputs) == (1, "")
    assert f"push-image: what was pushed for {platform} does not say that it is version 1.2.3" in ran.said


def test_contents_of_another_platform_are_refused(scripts: Scripts) -> None:
    amd64 = exporting(scripts, "amd64")
    scripts.answers = [Answer("docker create --platform linux/arm64 ", stdout="amd64"), *amd64]
    ran = scripts.run("sbom", "image", "linux/arm64", "dist/image.cdx.json")
    assert ran.code == 1
    assert "sbom: what was exported is not image for linux/arm64" in ran.said
    assert ran.lines[-1] == "docker rm amd64"


def test_the_chart_is_packaged_with_the_digest_and_pushed(scripts: Scripts, helm_program: Path) -> None:
    chart = scripts.checkout / "deploy/helm/paramsync"
    shutil.rmtree(chart)
    shutil.copytree(ROOT / "deploy/helm/paramsync", chart)
    about = (chart / "Chart.yaml").read_text()
    (chart / "Chart.yaml").write_text(re.sub(r"(?i)^(version|appVersion): .*", r"\1: 1.2.3", about, flags=re.MULTILINE))
    pushed = f"Pushed: charts.example.com/team/charts/paramsync:1.2.3\nDigest: {DIGEST}"
    scripts.answers = [Answer("helm package ", runs=str(helm_program)), Answer("helm push ", stderr=pushed)]
    image = DIGEST.replace("0", "f")
    ran = scripts.run("push-chart", image, HELM="helm")
    assert ran.code == 0, ran.said
    assert ran.outputs == f"digest={DIGEST}\n"
    assert ran.lines[-1] == "helm push dist/paramsync-1.2.3.tgz oci://charts.example.com/team/charts"
    with tarfile.open(scripts.checkout / "dist/paramsync-1.2.3.tgz") as tar:
        values = tar.extractfile("paramsync/values.yaml")
        assert values
        assert f"  repository: {IMAGE}\n" in (text := values.read().decode())
        assert f"  digest: {image}\n" in text
    scripts.stops_at_each_failure("push-chart", image, HELM="helm")

    scripts.answers[1] = Answer("helm push ", stdout="Pushed.")
    silent = scripts.run("push-chart", image, HELM="helm")
    assert (silent.code, silent.outputs) == (1, "")
    assert "did not name the digest" in silent.said


def test_helm_is_the_one_that_the_tests_build(scripts: Scripts) -> None:
    (scripts.checkout / ".venv").unlink()
    (scripts.checkout / ".venv/bin").mkdir(parents=True)
    scripts.record(scripts.checkout / ".venv/bin/python")
    scripts.answers = [Answer("python -c ", stdout=str(scripts.home / "bin")), Answer("helm version --short$")]
    ran = scripts.run("helm", "version", "--short")
    assert (ran.code, ran.lines[1]) == (0, "helm version --short")
    scripts.stops_at_each_failure("helm", "version", "--short")


def test_what_is_signed_is_a_digest_and_is_verified(scripts: Scripts) -> None:
    scripts.answers = [Answer("cosign ")]
    workflow = "team/paramsync/.github/workflows/release.yaml@refs/tags/v1.2.3"
    ran = scripts.run("sign", f"{IMAGE}@{DIGEST}", GITHUB_WORKFLOW_REF=workflow)
    assert ran.lines == [
        f"cosign sign --yes {IMAGE}@{DIGEST}",
        (
            f"cosign verify {IMAGE}@{DIGEST} --certificate-identity https://github.example.com/{workflow} "
            "--certificate-oidc-issuer https://token.actions.githubusercontent.com"
        ),
    ]
    scripts.stops_at_each_failure("sign", f"{IMAGE}@{DIGEST}", GITHUB_WORKFLOW_REF=workflow)


@pytest.mark.parametrize("reference", [f"{IMAGE}:1.2.3", f"{IMAGE}@sha256:", f"{IMAGE}@", f"{IMAGE}@{DIGEST}0"])
def test_a_tag_is_not_signed(scripts: Scripts, reference: str) -> None:
    ran = scripts.run("sign", reference, GITHUB_WORKFLOW_REF="x")
    assert (ran.code, ran.lines) == (1, [])
    assert "names no digest" in ran.said


FILES = (
    "paramsync-1.2.3-py3-none-any.whl",
    "paramsync-1.2.3.tgz",
    "image-linux-amd64.cdx.json",
    "image-linux-arm64.cdx.json",
)


@pytest.fixture
def dist(scripts: Scripts) -> Path:
    dist = scripts.checkout / "dist"
    dist.mkdir()
    for name in FILES:
        (dist / name).write_text(name)
    scripts.answers = [Answer("gh release create ")]
    return dist


def test_a_release_has_all_files_and_their_checksums(scripts: Scripts, dist: Path) -> None:
    for _ in range(2):  # what is there from a run before changes nothing
        ran = scripts.run("publish", "v1.2.3")
        assert ran.code == 0, ran.said
        files = " ".join(f"dist/{name}" for name in sorted((*FILES, "SHA256SUMS")))
        (line,) = ran.lines
        assert re.fullmatch(
            r"gh release create v1\.2\.3 --verify-tag --title paramsync 1\.2\.3 --notes-file \S+ (.*)", line
        )
        assert sorted(line.split()[-5:]) == files.split()
        sums = (dist / "SHA256SUMS").read_text()
        assert sorted(each.split()[1] for each in sums.splitlines()) == sorted(FILES)
    scripts.stops_at_each_failure("publish", "v1.2.3")


@pytest.mark.parametrize("missing", FILES)
def test_a_release_without_a_file_is_not_made(scripts: Scripts, dist: Path, missing: str) -> None:
    (dist / missing).unlink()
    ran = scripts.run("publish", "v1.2.3")
    assert (ran.code, ran.lines) == (1, [])
    assert "dist/ lacks" in ran.said


def test_a_release_of_another_version_is_not_made(scripts: Scripts, dist: Path) -> None:
    for name in FILES[:2]:
        (dist / name).rename(dist / name.replace("1.2.3", "1.2.4"))
    ran = scripts.run("publish", "v1.2.4")
    assert (ran.code, ran.lines) == (1, [])
    assert "the tag must be v1.2.3" in ran.said


def test_renewing_locks_and_writes_the_difference(scripts: Scripts) -> None:
    scripts.answers = [Answer("make lock$"), Answer("git diff ")]
    assert scripts.run("renew", "lock.patch").lines == [
        "make lock",
        f"git diff --output={scripts.checkout / 'lock.patch'} -- requirements",
    ]
    scripts.stops_at_each_failure("renew", "lock.patch")


def proposing(scripts: Scripts, changed: str = "requirements/run.txt", there: int = 0) -> Path:
    patch = scripts.home / "lock.patch"
    patch.write_text("a patch\n")
    scripts.answers = [
        Answer("git apply --numstat ", stdout=f"1\t1\t{changed}"),
        Answer("gh pr list --head renew/python --state open ", stdout=str(there)),
        Answer("git |gh "),
    ]
    return patch


def test_a_renewal_is_proposed_on_one_branch_and_tested(scripts: Scripts) -> None:
    patch = proposing(scripts)
    ran = scripts.run("propose", str(patch))
    assert ran.code == 0, ran.said
    assert [" ".join(line.split()[:3]) for line in ran.lines] == [
        "git apply --numstat", "git switch --force-create", "git apply --index", "git -c user.name=github-actions[bot]",
        "gh auth setup-git", "git push --quiet", "gh pr list", "gh pr create", "gh workflow run",
    ]  # fmt: skip
    assert "git push --quiet --force origin renew/python" in ran.lines
    assert ran.lines[-1] == "gh workflow run test.yaml --ref renew/python"
    scripts.stops_at_each_failure("propose", str(patch))


def test_a_proposal_that_is_open_is_not_made_twice(scripts: Scripts) -> None:
    ran = scripts.run("propose", str(proposing(scripts, there=1)))
    assert ran.code == 0
    assert [line for line in ran.lines if line.startswith("gh pr create")] == []
    assert ran.lines[-1] == "gh workflow run test.yaml --ref renew/python"


@pytest.mark.parametrize(
    "changed", [".github/workflows/release.yaml", "requirements/../Makefile", "requirements/{run.txt => x.py}"]
)
def test_a_patch_of_anything_else_is_refused(scripts: Scripts, changed: str) -> None:
    ran = scripts.run("propose", str(proposing(scripts, changed)))
    assert (ran.code, len(ran.lines)) == (1, 1)
    assert "changes more than requirements" in ran.said


@pytest.mark.parametrize(("other", "code"), [("requirements/dev.txt", 0), ("Makefile", 1)])
def test_git_itself_names_all_files_of_a_patch(scripts: Scripts, other: str, code: int) -> None:
    patch = proposing(scripts)
    names = ("requirements/run.txt", other)
    patch.write_text("".join(f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-a\n+b\n" for name in names))
    git = shutil.which("git")
    assert git
    scripts.answers = [Answer("git apply --numstat ", runs=git), *scripts.answers]
    assert scripts.run("propose", str(patch)).code == code


def test_nothing_to_renew_is_no_proposal(scripts: Scripts) -> None:
    empty = scripts.home / "lock.patch"
    empty.write_text("")
    assert (scripts.run("propose", str(empty)).lines) == []


def test_arm64_is_emulated_by_the_distribution(scripts: Scripts) -> None:
    scripts.answers = [Answer("sudo apt-get ")]
    lines = scripts.run("emulate-arm64").lines
    assert [line.split()[2] for line in lines] == ["update", "install"]
    assert lines[1].endswith(" binfmt-support qemu-user-static")
    scripts.stops_at_each_failure("emulate-arm64")


def test_root_tests_with_the_job_s_python_and_gives_back_what_it_wrote(scripts: Scripts) -> None:
    env = shutil.which("env")
    assert env
    scripts.answers = [Answer("make test$"), Answer("sudo env ", runs=env), Answer("sudo chown ")]
    ran = scripts.run("run-as-root", CI="true")
    assert ran.code == 0, ran.said
    path = f"PATH={scripts.home / 'bin'}:"
    tests, made, back = ran.lines
    assert tests.startswith(f"sudo env {path}")
    assert tests.endswith(f" HOME={scripts.home} CI=true .ci/run")
    assert made == "make test"
    assert back == f"sudo chown --recursive {os.getuid()}:{os.getgid()} . {scripts.home}/.cache/paramsync"
    assert (scripts.home / ".cache/paramsync").is_dir()

    scripts.answers[0] = Answer("make test$", code=3)
    failed = scripts.run("run-as-root", CI="true")
    assert (failed.code, failed.lines[-1]) == (3, back)
    scripts.answers[0] = Answer("make test$")
    scripts.stops_at_each_failure("run-as-root", CI="true", cleans="sudo chown ")


def test_root_runs_another_command_if_one_is_given(scripts: Scripts) -> None:
    scripts.answers = [Answer("sudo env "), Answer("sudo chown ")]
    ran = scripts.run("run-as-root", "make", "test-image", "ARCH=arm64", CI="true")
    assert ran.code == 0, ran.said
    assert ran.lines[0].endswith(f" HOME={scripts.home} CI=true make test-image ARCH=arm64")


def scanning(scripts: Scripts, seen: list[str], code: int = 0) -> None:
    """Docker has an image for amd64, and grype sees these packages in it."""
    saw = scripts.home / "seen.json"
    saw.write_text(json.dumps({"components": [{"name": "os"}, *({"purl": url} for url in seen)]}))
    grype = Answer("grype docker:paramsync:scanned ", code=code, writes={"cyclonedx-json=": str(saw)})
    scripts.answers = [*exporting(scripts, "amd64"), grype]


SEEN = ["pkg:pypi/ParamSync@1.2.3", "pkg:deb/debian/libc6@2.41-12?arch=amd64&upstream=glibc", "pkg:pypi/other@1"]


def test_a_scan_that_saw_everything_passes(scripts: Scripts) -> None:
    scanning(scripts, SEEN)
    ran = scripts.run("scan", "paramsync:scanned", "dist")
    assert ran.code == 0, ran.said
    assert "saw all 2 packages" in ran.said
    assert ran.lines[-1] == (
        "grype docker:paramsync:scanned --only-fixed --fail-on high --output table --output sarif=dist/scan.sarif "
        "--output cyclonedx-json=dist/seen.cdx.json"
    )
    quick(scripts)
    scripts.stops_at_each_failure("scan", "paramsync:scanned", "dist", cleans="docker rm ")


@pytest.mark.parametrize("seen", [[], SEEN[:1], SEEN[1:], [SEEN[0], "pkg:deb/debian/libc6@2.41-13"]])
def test_a_scan_that_missed_a_package_fails(scripts: Scripts, seen: list[str]) -> None:
    scanning(scripts, seen)
    quick(scripts)
    ran = scripts.run("scan", "paramsync:scanned", "dist")
    assert ran.code == 1
    assert "its verdict means nothing" in ran.said


def test_a_scan_that_found_something_fails(scripts: Scripts) -> None:
    scanning(scripts, SEEN, code=2)
    quick(scripts)
    assert scripts.run("scan", "paramsync:scanned", "dist").code == 2


@pytest.mark.parametrize("there", ["", "[]", "{"])
def test_a_scan_that_wrote_nothing_of_use_fails(scripts: Scripts, there: str) -> None:
    scanning(scripts, SEEN)
    quick(scripts)
    assert scripts.run("scan", "paramsync:scanned", "dist").code == 0
    if there:
        (scripts.home / "seen.json").write_text(there)
    else:
        scripts.answers[-1] = Answer("grype ")
    ran = scripts.run("scan", "paramsync:scanned", "dist")
    assert ran.code == 1
    assert "is no CycloneDX document" in ran.said


def test_every_script_is_tried_here() -> None:
    tried = set(re.findall(r'(?:\.run|stops_at_each_failure)\("([a-z0-9-]+)"', Path(__file__).read_text()))
    # `run` is make test, which runs this.
    assert {path.name for path in (ROOT / ".ci").iterdir()} == tried | {"run"}
