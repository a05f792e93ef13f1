"""What MkDocs calls while it builds the site (``hooks`` in mkdocs.yml)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from deploy.site.links import DOCS, copied_to, rewritten, targets
from deploy.site.lists import widened

ROOT: Final = Path(__file__).parents[2]
SHOWN: Final = ("SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")
"""What is in the site's navigation although it lies beside docs/."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to beside docs/, and what that links to in its turn."""
    waiting = [*SHOWN, *_linked_from(*files.documentation_pages())]
    while waiting:
        path = waiting.pop()
        found = ROOT / path
        if path.startswith(f"{DOCS}/") or not found.exists():
            continue  # a page of the site, or a link that leads nowhere: MkDocs warns of it
        if files.get_file_from_path(copied_to(path, _is_folder)) is not None:
            continue
        if found.is_dir():
            listing = File.generated(config, copied_to(path, _is_folder), content=_listing(found))
            files.append(listing)
            waiting += _linked_from(listing)
        else:
            copy = File.generated(config, copied_to(path, _is_folder), abs_src_path=str(found))
            files.append(copy)
            waiting += _linked_from(copy)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links and lists mean on the site what they mean in the repository."""
    del config, files  # MkDocs passes them by name
    return widened(rewritten(markdown, page.file.src_uri, _is_folder))


def _linked_from(*pages: File) -> Iterator[str]:
    for page in pages:
        if page.is_documentation_page():
            yield from targets(page.content_string, page.src_uri)


def _is_folder(path: str) -> bool:
    return (ROOT / path).is_dir()


def _listing(folder: Path) -> str:
    """A page that links to every file of a folder."""
    name = folder.relative_to(ROOT).as_posix()
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return f"# {name}\n\n" + "\n".join(f"- [{path}]({path})" for path in paths) + "\n"
