"""`paramsync approve`, `refresh`, `suspend` and `resume` as they stand on the pages, with an operator that answers."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import AccountKubeconfig
from tests.documents.blocks import Block, Kind, all_blocks, script
from tests.documents.claims import MENTIONS
from tests.documents.stand_in import ASKS
from tests.e2e.scene import SOON, Scene
from tests.running.command import CHANGE, person, run

DIGEST = re.compile(r"\b[0-9a-f]{16}\b")
APPROVAL = "approve"


def commands(block: Block) -> list[list[str]]:
    """The words of the commands that ask for something, without the program's name."""
    lines = [shlex.split(line, comments=True) for line in script(block).splitlines()]
    return [words[1:] for words in lines if words[0] == "paramsync" and words[1] in ASKS]


BLOCKS = [block for block in all_blocks(Kind.SCRIPT) if block.text not in MENTIONS and commands(block)]


@pytest.fixture
def developer(scene: Scene) -> Iterator[AccountKubeconfig]:
    """Somebody who may change syncs, and see no target."""
    with person(scene.syncs.cluster, scene.syncs.namespace, CHANGE) as kubeconfig:
        yield kubeconfig


def of(scene: Scene, words: list[str], digest: str) -> list[str]:
    """A command of a page, about the sync of this test."""
    mine = {"payments": scene.syncs.namespace, "payment-service": "app"}
    mine |= {"payments/payment-service": f"{scene.syncs.namespace}/app"}
    return [digest if DIGEST.fullmatch(word) else mine.get(word, word) for word in words]


def held(scene: Scene) -> str:
    """Have the guard hold something, without which a target would have no key; its digest."""
    target = {"kind": "ConfigMap", "name": "app", "include": ["nothing"]}
    scene.syncs.patch("app", {"spec": {"targets": [target]}})
    digest: str = scene.syncs.wait_reason("app", "RemovalBlocked", SOON)["status"]["plan"]["digest"]
    return digest


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_what_the_page_asks_for_is_done(scene: Scene, developer: AccountKubeconfig, block: Block) -> None:
    scene.put("app/host", "db")
    scene.synced("app", interval="1h", targets=[{"kind": "ConfigMap", "name": "app"}])
    digest = held(scene) if any(words[0] == APPROVAL for words in commands(block)) else ""
    for words in commands(block):
        done = run(developer, *of(scene, words, digest), says="y\n")
        assert done.exit_code == 0, f"{block.place}: {done.output}"
    scene.syncs.wait_reason("app", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "app") == ({} if digest else {"HOST": "db"})


def test_all_that_asks_is_on_the_pages() -> None:
    assert {words[0] for block in BLOCKS for words in commands(block)} == ASKS
