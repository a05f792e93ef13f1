"""The page about IAM: its policies are policies, and its messages are those of the code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from paramsync.aws.identities import errors as identity_errors
from paramsync.core.identity import Role, ServiceAccount

PAGE = (Path(__file__).parents[2] / "docs" / "iam.md").read_text()
POLICIES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]

PARAMS = Role("arn:aws:iam::111122223333:role/params", "tenant-7f3a")
READER = ServiceAccount("payments", "reader", "arn:aws:iam::111122223333:role/reader")
OPERATOR = "the operator's role"


def statements(kind: str) -> list[dict[str, Any]]:
    return [each for policy in POLICIES for each in policy["Statement"] if kind in each]


def actions(statement: dict[str, Any]) -> set[str]:
    found = statement["Action"]
    return {found} if isinstance(found, str) else set(found)


def test_every_policy_is_one() -> None:
    assert len(POLICIES) == 6
    for policy in POLICIES:
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            assert ("Principal" in statement) != ("Resource" in statement), "of trust, or of permission"
            assert all(re.fullmatch(r"(ssm|kms|sts):[A-Z][A-Za-z]+", action) for action in actions(statement))


def test_every_call_to_sts_is_in_one() -> None:
    trusted = {action for statement in statements("Principal") for action in actions(statement)}
    assert trusted == {"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"}
    allowed = {action for statement in statements("Resource") for action in actions(statement)}
    assert {"sts:AssumeRole", "sts:TagSession"} <= allowed


def test_a_service_account_is_let_in_with_our_audience_only() -> None:
    federated = [each for each in statements("Principal") if "Federated" in each["Principal"]]
    assert len(federated) == 2
    for statement in federated:
        wanted = statement["Condition"]["StringEquals"]
        assert [value for key, value in wanted.items() if key.endswith(":aud")] == ["sts.amazonaws.com"]
        assert next(value for key, value in wanted.items() if key.endswith(":sub")).startswith("system:serviceaccount:")


def answer(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "AssumeRole")


@pytest.mark.parametrize(
    "error",
    [
        identity_errors.no_credentials(),
        identity_errors.of_operator(answer("ExpiredTokenException")),
        identity_errors.of_operator(answer("AccessDenied")),
        identity_errors.of_role(answer("AccessDenied"), PARAMS, OPERATOR),
        identity_errors.of_role(answer("AccessDenied", "perform: sts:TagSession"), PARAMS, OPERATOR),
        identity_errors.of_role(answer("RequestTimeTooSkewed"), PARAMS, OPERATOR),
        identity_errors.of_service_account(answer("AccessDenied"), READER),
        identity_errors.of_service_account(answer("InvalidIdentityToken"), READER),
    ],
    ids=str,
)
def test_every_message_is_on_the_page(error: Exception) -> None:
    assert f"| `{error}` |" in PAGE
