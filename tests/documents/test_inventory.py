"""No code on the pages is left out: each block is a manifest that is applied, commands that are run, or known."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.documents.blocks import Block, Kind, all_blocks, begins_command, blocks, pages, script
from tests.documents.claims import ELSEWHERE, FRAGMENTS, MENTIONS, PLACEHOLDERS, SAMPLES, TEXTS

EXAMPLES = [path.parent for path in (ROOT / "docs" / "examples").glob("*/sync.yaml")]
"""As tests/e2e/test_examples.py finds them."""


def unclaimed(found: list[Block]) -> list[str]:
    """The blocks that say in no way what they are."""
    return [block.place for block in found if block.kind is Kind.TEXT and not block.text.startswith(tuple(TEXTS))]


def test_every_block_is_claimed() -> None:
    assert unclaimed([block for page in pages() for block in blocks(page)]) == []


def looks_like_more(block: Block) -> bool:
    """Whether a block that calls itself data has a manifest or begins with a command."""
    return re.search(r"^\s*apiVersion: ", block.text, re.MULTILINE) is not None or begins_command(block.text)


def test_no_manifest_or_command_is_called_something_else() -> None:
    data = [block for kind in (Kind.DATA, Kind.TEXT) for block in all_blocks(kind)]
    assert [block.place for block in data if looks_like_more(block)] == []
    assert looks_like_more(Block("page.md", 1, "text", "one:\n  apiVersion: v1\n"))
    assert looks_like_more(Block("page.md", 1, "text", "kubectl get psync\n"))


def test_files_beside_the_pages_are_examples_that_are_applied() -> None:
    applied = {example / name.name for example in EXAMPLES for name in example.glob("*.yaml")}
    beside = {path for path in (ROOT / "docs").rglob("*") if path.is_file() and path.suffix != ".md"}
    assert beside - applied == set()


def test_there_are_blocks_of_all_kinds() -> None:
    counts = {kind: len(all_blocks(kind)) for kind in Kind}
    assert counts[Kind.YAML] > 30
    assert counts[Kind.SCRIPT] > 60
    assert counts[Kind.JSON] > 5


def test_commands_of_a_shell_are_commands() -> None:
    # Else what is fenced as a shell's, and is none, would be run.
    assert [block.place for block in all_blocks(Kind.SCRIPT) if not script(block).strip()] == []


def begun(beginnings: dict[str, str], kind: Kind) -> list[str]:
    """The beginnings that no block has."""
    texts = [block.text for block in all_blocks(kind)]
    return [beginning for beginning in beginnings if not any(text.startswith(beginning) for text in texts)]


def test_every_exception_is_still_needed() -> None:
    scripts = [block.text for block in all_blocks(Kind.SCRIPT)]
    documents = [each for block in all_blocks(Kind.YAML) for each in yaml.safe_load_all(block.text) if each]
    assert begun(dict(TEXTS), Kind.TEXT) == []
    assert begun(dict(SAMPLES), Kind.DATA) == []
    assert begun(dict(ELSEWHERE), Kind.SCRIPT) == []
    assert [mention for mention in MENTIONS if mention not in scripts] == []
    assert [key for key in FRAGMENTS if not any(key in each for each in documents)] == []
    assert [word for word in PLACEHOLDERS if not any(word in text for text in scripts)] == []


def test_every_exception_has_a_reason() -> None:
    tables = (ELSEWHERE, FRAGMENTS, MENTIONS, SAMPLES, TEXTS)
    assert all(reason for table in tables for reason in table.values())


PAGE = """# Page

Run `kubectl get psync -n a` or `kubectl apply`, and `not a command`.

    frobnicate --all

1. One:

       kubectl get crd

   ```yaml
   a: 1
   ```

```text
shown
```

    $ kubectl get psync \\
        -n a
    NAME   READY
    $ make test
"""


def test_blocks_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    found = list(blocks(tmp_path / "page.md", tmp_path))
    kinds = [(block.line, block.kind) for block in found]
    assert kinds == [
        (3, Kind.SCRIPT),
        (5, Kind.TEXT),
        (9, Kind.SCRIPT),
        (11, Kind.YAML),
        (15, Kind.DATA),
        (19, Kind.SCRIPT),
    ]
    assert unclaimed(found) == ["page.md:5"]
    assert script(found[-1]) == "kubectl get psync -n a\nmake test"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kubectl get a\n\nerror: b\n", "kubectl get a"),
        ("kubectl get a\nkubectl get b\n", "kubectl get a\nkubectl get b\n"),
        ("# first\nkubectl get a\n\n# then\nhelm b", "# first\nkubectl get a\n# then\nhelm b"),
    ],
)
def test_output_is_no_command(text: str, expected: str) -> None:
    assert script(Block("page.md", 1, "sh", text)).strip() == expected.strip()
