"""Errors in the shapes that AWS sends. Each is a fault: it answers, and the emulator sees nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import uuid4
from xml.sax.saxutils import escape

from tests.aws.wire import JSON_TYPE, Call, Fault, Proceed, Reply

ACCOUNT = "111122223333"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/paramsync/x"
KEY = "key/1234abcd-12ab-34cd-56ef-1234567890ab"


@dataclass(frozen=True)
class AwsError:
    """An error answer. SSM spells the message's key `message`, the authorisation before it `Message`."""

    code: str
    message: str
    status: int = 400
    message_key: str = "message"

    def reply(self, call: Call) -> Reply:
        """Return the answer in the call's protocol."""
        request = str(uuid4())
        headers = {"x-amzn-RequestId": request}
        if call.service == "ssm":
            content = json.dumps({"__type": self.code, self.message_key: self.message})
            return Reply(self.status, content.encode(), JSON_TYPE, headers | {"x-amzn-ErrorType": self.code})
        kind = "Sender" if self.status < 500 else "Receiver"
        content = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
            f"<Type>{kind}</Type><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
            f"</Error><RequestId>{request}</RequestId></ErrorResponse>"
        )
        return Reply(self.status, content.encode(), "text/xml", headers)

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        return self.reply(call)


def denied(caller: str = CALLER) -> Fault:
    """IAM refuses the call's own action on the call's own resource."""

    async def fault(call: Call, proceed: Proceed) -> Reply:
        if call.service == "sts":
            code, status, resource = "AccessDenied", 403, call.body.get("RoleArn", "*")
        else:
            name = call.names[0].removeprefix("/") if call.names else "*"
            code, status = "AccessDeniedException", 400
            resource = f"arn:aws:ssm:{call.region}:{ACCOUNT}:parameter/{name}"
        action = f"{call.service}:{call.action}"
        message = (
            f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )
        return AwsError(code, message, status, "Message").reply(call)

    return fault


def throttled() -> AwsError:
    """The account's or the parameter store's rate is exceeded."""
    return AwsError("ThrottlingException", "Rate exceeded")


def internal() -> AwsError:
    """AWS has a fault of its own."""
    return AwsError("InternalServerError", "An error occurred on the server side.", 500)


def expired_token() -> AwsError:
    """The session's credentials are past their time."""
    return AwsError("ExpiredTokenException", "The security token included in the request is expired", 400, "Message")


def unrecognized_client() -> AwsError:
    """The access key does not exist, or was revoked."""
    return AwsError(
        "UnrecognizedClientException", "The security token included in the request is invalid.", 400, "Message"
    )


def invalid_next_token() -> AwsError:
    """The listing's token is not, or no longer, good."""
    return AwsError("InvalidNextToken", "The specified token isn't valid.")


def validation(message: str) -> AwsError:
    """A field of the request breaks a rule."""
    return AwsError("ValidationException", message)


def invalid_key_id() -> AwsError:
    """KMS has the key, and it is disabled."""
    return AwsError(
        "InvalidKeyId", f"arn:aws:kms:eu-west-1:{ACCOUNT}:{KEY} is disabled. {_by_kms('DisabledException')}"
    )


def kms_denied(caller: str = CALLER) -> AwsError:
    """KMS refuses kms:Decrypt; SSM passes that on."""
    message = (
        f"User: {caller} is not authorized to perform: kms:Decrypt on resource: "
        f"arn:aws:kms:eu-west-1:{ACCOUNT}:{KEY} because no identity-based policy allows the kms:Decrypt action"
    )
    return AwsError("AccessDeniedException", f"{message} {_by_kms('AccessDeniedException')}")


def kms_no_key() -> AwsError:
    """KMS does not say whether the key is gone or forbidden."""
    message = (
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
        "or you are not allowed to access."
    )
    return AwsError("AccessDeniedException", f"{message} {_by_kms('AccessDeniedException')}")


def _by_kms(code: str) -> str:
    return f"(Service: AWSKMS; Status Code: 400; Error Code: {code}; Request ID: {uuid4()}; Proxy: null)"
