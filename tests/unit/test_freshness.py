"""Why what stands in the cluster is not newer."""

import pytest

from paramsync.api.status import PlannedAction, Problem, SyncStatus
from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.freshness import Asked, hindrances, of_key, remarks, rhythm
from paramsync.core.tracing import KeyTrace, Part

from .builders import CONFIG_MAP, STRING

Json = dict[str, object]


def spec(**fields: object) -> ParameterSyncSpec:
    return ParameterSyncSpec.model_validate({"sources": [{"path": "/prod/pay"}], **fields})


def asked(made: ParameterSyncSpec | None, *, refresh: str | None = None, deleting: bool = False) -> Asked:
    return Asked(made, "spec.x: y" if made is None else "", 2, refresh, deleting)


def status(reason: str = "Synced", ready: str = "True", **fields: object) -> SyncStatus:
    condition = {
        "type": "Ready",
        "status": ready,
        "reason": reason,
        "message": "as it is",
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }
    return SyncStatus.model_validate({"observedGeneration": 2, "conditions": [condition], **fields})


STRETCHED = Problem(reason="IntervalStretched", subject="the account", message="All intervals are longer")
SUSPECT = Problem(reason="LooksSecret", subject="/prod/pay/host", message="It looks like a credential")
NEWER = Problem(reason="OfAnotherVersion", subject="/prod/pay/host", message="Who knows")
SEALED = Problem(reason="DecryptionFailed", subject="/prod/pay/host", message="It cannot be decrypted")


@pytest.mark.parametrize(
    ("of", "found", "said"),
    [
        (asked(spec()), status(), []),
        (asked(spec(), refresh="1"), status(lastHandledRefresh="1"), []),
        (asked(spec(), deleting=True), status(), ["it is being deleted"]),
        (
            asked(None),
            status("InvalidSpec", "False"),
            [
                "its spec is not valid: spec.x: y",
                "InvalidSpec since 2026",
                "what to do about InvalidSpec: Correct the field",
            ],
        ),
        (asked(spec(suspend=True)), status("Suspended"), ["it is suspended"]),
        (asked(spec(mode="Plan")), status("Planned"), ["its mode is Plan"]),
        (asked(spec()), SyncStatus(), ["the operator has not looked at it yet"]),
        (asked(spec(suspend=True)), SyncStatus(), ["it is suspended", "the operator has not looked at it yet"]),
        (asked(spec()), status(observedGeneration=1), ["the operator has not acted on the latest change of its spec"]),
        (asked(spec(), refresh="2"), status(lastHandledRefresh="1"), ["a refresh was asked for and has not been done"]),
        (
            asked(spec()),
            status("AccessDenied", "False"),
            ["AccessDenied since 2026-03-01T12:00:00Z: as it is", "what to do about AccessDenied: Allow the action"],
        ),
        (asked(spec()), status("Throttled"), ["Throttled: as it is", "what to do about Throttled: Wait"]),
        (asked(spec()), status(problems=[STRETCHED]), ["All intervals are longer"]),
    ],
)
def test_what_hinders_a_sync(of: Asked, found: SyncStatus, said: list[str]) -> None:
    told = hindrances(of, found)
    assert len(told) == len(said)
    for text, begin in zip(told, said, strict=True):
        assert text.startswith(begin)


def test_when_a_change_would_be_seen() -> None:
    (rate,) = rhythm(spec())
    assert rate.startswith("Parameter Store is read every 5m; a change is written when it has stood for 3 s")
    rate, label = rhythm(spec(interval="1h", sources=[{"path": "/a"}, {"path": "/b", "versionLabel": "live"}]))
    assert "every 1h" in rate
    assert label.startswith("below /b the versions with the label live are read")


def planned(*, held: bool | None) -> PlannedAction:
    return PlannedAction(action="remove", kind="ConfigMap", name="app", key="HOST", reason="it is gone", held=held)


PART = Part("/prod/pay/host", STRING, 1, None, None, (), None, ())


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (KeyTrace(CONFIG_MAP, "HOST", STRING), []),
        (
            KeyTrace(CONFIG_MAP, "HOST", None, planned=planned(held=True)),
            ["remove is held until it is approved: it is"],
        ),
        (
            KeyTrace(CONFIG_MAP, "HOST", None, planned=planned(held=None)),
            ["remove waits with what is held, for nothing is written before that is approved: it is gone"],
        ),
        (KeyTrace(CONFIG_MAP, "HOST", STRING, editors=("helm", "kubectl")), ["helm, kubectl wrote this key, too"]),
        (KeyTrace(CONFIG_MAP, "HOST", STRING, parts=(PART,)), ["DecryptionFailed: It cannot be decrypted"]),
    ],
)
def test_what_hinders_a_key(key: KeyTrace, said: list[str]) -> None:
    told = of_key(key, status("RemovalBlocked", "False", problems=[STRETCHED, SEALED], plan={"digest": "d"}))
    assert len(told) == len(said)
    for text, begin in zip(told, said, strict=True):
        assert text.startswith(begin)


def test_what_is_worth_knowing_hinders_nothing() -> None:
    key = KeyTrace(CONFIG_MAP, "HOST", STRING, parts=(PART,))
    said = status(problems=[SUSPECT, STRETCHED, SEALED, NEWER])
    assert of_key(key, said) == ("DecryptionFailed: It cannot be decrypted", "OfAnotherVersion: Who knows")
    assert remarks(key, said) == ("LooksSecret: It looks like a credential",)


@pytest.mark.parametrize(("digest", "only_plans"), [(None, False), ("d", True)])
def test_what_no_hold_keeps_back_is_planned(digest: str | None, only_plans: bool) -> None:
    key = KeyTrace(CONFIG_MAP, "HOST", None, planned=planned(held=None))
    told = of_key(key, status("Planned", plan={"digest": digest}), only_plans=only_plans)
    assert told == ("remove is planned: it is gone",)
