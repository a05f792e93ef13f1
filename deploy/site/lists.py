"""Lists as CommonMark indents them, for Python-Markdown, which wants four spaces whatever the marker's width is."""

import re
from typing import Final

WIDTH: Final = 4
"""Spaces by which Python-Markdown wants what belongs to an item to be indented."""

ITEM: Final = re.compile(r"(?:[-*]|\d+\.) +(?=\S)")
FENCE: Final = re.compile(r"```+")


def widened(markdown: str) -> str:
    """The same text, with what belongs to list items indented by four spaces for each level."""
    return "\n".join(_widened(markdown.split("\n")))


def _widened(lines: list[str]) -> list[str]:
    made: list[str] = []
    at = 0
    while at < len(lines):
        if FENCE.match(lines[at]):
            end = _after_fence(lines, at)
            made += lines[at:end]
        elif item := ITEM.match(lines[at]):
            end = _after_item(lines, at, len(item[0]))
            rest = [line[len(item[0]) :] if _indent(line) else line for line in lines[at + 1 : end]]
            made += [lines[at], *(" " * WIDTH + line if line else line for line in _widened(rest))]
        else:
            end = at + 1
            made.append(lines[at])
        at = end
    return made


def _after_fence(lines: list[str], start: int) -> int:
    """The line after a block of code that begins at a line."""
    for at in range(start + 1, len(lines)):
        if FENCE.fullmatch(lines[at].rstrip()):
            return at + 1
    return len(lines)


def _after_item(lines: list[str], start: int, width: int) -> int:
    """The line after the item that begins at a line: where the text is no longer indented, but for blank lines."""
    end = start + 1
    for at in range(start + 1, len(lines)):
        if not lines[at].strip():
            continue
        if _indent(lines[at]) < width:
            break
        end = at + 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
