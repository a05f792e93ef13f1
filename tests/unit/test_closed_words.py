"""Words of others are shown only if they are of a closed list: whatever else they say may be a value."""

import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from paramsync.aws.errors import meaning
from paramsync.kube.errors import NamespaceEnds, error_for
from tests.unit import builders

WORD = "CorrectHorseBatteryStaple"


def told_by_aws(code: str, message: str = "") -> str:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "GetParametersByPath")
    return str(meaning(error, builders.subtree()))


def told_by_kubernetes(status: int, **answer: object) -> str:
    return str(error_for(status, json.dumps(answer).encode(), None, "apply Secret a"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (WORD, ""),
        ("AccessDeniedException", f"perform: kms:{WORD}"),
        ("AccessDeniedException", f"perform: kms:Decrypt{WORD}"),
        ("AccessDeniedException", f"perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:{WORD}"),
        ("AccessDeniedException", f"perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/{WORD}"),
    ],
    ids=["code", "action", "longer action", "resource", "key"],
)
def test_an_answer_of_aws_cannot_speak_freely(code: str, message: str) -> None:
    assert WORD not in told_by_aws(code, message)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (403, {"reason": WORD}),
        (503, {"reason": WORD}),
        (422, {"reason": "Invalid", "details": {"causes": [{"field": WORD}]}}),
        (422, {"reason": "Invalid", "details": {"causes": [{"field": f"data[{WORD}]"}]}}),
        (
            403,
            {
                "reason": "Forbidden",
                "message": f"admission webhook \"w\" denied: ValidatingAdmissionPolicy '{WORD.lower()}'",
            },
        ),
    ],
    ids=["reason", "reason of a server error", "field", "key", "policy in a webhook's words"],
)
def test_an_answer_of_the_api_server_cannot_speak_freely(status: int, answer: dict[str, object]) -> None:
    assert WORD.lower() not in told_by_kubernetes(status, **answer).lower()


def test_the_policy_that_refused_is_named() -> None:
    message = (
        "secrets \"a\" is forbidden: ValidatingAdmissionPolicy 'paramsync-targets' with binding 'b' denied request: x"
    )
    assert "(Forbidden, paramsync-targets)" in told_by_kubernetes(403, reason="Forbidden", message=message)


def test_the_quota_that_refused_is_named_without_what_is_used() -> None:
    message = 'configmaps "a" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: x, limited: y'
    told = told_by_kubernetes(403, reason="Forbidden", message=message)
    assert told.endswith("the API server refuses (Forbidden, quota few)")


@pytest.mark.parametrize(
    "message",
    [
        f'admission webhook "w" denied the request: secrets "a" is forbidden: exceeded quota: {WORD.lower()}, x',
        f"exceeded quota: {WORD.lower()}, requested: x",
        f"secrets \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b': exceeded quota: {WORD.lower()},",
    ],
    ids=["webhook", "bare", "policy"],
)
def test_a_quota_in_the_words_of_others_is_not_named(message: str) -> None:
    assert WORD.lower() not in told_by_kubernetes(403, reason="Forbidden", message=message)


@pytest.mark.parametrize(
    ("status", "cause", "is_it"),
    [
        (403, "NamespaceTerminating", True),
        (403, "FieldValueForbidden", False),
        (409, "NamespaceTerminating", False),
        (422, "NamespaceTerminating", False),
    ],
)
def test_a_namespace_that_ends_is_known_by_its_cause(status: int, cause: str, is_it: bool) -> None:
    answer = {"reason": "Forbidden", "details": {"causes": [{"reason": cause, "field": "metadata.namespace"}]}}
    error = error_for(status, json.dumps(answer).encode(), None, "apply Secret a")
    assert isinstance(error, NamespaceEnds) is is_it


def test_the_field_that_was_refused_is_named() -> None:
    answer = {"reason": "Invalid", "details": {"causes": [{"field": "data[A]"}, {"field": "metadata.labels"}]}}
    assert "at data, metadata.labels" in told_by_kubernetes(422, **answer)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "User: x is not authorized to perform: ssm:GetParametersByPath on resource: y",
            "AWS denies ssm:GetParametersByPath",
        ),
        ("Not authorized to perform sts:AssumeRoleWithWebIdentity", "trust policy"),
        ("The ciphertext refers to a customer master key that does not exist", "AWS denies kms:Decrypt"),
    ],
    ids=["path", "trust", "key"],
)
def test_a_denial_names_the_right_that_is_missing(message: str, told: str) -> None:
    assert told in told_by_aws("AccessDeniedException", message)


LOST_TASK = """
import asyncio, gc
from paramsync.runtime import logs
logs.configure({style!r}, "debug")
async def main():
    asyncio.get_running_loop().set_exception_handler(logs.lost_task)
    async def fail(): raise ValueError("hunter2")
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
asyncio.run(main())
raise ValueError("hunter2")
"""


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_lost_task_and_an_uncaught_exception_are_told_without_their_text(style: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOST_TASK.format(style=style)], capture_output=True, text=True)
    assert "hunter2" not in done.stderr
    assert "a task failed that nobody waited for" in done.stderr
    assert "an exception that nobody caught" in done.stderr


def test_what_botocore_raises_on_garbage_is_an_answer_that_is_not_understood() -> None:
    told = str(meaning(AttributeError("hunter2"), builders.subtree()))
    assert told == "Reading /prod/pay from AWS failed: the answer is not one of AWS's"
