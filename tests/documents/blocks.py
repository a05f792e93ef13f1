"""What stands in code on the pages: which of it is a manifest, a command, or neither."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

from tests.conftest import ROOT
from tests.documents.claims import SAMPLES

PROGRAMS: Final = frozenset(
    {
        *(
            "argocd",
            "aws",
            "cat",
            "cd",
            "cosign",
            "docker",
            "eksctl",
            "eval",
            "export",
            "flux",
            "gh",
            "git",
            "helm",
            "kubectl",
        ),
        *("kustomize", "make", "paramsync", "pip", "promtool", "python", "python3", "sed", "terraform"),
    }
)
"""Words with which commands begin. Where one is missing, its block is a text, which must be known."""

SHELLS: Final = frozenset(("sh", "bash", "shell", "console"))
WORDS: Final = 3
"""From so many words on, code within a sentence is a command to be run, and not the name of one."""


class Kind(StrEnum):
    """What a block is."""

    YAML = "YAML"
    JSON = "JSON"
    SCRIPT = "script"
    DATA = "data"
    """In a language that is neither: its fence says so."""
    TEXT = "text"
    """Nothing says what it is."""


@dataclass(frozen=True)
class Block:
    """Code on a page: a block of its own, or within a sentence."""

    page: str
    line: int
    language: str
    text: str
    inline: bool = False

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def kind(self) -> Kind:
        if self.text.startswith(tuple(SAMPLES)):
            return Kind.DATA
        if self.language in ("yaml", "yml"):
            return Kind.YAML
        if self.language == "json":
            return Kind.JSON
        if self.language in SHELLS or begins_command(self.text):
            return Kind.SCRIPT
        return Kind.DATA if self.language else Kind.TEXT


def pages() -> list[Path]:
    """All pages that users read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, root: Path = ROOT) -> Iterator[Block]:
    """The blocks of code of a page, and the commands within its sentences."""
    name = page.relative_to(root).as_posix()
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        line = token.map[0] + 1 if token.map else 0
        if token.type in ("fence", "code_block"):
            yield Block(name, line, token.info.split(" ")[0] if token.info else "", token.content)
        for child in token.children or ():
            if child.type == "code_inline" and begins_command(child.content) and len(child.content.split()) >= WORDS:
                yield Block(name, line, "", child.content, inline=True)


def all_blocks(kind: Kind) -> list[Block]:
    """The blocks of a kind of all pages."""
    return [block for page in pages() for block in blocks(page) if block.kind is kind]


def begins_command(text: str) -> bool:
    """Whether a text begins with a command."""
    text = re.sub(r"\A(?:#.*\n)+", "", text.lstrip("\n"))  # comments
    words = text.removeprefix("$ ").split(maxsplit=1)
    return bool(words) and (
        words[0] in PROGRAMS or re.match(r"[A-Z_]+=\S+ (?:make|paramsync|kubectl)\b", text) is not None
    )


def script(block: Block) -> str:
    """The commands of a block, without the output that it may show.

    Where a line begins with ``$``, the commands are such lines; else the paragraphs that begin with a command.
    """
    joined = re.sub(r"\\\n\s*", "", block.text)
    lines = joined.splitlines()
    if any(line.startswith("$ ") for line in lines):
        return "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    return "\n".join(paragraph for paragraph in re.split(r"\n{2,}", joined) if begins_command(paragraph))
