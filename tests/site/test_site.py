"""The site is built with warnings as errors, loads nothing from elsewhere, and shows what the repository shows."""

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from markdown_it import MarkdownIt

from deploy.site.links import LINK
from tests.conftest import ROOT
from tests.site.conftest import Built, build_site
from tests.site.reading import pages, read

MARKUP = re.compile(r"\]\(|\*\*|`|^\s*(?:#+|\||[-*]|\d+\.) \S", re.MULTILINE)
"""Markdown that has stayed as it was: the repository's view and Python-Markdown do not agree on it."""


def test_each_page_of_the_documentation_is_on_the_site(site: Path) -> None:
    wanted = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    made = {page.relative_to(site).as_posix() for page in pages(site)}
    assert {re.sub(r"README\.html$", "index.html", path) for path in wanted} - made == set()


def test_a_browser_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {where for page in pages(site) for where in read(page).loaded}
    assert loaded, "styles and scripts of the site itself"
    assert [where for where in loaded if urlsplit(where).scheme or where.startswith("//")] == []
    styles = "".join(sheet.read_text() for sheet in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//[^)]*", styles) == []


def test_no_page_has_what_the_theme_s_scripts_load_more_for(site: Path) -> None:
    # Material's bundle fetches Mermaid for elements of this class, and nothing else of other hosts.
    assert [page.name for page in pages(site) if "mermaid" in read(page).classes] == []


def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    found = {page.resolve(): read(page) for page in pages(site)}
    lost = []
    for page, content in found.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not target.is_file() or (
                parts.fragment and target in found and unquote(parts.fragment) not in found[target].anchors
            ):
                lost.append((page.name, link))
    assert lost == []


def test_files_beside_the_documentation_are_copied(site: Path) -> None:
    for path in ("deploy/image/packages.txt", "deploy/argocd/team/sync.yaml"):
        assert (site / "repository" / path).read_text() == (ROOT / path).read_text()
    listing = read(site / "repository" / "deploy" / "argocd" / "index.html")
    assert "team/sync.yaml" in listing.links


def test_no_markup_is_left_in_the_text(site: Path) -> None:
    left = {
        page.relative_to(site).as_posix(): found
        for page in pages(site)
        if (found := [text for text in read(page).prose if MARKUP.search(text)])
    }
    assert left == {}


BLOCKS = ("h1", "h2", "h3", "pre", "ul", "ol", "li", "table", "tr", "td")


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_the_site_shows_the_blocks_that_the_repository_shows(site: Path, page: Path) -> None:
    made = site / page.relative_to(ROOT / "docs").with_name(
        "index.html" if page.stem == "README" else f"{page.stem}.html"
    )
    shown = MarkdownIt("commonmark").enable("table").render(page.read_text())
    expected = {tag: len(re.findall(rf"<{tag}[ >]", shown)) for tag in BLOCKS}
    assert {tag: read(made).blocks[tag] for tag in BLOCKS} == expected


def test_the_navigation_names_every_page_once() -> None:
    # The part before it has a tag that only MkDocs' own loader carries out.
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2])
    named = [leaf for leaf in leaves(nav) if not leaf.startswith("repository/")]
    assert sorted(named) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


def leaves(tree: object) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, dict):
        tree = list(tree.values())
    assert isinstance(tree, list)
    return [leaf for each in tree for leaf in leaves(each)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the site is built from, to be spoilt."""
    for name in ("docs", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def spoil(copy: Path, text: str) -> Built:
    with (copy / "docs" / "limits.md").open("a") as page:
        page.write(text)
    return build_site(copy / "mkdocs.yml", copy / "site")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n[x](nowhere.md)\n", "nowhere.md"),
        ("\n[x](install.md#nowhere)\n", "nowhere"),
        ("\n[x](../deploy/nowhere.yaml)\n", "nowhere.yaml"),
        ("\n[x](../SECURITY.md#nowhere)\n", "nowhere"),
    ],
)
def test_a_link_that_leads_nowhere_fails_the_build(copy: Path, text: str, told: str) -> None:
    built = spoil(copy, text)
    assert built.returncode != 0
    assert told in built.stderr


def test_a_page_that_the_navigation_lacks_fails_the_build(copy: Path) -> None:
    (copy / "docs" / "new.md").write_text("# New\n")
    built = spoil(copy, "")
    assert built.returncode != 0
    assert "new.md" in built.stderr


def test_links_to_copies_are_rewritten_and_code_is_not() -> None:
    # The expression that finds links passes over code.
    text = "`[a](b.md)` [c](d.md)\n```\n[e](f.md)\n```\n"
    assert [link["target"] for link in LINK.finditer(text) if link["target"]] == ["d.md"]
