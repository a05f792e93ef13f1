"""What is wrong with an object, in words that do not quote it."""

import pytest
from pydantic import ValidationError

from paramsync.api.errors import explain
from paramsync.api.sync import ParameterSync


def explained(document: object) -> str:
    with pytest.raises(ValidationError) as caught:
        ParameterSync.model_validate(document)
    return explain(caught.value)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "spec: Field required"),
        ("hunter2", "the whole: write a map"),
        ({"spec": {"sources": []}}, "spec.sources: write at least 1 item"),
        (
            {"spec": {"sources": [{"path": "/a"}, {"path": "/a"}]}},
            "spec: the same path is listed twice in sources: remove one, or join their include",
        ),
        (
            {"spec": {"sources": [{"path": "/a"}], "interval": "hunter2"}},
            "spec.interval: write a duration from 10s to 24h, such as 90s, 5m or 1h30m",
        ),
        (
            {"spec": {"sources": [{"path": "/a"}, {"path": "/b", "x": "hunter2"}]}},
            "spec.sources[1].x: Extra inputs are not permitted",
        ),
        (
            {"spec": {"sources": [{"path": "/a"}], "interval": 5, "suspend": "hunter2"}},
            ("spec.interval: write a text; spec.suspend: write true or false"),
        ),
    ],
)
def test_every_error_has_its_place_and_says_what_is_wrong(document: object, text: str) -> None:
    assert explained(document) == text


def test_many_errors_are_counted() -> None:
    unknown = {f"unknown{number}": 1 for number in range(8)}
    text = explained({"spec": {"sources": [{"path": "/a"}], **unknown}})
    assert text.count("Extra inputs are not permitted") == 5
    assert text.endswith("spec.unknown4: Extra inputs are not permitted; and 3 more")
