"""Every command on the pages is run, at a real API server and a stand-in for AWS: `stand_in.py` says how."""

import pytest

from tests.documents.blocks import Block, Kind, all_blocks, script
from tests.documents.claims import ELSEWHERE, MENTIONS
from tests.documents.conftest import Reader


def scripts() -> list[Block]:
    """The commands of all pages that are run here, each once."""
    found: dict[str, Block] = {}
    for block in all_blocks(Kind.SCRIPT):
        if block.text not in MENTIONS and not block.text.startswith(tuple(ELSEWHERE)):
            found.setdefault(block.text, block)
    return list(found.values())


@pytest.mark.parametrize("block", scripts(), ids=lambda block: block.place)
def test_what_the_page_says_can_be_done(reader: Reader, block: Block) -> None:
    commands = script(block)
    ran = reader.run(commands)
    assert ran.returncode == 0, f"{block.place}: {commands}\n{ran.stdout}{ran.stderr}"


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ("kubectl get psync payment-service -n nowhere", "not found"),
        ("kubectl annotate psync nobody -n payments paramsync.dev/refresh=1", "not found"),
        ("kubectl get psync -n payments --no-such-option", "unknown flag"),
        ("kubectl logs deployment/paramsync --no-such-option", "no-such-option"),
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
        ("grep a < nothing.txt", "nothing.txt"),
        ("false; true", ""),
    ],
)
def test_what_cannot_be_done_is_found(reader: Reader, commands: str, told: str) -> None:
    ran = reader.run(commands)
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
