"""What the API server answers, an object's data and a spec are not quoted."""

import base64
import json
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from paramsync.api.errors import explain
from paramsync.api.stores import ClusterParameterStoreSpec, ParameterStoreSpec
from paramsync.api.sync import ParameterSyncSpec
from paramsync.kube.errors import ApiError, error_for
from paramsync.kube.wire import ConfigMapObject, CustomObject, PartialObject, SecretObject
from paramsync.runtime import logs

from .hidden import assert_hidden, everything_of, values

STATUSES = (400, 403, 404, 409, 413, 415, 422, 429, 500, 503)


def refusals(value: str) -> Iterator[object]:
    words = (
        f'admission webhook "check.example.com" denied the request: {value}',
        f"ValidatingAdmissionPolicy 'mine' with binding 'b' denied request: {value}",
        f'Secret "a" is invalid: data[PASSWORD]: Invalid value: "{value}": must be short',
        value,
    )
    for message in words:
        yield {"kind": "Status", "message": message, "reason": "Invalid"}
        yield {"kind": "Status", "message": message, "reason": value}
        causes = [{"field": value, "message": value, "reason": value}, {"field": "data[PASSWORD]", "message": value}]
        yield {"kind": "Status", "message": message, "reason": "Invalid", "details": {"name": value, "causes": causes}}
    yield {"message": [value], "reason": {"in": value}}
    yield {"kind": "Secret", "data": {"PASSWORD": base64.b64encode(value.encode()).decode()}}
    yield [value]


@values
@pytest.mark.parametrize("status", STATUSES)
def test_an_answer_of_the_api_server_is_not_quoted(status: int, value: str) -> None:
    bodies = [*(json.dumps(answer).encode() for answer in refusals(value)), value.encode(), b"{" + value.encode()]
    for body in bodies:
        error = error_for(status, body, value, "apply Secret pay")
        assert isinstance(error, ApiError)
        assert_hidden(everything_of(error), value)


def test_a_refusal_names_its_reason_the_policy_and_the_field() -> None:
    causes = [{"field": "data[PASSWORD]", "message": "too long"}]
    message = "secrets \"pay\" is forbidden: ValidatingAdmissionPolicy 'mine' with binding 'b' denied request: no"
    body = json.dumps({"reason": "Invalid", "message": message, "details": {"causes": causes}}).encode()
    assert (
        str(error_for(422, body, None, "apply Secret pay"))
        == "apply Secret pay: the API server refuses (Invalid, mine, at data)"
    )


def objects(value: str) -> Iterator[object]:
    encoded = base64.b64encode(value.encode()).decode()
    metadata = {"name": "pay", "uid": "u", "resourceVersion": "7"}
    # Not base64: too long by one, other characters, other types.
    for damaged in (f"{encoded.rstrip('=')}=A", f"{value}ß", [encoded], {"in": value}, 7):
        yield {"metadata": metadata, "data": {"PASSWORD": damaged}, "spec": [], "binaryData": {"A": [value]}}
    yield {"metadata": {**metadata, "annotations": {"a": [value]}}, "spec": {}}
    yield {"metadata": {**metadata, "managedFields": [{"fieldsV1": value}]}}
    yield {"metadata": {"name": value}}
    yield {"metadata": value}
    yield value
    yield [value]


@values
@pytest.mark.parametrize("model", [SecretObject, ConfigMapObject, CustomObject, PartialObject])
def test_an_object_that_is_not_understood_is_not_quoted(model: type[BaseModel], value: str) -> None:
    refused = 0
    for found in objects(value):
        for body in (json.dumps(found).encode(), json.dumps(found).encode()[:-1]):
            try:
                model.model_validate_json(body)
            except (ValidationError, TypeError) as error:
                refused += 1
                explained = explain(error) if isinstance(error, ValidationError) else ""
                assert_hidden(everything_of(error) + explained + logs.crash(error), value)
    assert refused > len(list(objects(value)))


@values
def test_a_secret_shows_no_value(value: str) -> None:
    data = {"PASSWORD": base64.b64encode(value.encode()).decode()}
    body = {"metadata": {"name": "pay", "uid": "u", "resourceVersion": "7"}, "data": data}
    secret = SecretObject.model_validate_json(json.dumps(body))
    assert secret.data["PASSWORD"].reveal() == value.encode()
    assert_hidden(f"{secret!r} {secret} {secret.model_dump()}", value)


@values
@pytest.mark.parametrize("model", [ParameterSyncSpec, ClusterParameterStoreSpec, ParameterStoreSpec])
def test_a_spec_that_is_not_valid_is_not_quoted(model: type[BaseModel], value: str) -> None:
    """Somebody may paste a password where it does not belong; status repeats only where that was."""
    spec: dict[str, object] = {
        "sources": [{"path": value}],
        "interval": value,
        "region": value,
        "endpoint": value,
        "suspend": value,
    }
    spec |= {"roleArn": value, "externalId": f"{value} ", "sessionTags": {"a": f";{value}"}, "serviceAccountRef": value}
    with pytest.raises(ValidationError) as caught:
        model.model_validate(spec)
    assert_hidden(explain(caught.value), value)
    assert_hidden(everything_of(caught.value), value)
