"""Programs that read files as applications do: one process for many files, and a line for a question or an answer."""

import base64
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import strategies as st

Content = TypeVar("Content")

CHARACTERS = (
    "\r\n\t \"'`\\#=:!$(){}[]&;|*?~%,.-_<>@^/\0\x01\x07\b\v\f\x1b\x7f\x80\x85\xa0\u2028\u2029\ufeff\ufffe\uffff"
)
"""What some format or other sees something in."""

PIECES = (
    "\r\n",
    "${",
    "${HOME}",
    "$HOME",
    "$(id)",
    "`id`",
    "\\n",
    "\\r",
    "\\u0041",
    "\\\\",
    "\\'",
    " #",
    "ß",
    "😀",
    "é",
)

WORDS = (
    "",
    "true",
    "False",
    "yes",
    "NO",
    "on",
    "null",
    "~",
    "1",
    "1.0",
    "0o17",
    "017",
    "1:30",
    "1e3",
    ".inf",
    "2026-11-28",
    "<<",
    "=",
    "---",
    "...",
    "- a",
    "a: b",
    "{}",
    "[]",
    "#",
    "&a",
    "*a",
    "!!int 1",
    "|",
    ">",
    "%YAML",
    "export A=1",
)
"""What some format or other takes for something that is not a text, or for the end of it."""

texts = st.sampled_from(WORDS) | st.lists(
    st.sampled_from(CHARACTERS) | st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"]), max_size=12
).map("".join)


@dataclass(frozen=True)
class Reader:
    """A running program."""

    process: subprocess.Popen[str]

    def answer(self, question: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def entries(self, text: str) -> dict[str, str]:
        """What it reads in a file. Everything goes in Base64, and the answer alternates names and values."""
        *words, end = self.answer(encoded(text)).split(" ")
        assert end == "end"
        decoded = [base64.b64decode(word).decode() for word in words]
        return dict(zip(decoded[::2], decoded[1::2], strict=True))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@contextmanager
def started(command: Sequence[str]) -> Iterator[Reader]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii") as process:
        try:
            yield Reader(process)
        finally:
            process.kill()


def leaves(tree: object, above: tuple[str, ...] = ()) -> dict[str, object]:
    """A nested file by relative names."""
    if not isinstance(tree, dict):
        return {"/".join(above): tree}
    return {name: value for key, each in tree.items() for name, value in leaves(each, (*above, key)).items()}


def nestings(contents: st.SearchStrategy[Content]) -> st.SearchStrategy[dict[str, Content]]:
    """Contents by relative names, none of which is a branch as well; any text may be a segment."""
    segments = texts.map(lambda text: text.replace("/", "|"))
    relatives = st.lists(st.sampled_from("ab") | segments, min_size=1, max_size=4).map("/".join)
    return st.dictionaries(relatives, contents, max_size=6).map(_without_branches)


def _without_branches(values: dict[str, Content]) -> dict[str, Content]:
    return {name: value for name, value in values.items() if not any(other.startswith(f"{name}/") for other in values)}
