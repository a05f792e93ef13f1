"""What a browser makes of a page of the site, as far as the tests ask."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}
"""Elements that a browser loads something for, and the attribute that says what."""

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NO_PROSE = {"a", "code", "pre", "script", "style", "h1", "h2", "h3"}


@dataclass
class Read:
    """A page."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    blocks: Counter[str] = field(default_factory=Counter)
    """How many elements of each kind the article has."""
    prose: list[str] = field(default_factory=list)
    """The texts of the article outside of headings, links and code."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "article" in self._open:
            self.read.blocks[tag] += 1
        if "id" in given:
            self.read.anchors.add(given["id"])
        self.read.classes.update(given.get("class", "").split())
        if tag == "a" and "href" in given:
            self.read.links.append(given["href"])
        if given.get(LOADED.get(tag, "")):
            self.read.loaded.append(given[LOADED[tag]])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "article" in self._open and not NO_PROSE.intersection(self._open):
            self.read.prose.append(data)


def read(page: Path) -> Read:
    """Read a page of HTML."""
    reader = _Reader()
    reader.feed(page.read_text())
    reader.close()
    return reader.read


def pages(site: Path) -> Iterator[Path]:
    """All pages of a site but the one that is shown for what is not there."""
    yield from sorted(page for page in site.rglob("*.html") if page.name != "404.html")
