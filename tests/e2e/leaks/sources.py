"""Chapters of what Parameter Store answers, and of what cannot be written."""

import json
from collections.abc import Callable
from urllib.parse import quote

from tests.aws import errors, faults
from tests.aws.errors import AwsError
from tests.aws.wire import Body, Call, Fault, Proceed, Reply
from tests.e2e.leaks.story import TRIES, Story
from tests.running.canaries import Canary


def success_and_change(story: Story) -> None:
    story.synced("change")
    turned = [*story.canaries[1:], story.canaries[0]]
    for number, canary in enumerate(turned):
        story.ssm.put(f"/change/secret-{number}", canary.value, "SecureString")
    story.refresh("change")
    story.syncs.wait_data("Secret", "change", {f"SECRET_{number}": each.value for number, each in enumerate(turned)})


def access_denied(story: Story) -> None:
    story.synced("denied")
    with story.fault(errors.denied(), "denied"):
        story.refresh("denied")
        story.syncs.wait_reason("denied", "AccessDenied")


def decryption_denied(story: Story) -> None:
    story.synced("kms")
    for number, canary in enumerate(reversed(story.canaries)):
        story.ssm.put(f"/kms/secret-{number}", canary.value, "SecureString")
    with story.fault(faults.undecryptable("/kms/secret-1"), "kms"):
        story.refresh("kms")
        story.syncs.wait_reason("kms", "DecryptionFailed")
    # A refresh tries at once what could not be decrypted.
    with story.fault(faults.undecryptable("/kms/secret-1", error=errors.invalid_key_id()), "kms"):
        story.syncs.refresh("kms")
        problems = story.syncs.get("kms")["status"]["problems"]
        assert [(each["subject"], "InvalidKeyId" in each["message"]) for each in problems] == [("/kms/secret-1", True)]
    assert story.syncs.data("Secret", "kms") == story.secrets


def a_key_that_is_gone(story: Story) -> None:
    names = [f"/no-key-at-all/secret-{number}" for number in range(len(story.canaries))]
    story.put("/no-key-at-all")
    with story.fault(faults.undecryptable(*names), "no-key-at-all"):
        story.syncs.create("no-key-at-all", "/no-key-at-all")
        story.syncs.wait_reason("no-key-at-all", "DecryptionFailed")


def answers_that_quote(canary: Canary) -> dict[str, Fault]:
    value = canary.value
    return {
        "internal": AwsError("InternalServerError", f"cannot handle {value}", 500),
        "denied": AwsError("AccessDeniedException", f"User: {value} is not authorized to read {value}"),
        "key": AwsError("InvalidKeyId", f"not a key: {value}"),
        "validation": AwsError("ValidationException", f"Value '{value}' at 'path' failed to satisfy constraint"),
        "throttled": AwsError("ThrottlingException", value),
        "code": raw(400, json.dumps({"__type": f"com.amazon#{value}", "message": value}).encode()),
        "headers": raw(500, b"<html>", {"x-amzn-ErrorType": quote(f"Odd:{value}"), "x-amzn-RequestId": quote(value)}),
        "text": raw(200, value.encode()),
        "cut": raw(200, json.dumps({"Parameters": [{"Value": value}]})[:-2].encode()),
        "list": raw(200, json.dumps([value]).encode()),
        "odd-list": raw(200, json.dumps({"Parameters": value}).encode()),
        "odd-items": raw(200, json.dumps({"Parameters": [value]}).encode()),
        "error-text": raw(500, value.encode()),
        "type": faults.edit(with_field("Type", value)),
        "version": faults.edit(with_field("Version", value)),
        "date": faults.edit(with_field("LastModifiedDate", value)),
        "arn": faults.edit(with_field("ARN", value)),
        "deep": faults.edit(with_field("Value", {"in": value})),
        "surrogate": faults.edit(with_field("Value", f"{value}\ud800")),
        "token": faults.edit(lambda body: {**body, "NextToken": value}),
    }


def raw(status: int, content: bytes, headers: dict[str, str] | None = None) -> Fault:
    async def fault(call: Call, proceed: Proceed) -> Reply:
        return Reply(status, content, headers=headers or {})

    return fault


def with_field(name: str, value: object) -> Callable[[Body], Body]:
    def edited(body: Body) -> Body:
        for parameter in body["Parameters"]:
            if parameter["Type"] == "SecureString":
                parameter[name] = value
        return body

    return edited


def answers_that_are_not_understood(story: Story) -> None:
    names = []
    for number, canary in enumerate(story.canaries):
        for kind, fault in answers_that_quote(canary).items():
            names.append(f"answer-{kind}-{number}")
            story.ssm.put(f"/{names[-1]}/secret", canary.value, "SecureString")
            story.proxy.add(fault, under=f"/{names[-1]}")
            story.syncs.create(names[-1], f"/{names[-1]}")
    for name in names:
        # An odd ARN only hides the account: that sync succeeds.
        if "-arn-" in name:
            story.syncs.wait_reason(name, "Synced", TRIES)
        else:
            story.failed(name)
    story.proxy.clear()


def two_names_for_one_key(story: Story) -> None:
    for name, canary in zip(("db/pass", "db.pass"), story.canaries, strict=False):
        story.ssm.put(f"/collision/{name}", canary.value, "SecureString")
    story.syncs.create("collision", "/collision")
    story.syncs.wait_reason("collision", "KeyCollision")


def a_name_that_is_no_key(story: Story) -> None:
    for number, canary in enumerate(story.canaries):
        story.ssm.put(f"/no-key/{number}st", canary.value, "SecureString")
    story.syncs.create("no-key", "/no-key")
    story.syncs.wait_reason("no-key", "InvalidKey")


def a_pull_secret_that_is_no_json(story: Story) -> None:
    for number, canary in enumerate(story.canaries):
        name = f"no-json-{number}"
        story.ssm.put(f"/{name}/.dockerconfigjson", f'{{"auths": {canary.value}', "SecureString")
        targets = [{"kind": "Secret", "secretType": "kubernetes.io/dockerconfigjson"}]
        story.syncs.create(name, f"/{name}", targets=targets)
        story.syncs.wait_reason(name, "InvalidValue")


def more_than_fits(story: Story) -> None:
    def grown(body: Body) -> Body:
        for parameter in body["Parameters"]:
            parameter["Value"] *= 20_000
        return body

    story.put("/too-large")
    with story.fault(faults.edit(grown), "too-large"):
        story.syncs.create("too-large", "/too-large")
        story.syncs.wait_reason("too-large", "TooLarge")
