"""What docs/contract.md shows is what is said."""

import json
import re
from pathlib import Path

import pytest
import yaml

from paramsync.api.contract import Contract
from paramsync.api.sync import ParameterSyncSpec, ParameterType
from paramsync.core.contract import MOST_STEPS, violations
from paramsync.core.parameters import Snapshot
from paramsync.core.suspicion import looks_secret

from .builders import parameter, planned, selected, snapshot

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
PATH = "/prod/payment-service"
SPEC = ParameterSyncSpec.model_validate(yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])["spec"])
SAID: list[tuple[str, str, str, str]] = re.findall(
    r"^\| `([^`]+)` \| (String|SecureString) \| `([^`]+)` \| (?:`(\w+)` )?\|$", PAGE, re.MULTILINE
)
EXPRESSIONS: list[tuple[str, str, str]] = re.findall(
    r'^\| `([^`]+)` \| `(".*?")` \| (matches|does not match) \|$', PAGE, re.MULTILINE
)
LOOKS: list[tuple[str, str, str]] = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| (an? [^|`]+)?\|$", PAGE, re.MULTILINE)


def listed(without: str = "") -> Snapshot:
    return snapshot(
        *(
            parameter(f"{PATH}/{name}", value, kind=ParameterType(kind))
            for name, kind, value, reason in SAID
            if not without or reason != without
        ),
        path=PATH,
    )


def test_the_tables_are_read_whole() -> None:
    # Each table with its head and the line below it; the one of the terms has 4 rows.
    assert len(SAID) + len(EXPRESSIONS) + len(LOOKS) + 4 + 4 * 2 == len(re.findall(r"^\|", PAGE, re.MULTILINE))


def test_the_sync_of_the_page_says_what_the_page_says() -> None:
    plan = planned(listed(), spec=SPEC)
    kept = planned(listed(without="ContractViolated"), spec=SPEC.model_copy(update={"contract": contract_without_db()}))
    said = {each.subject.removeprefix(f"{PATH}/"): each.reason.value for each in (*plan.problems, *kept.notes)}
    assert said == {name: reason for name, _, _, reason in SAID if reason}


def contract_without_db() -> Contract:
    """The contract of the page, but for what is required: notes are there where nothing is violated."""
    assert SPEC.contract is not None
    return SPEC.contract.model_copy(update={"required": None})


@pytest.mark.parametrize(("pattern", "value", "result"), EXPRESSIONS)
def test_an_expression_does_what_the_page_says(pattern: str, value: str, result: str) -> None:
    found = violations(Contract(match={"a": pattern}), {"a": selected(parameter("/prod/pay/a", json.loads(value)))})
    assert (not found) == (result == "matches")


@pytest.mark.parametrize(("name", "value", "kind"), LOOKS)
def test_what_looks_like_a_credential_is_reported(name: str, value: str, kind: str) -> None:
    found = looks_secret({name: selected(parameter(f"/prod/pay/{name}", value))}, ())
    assert [f"like {kind.strip()}:" in each.message or f"of {kind.strip()}:" in each.message for each in found] == (
        [True] if kind else []
    )


def test_the_bound_is_that_of_the_page() -> None:
    assert f"{MOST_STEPS:,}" in PAGE
    many = {str(n): selected(parameter(f"/prod/pay/{n}", "b" * 40)) for n in range(2000)}
    assert violations(Contract(match={"*": "^.{1,255}$"}), many) == ()
