"""Who a person is in AWS, by the credentials at hand, and what time it is there."""

from dataclasses import dataclass
from typing import Final

import boto3
from botocore.config import Config

from .identities import errors as identity_errors

_CONFIG: Final = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked, as STS answers."""

    arn: str
    date: str
    """AWS's time, as the HTTP header says it; empty if it does not."""


def caller() -> Caller | None:
    """Ask STS, in the Region of the environment or its global one, whose the credentials at hand are. Blocks.

    :returns: None if there are none.
    :raises SourceError: if STS does not answer.
    """
    try:
        session = boto3.Session()
        if session.get_credentials() is None:
            return None
        answer = session.client("sts", session.region_name or "us-east-1", config=_CONFIG).get_caller_identity()
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return Caller(str(answer["Arn"]), str(headers.get("date", "")))
    except Exception as error:  # noqa: BLE001  (each link of the chain of credentials has its own ways to fail)
        raise identity_errors.of_account(error) from None
