"""Every way out of the process is closed to secure values: texts of errors, of status, Events and logs, and reprs."""

import base64
import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from paramsync.api.errors import explain
from paramsync.api.stores import ClusterParameterStoreSpec, ParameterStoreSpec
from paramsync.api.sync import ParameterSyncSpec, SecretType
from paramsync.aws.errors import SourceError, meaning
from paramsync.aws.listing import parse_page
from paramsync.core import report
from paramsync.core.drift import Seen
from paramsync.core.plan import Plan
from paramsync.core.repairs import repair_of
from paramsync.core.values import SecureValue
from paramsync.kube.errors import ApiError, error_for
from paramsync.kube.wire import ConfigMapObject, CustomObject, PartialObject, SecretObject
from paramsync.runtime import logs
from paramsync.runtime.applied import Applied
from paramsync.runtime.notes import note_for, note_of_repairs

from . import builders

VALUES = ("hunter2/secret", "p4ss \"word'\n\\ß%", "MIIEvQ9/+==", "arn:aws:x:9", "policy '9'")
"""None of them has the form of what is shown: of a reason (letters) or of a field's path (no slash, no space)."""


def assert_hidden(text: str, value: str) -> None:
    shown = (value, json.dumps(value)[1:-1], repr(value)[1:-1], base64.b64encode(value.encode()).decode())
    assert [form for form in shown if form in text] == []


def everything_of(error: BaseException) -> str:
    """The text of an error in all its forms, with everything that it is chained to."""
    return "".join([str(error), repr(error), *traceback.format_exception(error)])


values = pytest.mark.parametrize("value", VALUES)


# What AWS answers


def page(**fields: object) -> dict[str, object]:
    item: dict[str, object] = {
        "Name": "/prod/pay/password",
        "Type": "SecureString",
        "Value": "the value",
        "Version": 1,
        "LastModifiedDate": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return {"Parameters": [{**item, **fields}]}


MISTAKES: dict[str, Callable[[str], object]] = {
    "text": lambda value: value,
    "list": lambda value: [value],
    "nothing but it": lambda value: {"message": value},
    "parameters": lambda value: {"Parameters": value},
    "parameter": lambda value: {"Parameters": [value]},
    "type": lambda value: page(Value=value, Type=value),
    "version": lambda value: page(Value=value, Version=value),
    "no version": lambda value: page(Value=value, Version=None),
    "date": lambda value: page(Value=value, LastModifiedDate=value),
    "value within": lambda value: page(Value={"in": value}),
    "value in bytes": lambda value: page(Value=value.encode() + b"\xff"),
    "arn": lambda value: page(Value=value, ARN=[value]),
    "token": lambda value: {**page(Value=value), "NextToken": [value]},
}


@values
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_page_that_is_not_understood_is_not_quoted(mistake: Callable[[str], object], value: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_page(mistake(value), builders.subtree(), decrypt=True)
    assert_hidden(everything_of(caught.value), value)
    assert caught.value.__cause__ is None


@values
def test_a_value_with_a_lone_surrogate_is_sealed_and_not_quoted(value: str) -> None:
    parameter = parse_page(page(Value=f"{value}\ud800"), builders.subtree(), decrypt=True).parameters[0]
    assert_hidden(repr(parameter), value)


@values
def test_a_page_shows_no_value(value: str) -> None:
    read = parse_page(page(Value=value), builders.subtree(), decrypt=True)
    assert "SecureValue(hidden)" in repr(read)
    assert_hidden(repr(read), value)


@values
def test_ciphertext_is_not_kept(value: str) -> None:
    assert_hidden(repr(parse_page(page(Value=value), builders.subtree(), decrypt=False)), value)


CODES = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidKeyId",
    "ThrottlingException",
    "ValidationException",
    "InternalServerError",
    "Odd",
    "",
)
DENIAL = (
    "User: {0} is not authorized to perform: kms:Decrypt on resource: "
    "arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0000-4000-8000-0123456789ab because {0} does not allow {0}"
)


@values
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "template", ["{0}", DENIAL, "{0}: perform: {0} on resource: {0}", "perform: kms:{0}", "on resource: arn:{0}"]
)
def test_an_answer_of_aws_is_not_quoted(code: str, template: str, value: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": template.format(value)}, "message": value}
    error = meaning(ClientError(answer, "GetParametersByPath"), builders.subtree())
    assert_hidden(everything_of(error), value)


@values
def test_a_code_that_is_not_one_of_awss_is_not_quoted(value: str) -> None:
    error = meaning(
        ClientError({"Error": {"Code": value, "Message": value}}, "GetParametersByPath"), builders.subtree()
    )
    assert_hidden(everything_of(error), value)


def test_a_denial_names_the_action_and_the_key() -> None:
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": DENIAL.format("x")}}
    text = str(meaning(ClientError(answer, "GetParametersByPath"), builders.subtree()))
    key = "arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0000-4000-8000-0123456789ab"
    assert f"AWS denies kms:Decrypt on {key}; allow it" in text


class QuotingError(BotoCoreError):
    fmt = "cannot parse {value}"


@values
@pytest.mark.parametrize("make", [ValueError, OSError, ResponseParserError, lambda value: QuotingError(value=value)])
def test_an_exception_of_boto3_is_not_quoted(make: Callable[[str], Exception], value: str) -> None:
    assert_hidden(everything_of(meaning(make(value), builders.subtree())), value)


# What the API server answers


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


# What the rules say


def plans(value: str) -> Iterator[tuple[str, Plan]]:
    """Plans of every kind that speak of a secure parameter with the value."""
    secure, plain = builders.secure(value=value), builders.parameter()
    written = builders.written(builders.secret_content({"PASSWORD": SecureValue.of(value)}))
    yield "success", builders.planned(builders.snapshot(secure, plain))
    yield "a change in the cluster", builders.planned(builders.snapshot(builders.secure(value="other")), live=[written])
    collision = builders.snapshot(builders.secure("/prod/pay/a/b", value), builders.secure("/prod/pay/a.b", value))
    yield "a collision", builders.planned(collision)
    yield "no key", builders.planned(builders.snapshot(builders.secure("/prod/pay/1st", value)))
    docker = builders.target(secret_type=SecretType.DOCKER_CONFIG_JSON)
    no_json = builders.snapshot(builders.secure("/prod/pay/.dockerconfigjson", f'{{"{value}'))
    yield "no JSON", builders.planned(no_json, spec=builders.spec(targets=[docker]))
    yield "too large", builders.planned(builders.snapshot(builders.secure(value=value * 200_000)))
    yield "a conflict", builders.planned(builders.snapshot(secure), live=[builders.live(data=written.data)])
    yield "immutable", builders.planned(builders.snapshot(secure), live=[replace(written, immutable=True)])
    yield "an emptied path", builders.planned(builders.snapshot(), live=[written])
    yield "a held removal", builders.planned(builders.snapshot(plain), live=[written])
    unsettled = builders.snapshot(plain, absence_settled=False)
    yield "an unsettled removal", builders.planned(unsettled, live=[written])


@values
def test_no_plan_outcome_status_or_event_shows_a_secure_value(value: str) -> None:
    kinds = set()
    for name, plan in plans(value):
        kinds.add((bool(plan.problems), bool(plan.holds), bool(plan.contents)))
        outcome = report.outcome_of(plan, "payments", "app")
        written = tuple(report.Written(content, "uid", changed=True) for content in plan.contents)
        applied = Applied(plan, written)
        at = builders.circumstances()
        previous = builders.status()
        statuses = [
            report.failure(previous, outcome, at, written),
            report.success(previous, plan, written, outcome, at, dropped=(builders.SECRET,)),
            report.stopped(previous, plan, outcome, at, only_planned=True),
        ]
        for text in (
            repr(plan),
            repr(outcome),
            repr(applied),
            *(repr(status) + status.model_dump_json() for status in statuses),
            *(repr(note_for(previous, status, outcome, applied)) for status in statuses),
            *(repr(content) + json.dumps(dict(content.annotations)) for content in plan.contents),
        ):
            assert text
            assert_hidden(text, value)
        assert name
    # All three ends were reached: nothing may be written, something is held, something is written.
    assert {(True, False, False), (False, True, True), (False, False, True)} <= kinds


@values
def test_what_is_told_of_a_repair_shows_no_value(value: str) -> None:
    """Neither what a key should hold nor what somebody wrote into it, or called a key of theirs."""
    content = builders.secret_content({"PASSWORD": SecureValue.of(value), "OTHER": SecureValue(b"other")})
    found = replace(builders.written(content), data={"OTHER": SecureValue.of(value), value: SecureValue.of(value)})
    repair = repair_of(content, found, Seen(found.uid, "6", content.revision), content.revision, builders.owner())
    assert repair is not None
    assert (repair.put_back, repair.removed) == (2, 1)
    done = Applied(Plan(), (report.Written(content, "uid", changed=True, repair=repair),))
    for text in (repair.told, repr(repair), repr(done), repr(note_of_repairs(done))):
        assert_hidden(text, value)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_a_plan_says_does_not_depend_on_secure_values(first: str, second: str) -> None:
    """The strongest form of saying nothing: two values of one size give the same words, digests and annotations."""
    second = second.encode().ljust(len(first.encode()), b".")[: len(first.encode())].decode(errors="replace")
    said = [builders.planned(builders.snapshot(builders.secure(value=value))) for value in (first, second)]
    assert repr(said[0]) == repr(said[1])
    assert [each.annotations for each in said[0].contents] == [each.annotations for each in said[1].contents]
    assert [each.revision for each in said[0].contents] == [each.revision for each in said[1].contents]


# What the log says of a crash


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the operator logs at DEBUG, in both styles."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.CAPPED}
    root.handlers = []
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    logs.configure(request.param, "debug")
    yield written
    logging.captureWarnings(capture=False)
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def chained(value: str) -> ExceptionGroup[Exception]:
    """An error that quotes the value, caused by one, in the context of one, in a group of two."""
    inner = KeyError(value)
    inner.__cause__ = ValueError(value)
    inner.add_note(value)
    group = ExceptionGroup(value, [inner, ValueError(value)])
    group.__context__ = OSError(value)
    return group


@values
@pytest.mark.parametrize("name", ["paramsync.runtime.reconcile", "asyncio", "kopf.objects", "concurrent.futures"])
def test_a_crash_is_logged_without_its_text(log: io.StringIO, name: str, value: str) -> None:
    try:
        raise chained(value)
    except ExceptionGroup:
        logging.getLogger(name).exception("a reconcile failed by a defect", extra={"sync": "payments/pay"})
    assert "a reconcile failed by a defect" in log.getvalue()
    assert "ExceptionGroup at test_leak_paths.py" in log.getvalue()
    assert_hidden(log.getvalue(), value)


@values
def test_libraries_do_not_log_what_they_send_and_receive(log: io.StringIO, value: str) -> None:
    for name in ("botocore.parsers", "botocore.endpoint", "urllib3.connectionpool", "kubernetes.client.rest", "boto3"):
        logging.getLogger(name).debug("Response body:\n%s", value)
    logging.getLogger("kopf.objects").info("event: %r", value)
    logging.getLogger("paramsync").debug("a line")
    assert "a line" in log.getvalue()
    assert_hidden(log.getvalue(), value)


@values
def test_a_secure_value_that_is_logged_by_mistake_stays_hidden(log: io.StringIO, value: str) -> None:
    secure = SecureValue.of(value)
    for what in (secure, [secure], builders.secure(value=value), builders.secret_content({"A": secure})):
        logging.getLogger("paramsync").info("%r", what)
    assert "SecureValue(hidden)" in log.getvalue()
    assert_hidden(log.getvalue(), value)


@values
def test_a_secure_value_beside_a_message_gives_no_line_that_shows_it(
    log: io.StringIO, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("paramsync").info("a line", extra={"fact": SecureValue.of(value)})
    assert_hidden(log.getvalue() + capsys.readouterr().err, value)


@values
def test_a_crash_is_told_by_type_and_place(value: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        raise chained(value)
    told = logs.crash(caught.value)
    assert told.startswith("ExceptionGroup at test_leak_paths.py:")
    assert_hidden(told, value)
