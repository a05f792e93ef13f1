"""Links of the pages: those out of docs/ lead to copies of the repository's files on the site.

So they need no address of the repository, and show the files of the version that the pages speak of.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Final

DOCS: Final = "docs"
COPIES: Final = "repository"
"""The folder of the site with the repository's files that lie beside docs/."""

LINK: Final = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|(?P<open>\]\(\s*)(?P<target>[^)\s]+)(?P<close>\s*\))", re.DOTALL
)


def leads_away(target: str) -> bool:
    """Whether a link's target is no file of the repository: another site, or an anchor of the same page."""
    return target.startswith("#") or re.match(r"[a-z]+:", target) is not None


def in_repository(site_path: str) -> str:
    """The path in the repository of a file of the site."""
    if site_path.startswith(f"{COPIES}/"):
        return site_path.removeprefix(f"{COPIES}/")
    return posixpath.join(DOCS, site_path)


def copied_to(path: str, is_folder: Callable[[str], bool]) -> str:
    """The path on the site of a file of the repository. A folder beside docs/ has a page that lists its files."""
    if path.startswith(f"{DOCS}/"):
        return path.removeprefix(f"{DOCS}/")
    return posixpath.join(COPIES, path, "index.md" if is_folder(path) else "").rstrip("/")


def targets(markdown: str, site_path: str) -> Iterator[str]:
    """The repository's paths that a page of the site links to, without their anchors."""
    for link in LINK.finditer(markdown):
        if link["target"] and not leads_away(link["target"]):
            yield _resolved(link["target"], site_path)[0]


def rewritten(markdown: str, site_path: str, is_folder: Callable[[str], bool]) -> str:
    """A page's text with links that lead to the same files on the site."""

    def replace(link: re.Match[str]) -> str:
        if not link["target"] or leads_away(link["target"]):
            return link[0]
        path, anchor = _resolved(link["target"], site_path)
        relative = posixpath.relpath(copied_to(path, is_folder), posixpath.dirname(site_path) or ".")
        # On one line: Python-Markdown takes no link whose target stands on the next.
        return f"]({relative}{anchor})"

    return LINK.sub(replace, markdown)


def _resolved(target: str, site_path: str) -> tuple[str, str]:
    """The repository's path of a link's target, and its anchor with the ``#``."""
    name, mark, anchor = target.partition("#")
    folder = posixpath.dirname(in_repository(site_path))
    return posixpath.normpath(posixpath.join(folder, name)), mark + anchor
