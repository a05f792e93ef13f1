"""Every command on the pages is run, at a real API server and a stand-in for AWS: `stand_in.py` says how."""

import os
import re

import pytest

from tests.documents.blocks import Block, Kind, all_blocks, script
from tests.documents.claims import ELSEWHERE, MENTIONS
from tests.documents.conftest import Reader, has_ssh_keygen
from tests.documents.images import shelf
from tests.image.image import Image


def scripts() -> list[Block]:
    """The commands of all pages that are run here, each once."""
    found: dict[str, Block] = {}
    for block in all_blocks(Kind.SCRIPT):
        if block.text not in MENTIONS and not block.text.startswith(tuple(ELSEWHERE)):
            found.setdefault(block.text, block)
    return list(found.values())


def is_of_images(block: Block) -> bool:
    return re.search(r"\bdocker ", script(block)) is not None


def do(reader: Reader, block: Block, *, patience: float = 60.0) -> None:
    commands = script(block)
    ran = reader.run(commands, patience=patience)
    assert ran.returncode == 0, f"{block.place}: {commands}\n{ran.stdout}{ran.stderr}"


@pytest.mark.parametrize("block", [each for each in scripts() if not is_of_images(each)], ids=lambda block: block.place)
def test_what_the_page_says_can_be_done(reader: Reader, block: Block) -> None:
    if "git tag" in block.text:
        need_ssh_keygen()
    do(reader, block)


@pytest.mark.parametrize("block", [each for each in scripts() if is_of_images(each)], ids=lambda block: block.place)
def test_what_the_page_says_of_images_can_be_done(reader: Reader, image: Image, block: Block) -> None:
    with shelf(image):
        do(reader, block, patience=240)  # a build whose layers are gone takes a minute
    # What pytest keeps of its last runs need not have 200 MB of it.
    (reader.checkout / "root.tar").unlink(missing_ok=True)


def need_ssh_keygen() -> None:
    """Skip what needs it where it is missing, but fail in a workflow, which could pass by that."""
    if not has_ssh_keygen():
        tell = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        tell("install OpenSSH's client: tags are signed by it")


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ("kubectl get psync payment-service -n nowhere", "not found"),
        ("kubectl annotate psync nobody -n payments paramsync.dev/refresh=1", "not found"),
        ("kubectl get psync -n payments --no-such-option", "unknown flag"),
        ("kubectl logs -l a=b --tail=-1 --no-such-option", "no-such-option"),
        ("kubectl logs deployment/paramsync -n paramsync", "one pod"),
        ("kubectl logs -n paramsync deploy/paramsync", "one pod"),
        ("kubectl logs -n paramsync -l app.kubernetes.io/name=paramsync", "--tail"),
        ('kubectl patch psync payment-service -n payments --type merge -p \'{"spec": {"mode": "Other"}}\'', "mode"),
        ("helm install paramsync deploy/helm/paramsync --set nothing=1", "nothing"),
        ("paramsync run --no-such-option", "no-such-option"),
        ("paramsync nothing", "nothing"),
        ("aws ssm put-parameter --name /a --type String", "Value"),
        ("aws ssm put-parameter --nme /a", "--nme"),
        ("aws ssm no-such-operation", "no-such-operation"),
        ("aws ssm put-parameter --name a//b --type Text --value x", "Text"),
        ("make nothing", "nothing"),
        ("aws iam create-role --role-name a --assume-role-policy-document '{\"Statement\": [{}]}'", "Action"),
        ("argocd app list", "argocd"),
        ("gh attestation verify oci://IMAGE", "repo"),
        ("gh attestation verify oci://IMAGE --repo paramsync", "invalid value provided for repo"),
        ("gh attestation verify oci://IMAGE --repo a/b --predicate-tpe c", "--predicate-tpe"),
        ("gh attestation vrify oci://IMAGE --repo a/b", "vrify"),
        ("cosign verify IMAGE --certificate-identty a", "--certificate-identty"),
        ("cosign verify IMAGE --certificate-identity", "requires an argument"),
        ("cosign verify IMAGE --check-claims=a", "does not take a value"),
        ("cosign verify IMAGE --max-workers many", "many"),
        ("cosign verify IMAGE --offline", "--offline"),
        ("cosign vrify IMAGE", "vrify"),
        ("cosign attach IMAGE", "cosign attach has no command"),
        ("git tag --sign v1 --no-such-option", "no-such-option"),
        ("git tag v1", "cannot verify a non-tag"),
        ("git rev-parse no-such-revision", "no-such-revision"),
        ("pip install paramsync", "No matching distribution"),
        ("pip install ./docs", "pyproject.toml"),
        ("pip install . --no-such-option", "no-such-option"),
        ("python -m deploy.image.sbom nothing.tar a.json", "nothing.tar"),
        ("python3 -m release version --tga v1", "--tga"),
        ("grep a < nothing.txt", "nothing.txt"),
        ("false; true", ""),
    ],
)
def test_what_cannot_be_done_is_found(reader: Reader, commands: str, told: str) -> None:
    ran = reader.run(commands)
    assert ran.returncode != 0
    assert told in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ("docker build --no-such-option .", "no-such-option"),
        ("docker build --tag registry.example.com/paramsync:0.1.0 docs", "Dockerfile"),
        ("docker buildx build --platform linux/arm64 --no-such-option .", "no-such-option"),
        ("docker buildx build --platform linux/arm64 docs", "docs has no Dockerfile"),
        ("docker push registry.example.com/nothing:1", "registry.example.com/nothing"),
        ("docker run IMAGE nothing", "nothing"),
        ("docker create registry.example.com/nothing:1", "registry.example.com/nothing"),
        ("docker export nothing > root.tar", "nothing"),
        ("docker login registry.example.com", "login"),
    ],
)
def test_what_cannot_be_done_with_images_is_found(reader: Reader, image: Image, commands: str, told: str) -> None:
    with shelf(image):
        ran = reader.run(commands, patience=240)
    assert ran.returncode != 0
    assert told in ran.stdout + ran.stderr


def test_nothing_is_changed(reader: Reader) -> None:
    def versions() -> str:
        what = "psync,secrets,configmaps,deployments,crds"
        return reader.cluster.kubectl("get", what, "-A", "-o", "jsonpath={.items[*].metadata.resourceVersion}")

    before = versions()
    for commands in (
        "kubectl delete psync --all --all-namespaces --cascade=orphan",
        "kubectl annotate psync payment-service -n payments a=b",
        "helm uninstall paramsync -n paramsync",
        "kubectl delete -f crds/",
    ):
        assert reader.run(commands).returncode == 0
    assert versions() == before
