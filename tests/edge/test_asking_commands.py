"""``approve``, ``suspend`` and their like where no operator runs: what they write, warn of, and refuse."""

import json
from collections.abc import Callable

import click
import pytest
import yaml
from click.testing import Result

from tests.running.command import run
from tests.running.objects import Json, Syncs

APPROVE = "paramsync.dev/approve"
MERGE = "application/merge-patch+json"
ACTION: Json = {
    "action": "remove",
    "kind": "ConfigMap",
    "name": "app",
    "key": "HOST",
    "parameter": "/prod/pay/host",
    "version": 3,
    "reason": "the parameter is gone",
    "held": True,
}


def held(syncs: Syncs, digest: str | None, *, other: Json | None = None, **more: object) -> None:
    """Write a status with a plan, as the operator does."""
    plan = {"digest": digest, "actions": [{**ACTION, **more}, *([] if other is None else [other])]}
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "RemovalBlocked",
        "message": "1 of 3 parameters would be removed",
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }
    status = {"observedGeneration": 1, "conditions": [condition], "plan": plan}
    syncs.cluster.request("PATCH", f"{syncs.path('app')}/status", {"status": status}, content_type=MERGE)


@pytest.fixture
def command(syncs: Syncs) -> Callable[..., Result]:
    syncs.create("app", "/prod/pay")
    return lambda name, *more, says=None: run(
        syncs.cluster.kubeconfig, name, f"{syncs.namespace}/app", *more, says=says
    )


def annotations(syncs: Syncs) -> dict[str, str]:
    found: dict[str, str] = syncs.get("app")["metadata"].get("annotations", {})
    return found


@pytest.mark.parametrize(
    ("marks", "tool"),
    [
        ({"labels": {"argocd.argoproj.io/instance": "pay"}}, "Argo CD"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "pay:x"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "pay"}}, "Flux"),
        ({}, None),
    ],
)
def test_who_puts_the_field_back_is_told(
    syncs: Syncs, command: Callable[..., Result], marks: Json, tool: str | None
) -> None:
    syncs.patch("app", {"metadata": marks})
    for name, field in (("suspend", "suspend: true"), ("resume", "no suspend")):
        result = command(name)
        assert result.exit_code == 0
        assert (f"warning: {tool} manages this sync" in result.stderr) == (tool is not None)
        assert (f"write {field} into Git" in result.stderr) == (tool is not None)


def test_what_is_so_is_said_to_be_so(syncs: Syncs, command: Callable[..., Result]) -> None:
    name = f"ParameterSync {syncs.namespace}/app"
    assert command("resume").stdout == f"{name} is not suspended\n"
    assert command("suspend").stdout == f"{name} is suspended\n"
    assert command("suspend").stdout == f"{name} is suspended already\n"
    assert command("resume").stdout == f"{name} is resumed\n"


def test_an_operator_that_does_nothing_is_not_waited_for_without_end(command: Callable[..., Result]) -> None:
    assert command("refresh", "--wait", "--timeout", "nan").exit_code == 1
    result = command("refresh", "--wait", "--timeout", "0")
    assert result.exit_code == 1
    assert "the operator has not done it within 0 s: see whether it runs (paramsync doctor)" in result.stderr
    assert "Pending: Waiting for the operator" in result.stderr


def test_what_is_held_is_shown(syncs: Syncs, command: Callable[..., Result]) -> None:
    held(syncs, "0123456789abcdef", reason="gone \x1b[31m")
    result = command("approve", says="n\n")
    assert result.exit_code == 1
    assert "RemovalBlocked: 1 of 3 parameters would be removed" in result.stdout
    cells = ("remove", "ConfigMap app", "HOST", "/prod/pay/host", "3", "gone")
    assert any(all(cell in line for cell in cells) for line in result.stdout.splitlines())
    assert "\x1b" not in result.stdout, "what others wrote does not steer a terminal"
    assert annotations(syncs) == {}


def test_what_waits_with_it_is_shown_too(syncs: Syncs, command: Callable[..., Result]) -> None:
    held(syncs, "0123456789abcdef", other={**ACTION, "action": "change", "key": "URL", "held": None})
    result = command("approve", says="n\n")
    shown, _, waiting = result.stdout.partition("These wait with it, and are carried out as well:")
    assert ("HOST" in shown, "URL" in shown, "HOST" in waiting, "URL" in waiting) == (True, False, False, True)
    assert result.stdout.index("URL") < result.stdout.index("Approve this?")


def test_nothing_held_is_nothing_to_approve(command: Callable[..., Result]) -> None:
    result = command("approve", "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing is held; Pending: Waiting for the operator" in result.stderr


def while_asked(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Something changes while the person thinks about the question, and says yes then."""

    def confirm(text: str, *, abort: bool) -> bool:
        assert (text, abort) == ("Approve this?", True)
        change()
        return True

    monkeypatch.setattr(click, "confirm", confirm)


def test_another_change_of_the_sync_voids_nothing(
    syncs: Syncs, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    held(syncs, "0123456789abcdef")
    while_asked(monkeypatch, lambda: syncs.patch("app", {"metadata": {"labels": {"a": "b"}}}))
    assert command("approve").exit_code == 0
    assert annotations(syncs) == {APPROVE: "0123456789abcdef"}


@pytest.mark.parametrize("digest", ["fedcba9876543210", None])
def test_what_was_not_shown_is_not_approved(
    syncs: Syncs, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, digest: str | None
) -> None:
    held(syncs, "0123456789abcdef")
    while_asked(monkeypatch, lambda: held(syncs, digest))
    result = command("approve")
    assert result.exit_code == 1
    assert ("what is held now has the digest fedcba9876543210" if digest else "nothing is held") in result.stderr
    assert annotations(syncs) == {}


def document(result: Result) -> Json:
    """What a command tells programs, on its own in the standard output."""
    found: Json = json.loads(result.stdout)
    return found


def test_programs_are_told_what_would_be_approved_and_nothing_is(syncs: Syncs, command: Callable[..., Result]) -> None:
    held(syncs, "0123456789abcdef", other={**ACTION, "action": "change", "key": "URL", "held": None})
    result = command("approve", "-o", "json")
    assert result.exit_code == 0
    found = document(result)
    told = {name: value for name, value in ACTION.items() if name != "held"}
    assert (found["held"], found["waiting"]) == ([told], [{**told, "action": "change", "key": "URL"}])
    assert (found["namespace"], found["name"], found["digest"]) == (syncs.namespace, "app", "0123456789abcdef")
    assert (found["approved"], found["omitted"]) == (False, 0)
    assert found["why"] == "RemovalBlocked: 1 of 3 parameters would be removed"
    assert annotations(syncs) == {}
    assert command("approve", "-o", "json", "--wait").exit_code == 1, "there is nothing to wait for"
    assert annotations(syncs) == {}


def test_programs_are_told_what_was_approved(syncs: Syncs, command: Callable[..., Result]) -> None:
    held(syncs, "0123456789abcdef")
    result = command("approve", "--yes", "-o", "yaml")
    found = yaml.safe_load(result.stdout)
    assert (result.exit_code, found["approved"], found["done"], found["message"]) == (0, True, None, None)
    assert [each["key"] for each in found["held"]] == ["HOST"]
    assert annotations(syncs) == {APPROVE: "0123456789abcdef"}
    late = command("approve", "--yes", "-o", "json", "--wait", "--timeout", "0")
    assert (late.exit_code, document(late)["done"]) == (1, False)
    assert "the operator has not done it within 0 s" in document(late)["message"]
    assert document(late)["message"] in late.stderr


def test_programs_are_told_what_was_asked_for(syncs: Syncs, command: Callable[..., Result]) -> None:
    refreshed = document(command("refresh", "-o", "json"))
    assert refreshed["refresh"] == annotations(syncs)["paramsync.dev/refresh"]
    assert (refreshed["namespace"], refreshed["name"], refreshed["done"]) == (syncs.namespace, "app", None)
    for name, state, changes in (
        ("suspend", True, True),
        ("suspend", True, False),
        ("resume", False, True),
        ("resume", False, False),
    ):
        found = document(command(name, "-o", "json"))
        assert (found["suspend"], found["changed"], found["done"]) == (state, changes, None)
    command("suspend")
    put_off = command("refresh", "-o", "json")
    assert (put_off.exit_code, document(put_off)["done"]) == (0, False)
    assert document(put_off)["message"].startswith("It is not done yet: spec.suspend is true")
    waited = command("refresh", "-o", "json", "--wait")
    assert (waited.exit_code, document(waited)["done"]) == (1, False)
    assert "spec.suspend is true" in waited.stderr
