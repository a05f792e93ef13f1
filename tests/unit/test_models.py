"""What a user writes and reads: strict, immutable, and never quoted."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from paramsync.api.sources import Source
from paramsync.api.status import ConditionType, SyncStatus
from paramsync.api.stores import ClusterParameterStore, ParameterStore
from paramsync.api.sync import ParameterSync, ParameterSyncSpec, Target

from .builders import condition, source, spec, status

SYNC: dict[str, Any] = {"spec": {"sources": [{"path": "/prod/pay"}]}}


def test_defaults_live_in_the_models() -> None:
    made = ParameterSync.model_validate(SYNC).spec
    assert made.store_of(made.sources[0]).name == "default"
    assert made.interval_seconds == 300
    assert made.is_suspended is False
    assert made.sources[0].is_recursive is True
    assert made.sources[0].is_optional is False


def test_what_is_given_counts() -> None:
    made = ParameterSyncSpec.model_validate(
        {
            "sources": [{"path": "/prod/pay", "recursive": False, "optional": True}],
            "storeRef": {"kind": "ClusterParameterStore", "name": "main"},
            "interval": "1h30m",
            "suspend": True,
        }
    )
    assert (made.store_of(made.sources[0]).name, made.interval_seconds, made.is_suspended) == ("main", 5400, True)
    assert (made.sources[0].is_recursive, made.sources[0].is_optional) == (False, True)


def test_a_store_that_is_named_by_kind_alone_is_the_default() -> None:
    made = ParameterSyncSpec.model_validate({**SYNC["spec"], "storeRef": {"kind": "ClusterParameterStore"}})
    assert made.store_of(made.sources[0]).name == "default"


def test_what_was_not_written_is_not_written_back() -> None:
    assert ParameterSync.model_validate(SYNC).model_dump(mode="json", exclude_none=True) == SYNC


def test_a_store_serves_nobody_by_default() -> None:
    made = ClusterParameterStore.model_validate({"spec": {}})
    assert (made.spec.access, made.spec.region, made.spec.endpoint, made.spec.role_arn) == ((), None, None, None)


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (ParameterSync, {**SYNC, "data": {}}),
        (ParameterSync, {"spec": {**SYNC["spec"], "source": []}}),
        (ParameterSync, {"spec": {"sources": [{"path": "/a", "Recursive": True}]}}),
        (ParameterSync, {"spec": {**SYNC["spec"], "targets": [{"kind": "Secret", "namespace": "kube-system"}]}}),
        (ParameterSync, {"spec": {**SYNC["spec"], "storeRef": {"name": "a", "namespace": "b"}}}),
        (ClusterParameterStore, {"spec": {"roleARN": "x"}}),
        (ClusterParameterStore, {"spec": {"access": [{"namespaces": ["a"], "paths": ["/a"], "verbs": []}]}}),
    ],
    ids=["object", "spec", "source", "target", "store reference", "store", "access rule"],
)
def test_unknown_fields_are_refused(model: type[BaseModel], document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate(document)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "sources"),
        ({"sources": []}, "sources"),
        ({"sources": [{"path": f"/{number}"} for number in range(17)]}, "sources"),
        ({"sources": [{}]}, "path"),
        ({"sources": [{"path": "/a"}, {"path": "/a"}]}, "listed twice"),
        ({"sources": [{"path": "/a"}, {"path": "/a", "recursive": True}]}, "listed twice"),
        ({**SYNC["spec"], "targets": []}, "targets"),
        ({**SYNC["spec"], "targets": [{"kind": "Secret", "name": f"n{number}"} for number in range(17)]}, "targets"),
        ({**SYNC["spec"], "targets": [{"kind": "Secret"}, {"kind": "Secret"}]}, "same object"),
        ({**SYNC["spec"], "targets": [{"kind": "Pod"}]}, "kind"),
        ({**SYNC["spec"], "targets": [{"kind": "Secret", "types": []}]}, "types"),
        ({**SYNC["spec"], "targets": [{"kind": "Secret", "types": ["secureString"]}]}, "types"),
        ({**SYNC["spec"], "targets": [{"kind": "Secret", "name": "Not_A_Name"}]}, "name"),
        ({**SYNC["spec"], "storeRef": {"kind": "SecretStore"}}, "storeRef.kind"),
        ({**SYNC["spec"], "interval": "5"}, "interval"),
    ],
)
def test_what_cannot_work_is_refused_where_it_stands(document: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError, match=place):
        ParameterSyncSpec.model_validate(document)


def test_one_path_may_be_read_with_and_without_its_levels() -> None:
    made = spec(source("/a"), source("/a", recursive=False))
    assert [each.is_recursive for each in made.sources] == [True, False]


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (Source, {"path": "hunter2 "}),
        (Source, {"path": ["hunter2"]}),
        (Source, {"path": "/a", "optional": "hunter2"}),
        (Target, {"kind": "hunter2"}),
        (Target, {"kind": "Secret", "name": "hunter2!"}),
        (Target, "hunter2"),
        (ParameterSyncSpec, {"sources": "hunter2"}),
        (ParameterSyncSpec, {**SYNC["spec"], "interval": "hunter2"}),
        (ParameterSyncSpec, {"sources": [{"path": "/hunter2"}, {"path": "/hunter2"}]}),
        (ClusterParameterStore, {"spec": {"endpoint": "http://user:hunter2@example.com"}}),
        (ClusterParameterStore, {"spec": {"region": "hunter2"}}),
        (ClusterParameterStore, {"spec": {"access": [{"namespaces": ["hunter2!"], "paths": ["hunter2"]}]}}),
        (
            ClusterParameterStore,
            {"spec": {"roleArn": "hunter2", "externalId": "hunter2 ", "sessionTags": {"a": ";hunter2"}}},
        ),
        (
            ClusterParameterStore,
            {"spec": {"access": [{"namespaceSelector": {"matchLabels": {"a": "hunter2!"}}, "paths": ["/{hunter2}"]}]}},
        ),
        (ParameterStore, {"spec": {"serviceAccountRef": {"name": "hunter2!"}}}),
        (SyncStatus, {"conditions": [{"type": "Ready", "status": "hunter2"}]}),
    ],
)
def test_errors_never_quote_the_input(model: type[BaseModel], document: object) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(document)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(json.dumps(document))
    assert "hunter2" not in str(caught.value)


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec().suspend = True  # type: ignore[misc]


def test_a_status_of_a_newer_operator_is_read() -> None:
    made = SyncStatus.model_validate(
        {"observedGeneration": 3, "later": 1, "targets": [{**_target(), "later": 2}], "conditions": []}
    )
    assert made.observed_generation == 3
    assert made.targets[0].key_count == 1


def _target() -> dict[str, Any]:
    return {"kind": "Secret", "name": "a", "uid": "u", "keyCount": 1, "revision": "r"}


def test_a_fresh_status_speaks_of_no_generation() -> None:
    assert SyncStatus().observed_generation == -1
    assert SyncStatus().condition(ConditionType.READY) is None


def test_conditions_are_found_by_type() -> None:
    ready, stalled = condition(status="False"), condition("Stalled")
    made = status(ready, stalled)
    assert made.condition(ConditionType.READY) == ready
    assert made.condition(ConditionType.STALLED) == stalled
    assert made.condition(ConditionType.RECONCILING) is None


def test_a_status_is_read_as_it_was_written() -> None:
    made = status(condition(), revision="abc", targets=[])
    assert SyncStatus.model_validate_json(made.model_dump_json(exclude_none=True)) == made


def test_fields_are_known_by_one_name() -> None:
    with pytest.raises(ValueError, match="store_ref"):
        ParameterSyncSpec.model_validate({"sources": [{"path": "/a"}], "store_ref": {"name": "x"}})
