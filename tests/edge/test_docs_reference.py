"""The documentation says what the code does: each test fails when one of them moves without the other."""

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml
from pydantic import BaseModel, ValidationError

import paramsync
from deploy.helm.values import Part
from deploy.reference.generating import generated
from paramsync import __version__
from paramsync.api.base import API_VERSION, Model
from paramsync.api.errors import explain
from paramsync.api.status import SyncStatus
from paramsync.api.store_status import StoreStatus
from paramsync.api.stores import (
    ClusterParameterStore,
    ClusterParameterStoreSpec,
    ParameterStore,
    ParameterStoreSpec,
)
from paramsync.api.sync import ParameterSync, ParameterSyncSpec
from paramsync.cli.run import run
from paramsync.core.actions import ActionKind
from paramsync.core.guard.chain import RULES
from paramsync.core.objects import ADOPT_ANNOTATION, OUR_ANNOTATIONS
from paramsync.core.reasons import Nature, Reason
from paramsync.core.remedies import anchor
from paramsync.core.report import APPROVE
from paramsync.core.trackers import TRACKERS
from paramsync.runtime.logs import PARTS
from paramsync.runtime.metrics.definitions import GROUPS
from paramsync.runtime.settings import Settings
from paramsync.runtime.syncs import REFRESH_ANNOTATION
from tests.edge.policies import ACCOUNT, POLICIES, installed, policies, release
from tests.rights.comparing import ALL, BINDINGS, EVERYWHERE, ROLES, Right, granted_to
from tests.unit.full_metrics import full_metrics

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

KINDS: Mapping[str, type[Model]] = {
    model.__name__: model for model in (ParameterSync, ClusterParameterStore, ParameterStore)
}

PLACES: Mapping[str, str | None] = {
    "everywhere": EVERYWHERE,
    "in each": "payments",
    "in its own": "paramsync",
    "not": None,
}
"""The namespace of a right, as the table of rights says where it holds; None: it is not given."""

CODE = re.compile(r"`([^`]+)`")
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text())


def headings(page: Path, level: int) -> list[str]:
    return [text for marks, text in HEADING.findall(prose(page)) if len(marks) == level]


def table(page: Path) -> dict[str, list[str]]:
    """The rows of all tables of a page by their first cell, for those whose first cell is code."""
    rows = (
        re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in prose(page).splitlines() if line.startswith("| `")
    )
    return {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in rows}


def yaml_documents(page: Path) -> Iterator[Any]:
    for indent, language, text in FENCE.findall(page.read_text()):
        if language == "yaml":
            flush = "\n".join(line.removeprefix(indent) for line in text.splitlines())
            yield from (document for document in yaml.safe_load_all(flush) if document is not None)


def all_documents() -> list[tuple[str, Any]]:
    return [(page_id(page), document) for page in PAGES for document in yaml_documents(page)]


def model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model within a field's annotation, if there is one, and whether the field is a list of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    found = ((model_in(each)[0], annotation) for each in get_args(annotation))
    for model, _ in found:
        if model is not None:
            return model, "tuple" in str(annotation)
    return None, False


def fields(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """The paths of all fields of a model, as a user writes them: ``spec.sources[].path``."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield path
        inner, is_list = model_in(field.annotation)
        if inner is not None:
            yield from fields(inner, f"{path}[]." if is_list else f"{path}.")


def test_every_reason_has_a_section_and_every_section_is_a_reason() -> None:
    sections = headings(REFERENCE / "reasons.md", 3)

    assert sorted(sections) == sorted(Reason)


@pytest.mark.parametrize("page", generated(), ids=page_id)
def test_what_is_generated_is_fresh(page: Path) -> None:
    assert page.read_text() == generated()[page], "run make reference"


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_s_anchor_is_its_section(reason: Reason) -> None:
    page, _, fragment = anchor(reason).partition("#")

    assert ROOT / page == REFERENCE / "reasons.md"
    assert fragment in slugs(ROOT / page)


def test_the_table_of_natures_is_that_of_the_code() -> None:
    lines = [line for line in prose(REFERENCE / "reasons.md").splitlines() if line.startswith("| ")]
    rows = {cells[1].strip(): set(re.findall(r"`(\w+)`", cells[2])) for cells in (line.split("|") for line in lines)}

    for nature in set(Nature) - {Nature.PERSON}:
        assert rows[nature] == {reason for reason in Reason if reason.nature is nature}
    assert "all others" in next(line for line in lines if line.startswith(f"| {Nature.PERSON} "))


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("parametersync.md", [*fields(ParameterSyncSpec, "spec."), *fields(SyncStatus, "status.")]),
        ("clusterparameterstore.md", [*fields(ClusterParameterStoreSpec, "spec."), *fields(StoreStatus, "status.")]),
        # The fields of a store have a page of their own.
        ("settings.md", [path for path in fields(Settings, "") if not path.startswith("stores.")]),
        ("parameterstore.md", [*fields(ParameterStoreSpec, "spec."), *fields(StoreStatus, "status.")]),
    ],
)
def test_every_field_has_a_row_and_every_row_is_a_field(page: str, expected: list[str]) -> None:
    documented = [row for row in table(REFERENCE / page) if not row.startswith("paramsync.dev/")]

    assert sorted(documented) == sorted(expected)


def test_every_rule_of_the_guard_and_every_action_has_a_row() -> None:
    documented = table(DOCS / "guard.md")

    assert documented.keys() == {*ActionKind, "replace", *(rule.__name__ for rule in RULES)}


def test_every_annotation_has_a_row() -> None:
    documented = {row for row in table(REFERENCE / "parametersync.md") if row.startswith("paramsync.dev/")}

    assert documented == {REFRESH_ANNOTATION, APPROVE, ADOPT_ANNOTATION, *OUR_ANNOTATIONS}


def test_every_metric_has_a_row_with_its_type_and_its_labels() -> None:
    rows = {name: cells[:2] for name, cells in table(REFERENCE / "metrics.md").items()}

    assert {name: (kind, tuple(CODE.findall(labels))) for name, (kind, labels) in rows.items()} == {
        each.name: (each.kind, each.labels) for group in GROUPS.values() for each in group
    }


async def test_every_metric_that_is_exported_is_on_the_page() -> None:
    text = (REFERENCE / "metrics.md").read_text()
    exported = re.findall(r"^# HELP (\w+) ", full_metrics().page().decode(), re.MULTILINE)

    assert len(exported) > 30
    assert [name for name in exported if f"`{name}`" not in text] == []


def test_every_metric_that_any_page_names_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"\bparamsync_[a-z_]+", page.read_text())}
    defined = {each.name: each.kind for group in GROUPS.values() for each in group}
    parts = {
        f"{name}_{part}" for name in defined for part in ("bucket", "count", "sum") if defined[name] == "histogram"
    }

    assert sorted(named - defined.keys() - parts) == []


def test_every_option_has_a_row_with_its_default() -> None:
    rows = {row.split(" ")[0]: cells for row, cells in table(DOCS / "install.md").items() if row.startswith("--")}
    options = {each.opts[0]: each for each in run.params if isinstance(each, click.Option)}

    assert sorted(rows) == sorted(options)
    for name in ("--listen-port", "--metrics-port", "--log-format"):
        assert rows[name][0] == str(options[name].default)
    assert [rows["--log-level"][0]] == options["--log-level"].default


def test_every_part_of_the_log_has_a_row_and_is_told_by_the_option_and_the_chart() -> None:
    (option,) = (each for each in run.params if each.name == "levels")
    assert isinstance(option, click.Option)
    assert set(get_args(Part)) == set(PARTS)
    assert all(part in str(option.help) for part in PARTS)
    assert set(table(DOCS / "logging.md")) & set(PARTS) == set(PARTS)


def test_every_message_of_info_and_above_has_a_row_with_its_level() -> None:
    rows = {message: cells[0] for message, cells in table(DOCS / "logging.md").items() if cells[0] in LEVELS}

    assert rows == {message: level for message, level in messages() if level in LEVELS}


LEVELS = ("info", "warning", "error", "critical")


def messages() -> Iterator[tuple[str, str]]:
    """The messages of the code, each with the level at which it is logged."""
    for path in Path(paramsync.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)).startswith("log."):
                level = {"log": "info", "exception": "error"}.get(
                    called.removeprefix("log."), called.removeprefix("log.")
                )
                text = node.args[1 if called == "log.log" else 0]
                for each in (text.body, text.orelse) if isinstance(text, ast.IfExp) else (text,):
                    yield ast.literal_eval(each), level


def test_every_example_of_ours_is_valid() -> None:
    examples = [(page, document) for page, document in all_documents() if document.get("apiVersion") == API_VERSION]

    assert {document["kind"] for _, document in examples} == set(KINDS)
    for page, document in examples:
        content = {key: document[key] for key in document if key not in ("apiVersion", "kind", "metadata")}
        try:
            KINDS[document["kind"]].model_validate(content)
        except ValidationError as error:
            pytest.fail(f"an example in {page}: {explain(error)}")


def test_every_example_of_the_settings_is_valid() -> None:
    documents = [document for _, document in all_documents() if "image" not in document]
    within = [
        document["data"]["settings.yaml"] for document in documents if "settings.yaml" in document.get("data", {})
    ]
    examples = [each for each in [*documents, *map(yaml.safe_load, within)] if "stores" in each]

    assert len(examples) >= 2
    for example in examples:
        Settings.model_validate(example)


@pytest.mark.usefixtures("helm_program")
@pytest.mark.parametrize("roles_in", [(), ("payments",)], ids=["everywhere", "payments"])
def test_the_roles_in_the_install_page_are_those_of_the_chart(roles_in: tuple[str, ...]) -> None:
    documents = [each for each in yaml_documents(DOCS / "install.md") if each.get("kind") in ROLES | BINDINGS]
    other = "ClusterRole" if roles_in else "payments"
    documented = [each for each in documents if other not in (each["kind"].removesuffix("Binding"), home_of(each))]

    rendered = installed("paramsync", *roles_in)

    assert granted_to(documented, "paramsync", ACCOUNT) == granted_to(rendered, "paramsync", ACCOUNT)


def home_of(document: Any) -> str | None:
    """The namespace of an object."""
    found: str | None = document["metadata"].get("namespace")
    return found


@pytest.mark.usefixtures("helm_program")
@pytest.mark.parametrize("roles_in", [(), ("payments",)], ids=["everywhere", "payments"])
def test_every_right_of_the_chart_has_its_row_and_every_row_is_a_right(roles_in: tuple[str, ...]) -> None:
    rows = list(rows_of_rights("payments" if roles_in else EVERYWHERE))

    rendered = installed("paramsync", *roles_in)

    assert all(why for _, why in rows)
    assert sorted(right for right, _ in rows) == sorted(granted_to(rendered, "paramsync", ACCOUNT))


def rows_of_rights(mode: str) -> Iterator[tuple[Right, str]]:
    """What the table of rights says of an installation for one namespace, or for all: each right and its reason."""
    section = (DOCS / "install.md").read_text().partition("\n## Rights\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        if not line.startswith("| `"):
            continue
        resources, verbs, everywhere, some, why = (cell.strip() for cell in line.strip("|").split("|"))
        place = PLACES[some if mode else everywhere]
        for resource, verb in product(CODE.findall(resources.partition(" named ")[0]), CODE.findall(verbs)):
            plain, _, group = resource.partition(".")
            name = "".join(CODE.findall(resources.partition(" named ")[2])) or ALL
            if place is not None:
                yield Right(group, plain, verb, name, place), why


def test_every_rule_of_the_policies_has_a_row_under_its_policy() -> None:
    page = (DOCS / "policies.md").read_text()
    cells = [[cell.strip() for cell in line.split("|")[1:3]] for line in page.splitlines() if line.startswith("| ")]
    documented: list[tuple[str, str]] = []
    for first, message in cells:
        if first.startswith("`") or not first:
            documented.append((first.strip("`") or documented[-1][0], message))

    shipped = [each for each in yaml.safe_load_all(POLICIES.read_text()) if "validations" in each["spec"]]
    assert documented == [
        (policy["metadata"]["name"], rule["message"]) for policy in shipped for rule in policy["spec"]["validations"]
    ]


@pytest.mark.usefixtures("helm_program")
def test_the_policies_are_adapted_as_the_page_says() -> None:
    (command,) = re.findall(r"^    (sed -e .*?) \|", (DOCS / "policies.md").read_text(), re.MULTILINE | re.DOTALL)
    for word, text in (("NAMESPACE", "home"), ("ACCOUNT", ACCOUNT), ("RELEASE", release("home"))):
        command = command.replace(word, text)

    adapted = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert by_name(yaml.safe_load_all(adapted)) == by_name(policies("home"))


def by_name(objects: Iterable[Any]) -> dict[tuple[str, str], Any]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def test_the_pages_speak_of_this_version() -> None:
    text = (DOCS / "install.md").read_text()

    assert {*re.findall(r"/paramsync:([0-9.]+[0-9])", text)} == {__version__}


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    texts = (text for _, text in HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in slugs(target), link


def test_the_index_lists_every_page() -> None:
    listed = {(DOCS / link).resolve() for link in LINK.findall(prose(DOCS / "index.md"))}

    assert sorted({*DOCS.rglob("*.md")} - {DOCS / "index.md"} - listed) == []


def test_every_mark_of_a_tool_is_on_the_page_about_taking_over() -> None:
    text = (DOCS / "take-over.md").read_text()

    for tracker in TRACKERS:
        for name in (*tracker.labels, *tracker.annotations):
            prefix, _, last = name.partition("/")
            assert name in text or (f"{prefix}/" in text and f"`…/{last}`" in text), name
        assert tracker.controller is None or f"`{tracker.controller[1]}`" in text, tracker.tool
