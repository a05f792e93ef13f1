"""boto3 clients for the stand-in, with dummy credentials and a single attempt."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tests.aws.errors import ACCOUNT

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

REGION = "eu-west-1"


def access_key(account: str = ACCOUNT) -> str:
    """Return an access key that the emulator takes for one of this account."""
    return f"AKIA{account}"


def ssm_client(url: str, region: str = REGION, account: str = ACCOUNT, timeout: float = 10) -> SSMClient:
    """Return an SSM client of this endpoint with dummy credentials, which makes one attempt. Close it."""
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=timeout,
        read_timeout=timeout,
        # Not None: that would let a proxy in the environment come between.
        proxies={},
        # Whatever a test asks for is to reach the wire.
        parameter_validation=False,
    )
    return base_session().client(
        "ssm",
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=access_key(account),
        aws_secret_access_key="dummy",
        config=config,
    )


@cache
def base_session() -> boto3.session.Session:
    """Return the session of all clients: the service models are what costs, and a session loads them once."""
    return boto3.session.Session()
