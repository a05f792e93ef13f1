"""What the repository says of itself is true: make targets, lock files, licence and the examples in the documents."""

import re
import subprocess
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from paramsync.api.base import API_VERSION, Model
from paramsync.api.stores import ClusterParameterStore, ParameterStore
from paramsync.api.sync import ParameterSync
from paramsync.core.routing import routes
from paramsync.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
KINDS: dict[str, type[Model]] = {
    model.__name__: model for model in (ParameterSync, ClusterParameterStore, ParameterStore)
}


@cache
def files() -> tuple[Path, ...]:
    """All files of the repository, without what .gitignore names."""
    ignored = [".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split())]

    def kept(directory: Path) -> Iterator[Path]:
        for path in sorted(directory.iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in ignored):
                continue
            if path.is_dir():
                yield from kept(path)
            else:
                yield path

    return tuple(kept(ROOT))


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Registries

# In parts, or their beginnings alone, so that this file does not name them.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("goproxy", "io"),
        ("goproxy", "cn"),
        ("registry", "npm"),
        ("registry", "yarn"),
        ("anaconda", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
    )
] + ["_".join(parts) for parts in (("PIP", "INDEX"), ("UV", "INDEX"), ("PIP", "EXTRA"), ("UV", "DEFAULT"))]
OPTIONS = ["-".join(parts) for parts in (("--index", "url"), ("--extra-index", "url"), ("--find", "links"))]
VARIABLES = ["GO" + rest for rest in ("PROXY", "NOSUMDB", "SUMDB", "PRIVATE", "INSECURE")]


@pytest.mark.parametrize("forbidden", [*REGISTRIES, *OPTIONS, *VARIABLES])
def test_packages_come_from_wherever_the_clients_are_set_to_get_them(forbidden: str) -> None:
    # The option that keeps an index out of the lock files names it.
    exception = f"--no-emit-{OPTIONS[0].removeprefix('--')}"
    found = [
        relative(path)
        for path in files()
        if re.search(rf"(?<![\w]){re.escape(forbidden)}", path.read_text(errors="replace").replace(exception, ""))
    ]
    assert found == []


# Make


@cache
def phony() -> frozenset[str]:
    lines = re.findall(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return frozenset(" ".join(lines).split())


def test_make_help_lists_every_target_with_what_it_does() -> None:
    shown = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", shown.stdout, re.MULTILINE))
    assert listed.keys() == phony()
    assert len(listed) == len(shown.stdout.splitlines())


def test_make_alone_shows_the_help() -> None:
    commands = [["make", "--no-print-directory", "--dry-run", *goals] for goals in ([], ["help"])]
    alone, asked = (subprocess.run(each, cwd=ROOT, capture_output=True, text=True).stdout for each in commands)
    assert alone == asked != ""


def targets_in(text: str) -> set[str]:
    """The make targets that a document tells its reader to run, in code or in a line of its own."""
    settings = r"(?:[A-Z_]+=\S+ +)*"
    inline = re.findall(rf"`{settings}make +([a-z][a-z-]*)[^`]*`", text)
    lines = re.findall(rf"^\s*(?:\$ +)?{settings}make +([a-z][a-z-]*)", "\n".join(code_lines(text)), re.MULTILINE)
    return {*inline, *lines}


def code_lines(text: str) -> Iterator[str]:
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line


def test_targets_are_found_in_documents() -> None:
    text = "make sense\n\n    make one\n    $ A=1 make two B=2\n\n`make three`, `K=1 make four`\n```\nmake five\n```\n"
    assert targets_in(text) == {"one", "two", "three", "four", "five"}


def test_the_make_targets_in_the_documents_exist() -> None:
    used = {relative(path): targets_in(path.read_text()) for path in documents()}
    assert {document: targets - phony() for document, targets in used.items() if targets - phony()} == {}
    assert {"demo", "test"} <= used["README.md"]


# Dependencies


@dataclass(frozen=True)
class Locked:
    """One requirement of a lock file."""

    name: str
    version: Version
    hashes: tuple[str, ...]


def locked(file: str) -> dict[str, tuple[Locked, ...]]:
    """A lock file, by normalised name; every line of it must be understood.

    A package may be locked in several versions, each for other versions of Python.
    """
    found: dict[str, tuple[Locked, ...]] = {}
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "requirements" / file).read_text(), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        specification, *options = re.split(r"\s+(?=--)", line.strip())
        requirement = Requirement(specification)
        (pin,) = requirement.specifier
        assert (pin.operator, requirement.url) == ("==", None), line
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), line
        name = canonicalize_name(requirement.name)
        assert name not in found or requirement.marker is not None, f"{file} locks {name} twice"
        found[name] = (*found.get(name, ()), Locked(name, Version(pin.version), tuple(options)))
    return found


def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


LOCK_FILES = ("run.txt", "dev.txt", "uv.txt", "build.txt")


def test_every_lock_file_is_known_here() -> None:
    assert {path.name for path in (ROOT / "requirements").iterdir()} == set(LOCK_FILES)


@pytest.mark.parametrize("file", LOCK_FILES)
def test_every_requirement_is_pinned_and_hashed(file: str) -> None:
    assert {each.name for locks in locked(file).values() for each in locks if not each.hashes} == set()
    assert locked(file)


def unsatisfied(wanted: list[str], file: str) -> list[str]:
    found = locked(file)
    requirements = map(Requirement, wanted)
    return [
        str(each)
        for each in requirements
        if not (locks := found.get(canonicalize_name(each.name)))
        or not all(each.specifier.contains(lock.version, prereleases=True) for lock in locks)
    ]


def test_the_dependencies_are_locked_in_versions_that_the_project_allows() -> None:
    assert unsatisfied(project()["project"]["dependencies"], "run.txt") == []
    assert unsatisfied(project()["dependency-groups"]["dev"], "dev.txt") == []
    assert unsatisfied(project()["build-system"]["requires"], "dev.txt") == []


def test_tests_run_with_the_versions_that_users_get() -> None:
    run, development = locked("run.txt"), locked("dev.txt")
    assert {name: lock for name, lock in run.items() if development.get(name) != lock} == {}
    assert locked("uv.txt") == {"uv": development["uv"]}


def test_every_dependency_has_an_upper_bound() -> None:
    dependencies = map(Requirement, project()["project"]["dependencies"])
    assert [str(each) for each in dependencies if not any(s.operator == "<" for s in each.specifier)] == []


# Licence


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.split()[:6] == ["Apache", "License", "Version", "2.0,", "January", "2004"]
    assert "END OF TERMS AND CONDITIONS" in text
    assert project()["project"]["license"] == "Apache-2.0"
    assert project()["project"]["license-files"] == ["LICENSE"]


# Examples


@dataclass(frozen=True)
class Example:
    """A YAML document in a document."""

    place: str
    content: Any


def examples(path: Path) -> Iterator[Example]:
    """The YAML documents of a Markdown file's fenced blocks."""
    text = path.read_text()
    fence = re.compile(r"^(?P<indent> *)```ya?ml\b[^\n]*\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
    for block in fence.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        for content in yaml.safe_load_all(textwrap.dedent(block["body"])):
            yield Example(f"{relative(path)}:{line}", content)


def is_ours(content: Any) -> bool:
    return isinstance(content, dict) and str(content.get("apiVersion", "")).startswith("paramsync.dev")


def validate(content: dict[str, Any]) -> None:
    """Check an example of ours as the operator would; the API server checks name, kind and version."""
    assert content["apiVersion"] == API_VERSION
    assert content["metadata"]["name"]
    parts = {key: value for key, value in content.items() if key not in {"apiVersion", "kind", "metadata"}}
    valid = KINDS[content["kind"]].model_validate(parts)
    if isinstance(valid, ParameterSync):
        assert routes(valid.spec, content["metadata"]["name"])


def all_examples() -> list[Example]:
    return [example for path in documents() for example in examples(path)]


OURS = [example for example in all_examples() if is_ours(example.content)]
STORES = [example for example in all_examples() if isinstance(example.content, dict) and "stores" in example.content]
SETTINGS = [example for example in STORES if "image" not in example.content]
"""With an image they are values of the chart, which tests/helm/test_documents.py tries."""


def test_the_readme_shows_a_sync() -> None:
    assert "ParameterSync" in {each.content["kind"] for each in OURS if each.place.startswith("README.md:")}


@pytest.mark.parametrize("example", OURS, ids=lambda example: example.place)
def test_an_example_in_the_documents_is_valid(example: Example) -> None:
    validate(example.content)


@pytest.mark.parametrize("example", SETTINGS, ids=lambda example: example.place)
def test_an_example_of_a_settings_file_is_valid(example: Example) -> None:
    Settings.model_validate(example.content)


def test_an_example_that_is_not_valid_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = "apiVersion: paramsync.dev/v1alpha1\n  kind: ParameterSync\n  metadata: {name: a}\n  spec:"
    text = (
        f"- one\n\n  ```yaml\n  {good} {{sources: [{{path: /a}}]}}\n  ---\n  {good} {{sources: [{{pth: /a}}]}}\n  ```\n"
    )
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(text)
    first, second = examples(tmp_path / "page.md")
    assert (first.place, is_ours(second.content)) == ("page.md:3", True)
    validate(first.content)
    with pytest.raises(ValueError, match="pth"):
        validate(second.content)
