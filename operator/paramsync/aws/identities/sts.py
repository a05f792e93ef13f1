"""The calls to STS: a role for a role, a role for a service account's token, and whose credentials are these."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError

from paramsync.aws.errors import BAD_CREDENTIALS, SourceError
from paramsync.core.identity import OPERATOR, Role, ServiceAccount

from . import errors as identity_errors
from .counting import Sent, count
from .credentials import Fetched, Kept
from .sessions import Sessions

LIFETIME: Final = 3600
"""Seconds: what every role allows, and the most for a role that is assumed from a role (STS API reference)."""


_ACCOUNT = re.compile(r"[0-9]{12}")
_ARN = re.compile(r"arn:aws[a-z-]{0,12}:(?:sts|iam)::[0-9]{12}:[A-Za-z0-9_+=,.@/:-]{1,1024}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials are in use, as far as AWS has told it."""

    account: str | None
    arn: str | None


class Sts:
    """Calls STS. Each call makes its client and closes it: two an hour need no connection that stays open."""

    def __init__(self, sessions: Sessions, config: Config, clock: Callable[[], float], sent: Sent) -> None:
        self._sessions: Final = sessions
        self._config: Final = config
        self._unsigned: Final = config.merge(Config(signature_version=UNSIGNED))
        self._clock: Final = clock
        self._sent: Final = sent

    def assume(self, role: Role, session: str, source: Kept, region: str) -> Fetched:
        """Assume a role with the credentials of the hop before it.

        :param session: the name of the role's session.
        :raises SourceError: if it cannot be.
        """
        more: dict[str, Any] = {"ExternalId": role.external_id} if role.external_id is not None else {}
        if role.tags:
            more["Tags"] = [{"Key": key, "Value": value} for key, value in role.tags]
        try:
            answer = self._call(
                "assume_role",
                session,
                region,
                self._config,
                source,
                RoleArn=role.arn,
                RoleSessionName=session,
                DurationSeconds=LIFETIME,
                **more,
            )
            return self._fetched(answer)
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001  (of an answer that is not one of AWS, botocore raises whatever it meets)
            if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in BAD_CREDENTIALS:
                source.refused()
            raise identity_errors.of_role(error, role, source.name) from None

    def exchange(self, account: ServiceAccount, token: str, session: str, region: str) -> Fetched:
        """Exchange a service account's token for the role of its annotation.

        :raises SourceError: if AWS does not.
        """
        try:
            answer = self._call(
                "assume_role_with_web_identity",
                session,
                region,
                self._unsigned,
                None,
                RoleArn=account.role_arn,
                RoleSessionName=session,
                WebIdentityToken=token,
                DurationSeconds=LIFETIME,
            )
            return self._fetched(answer)
        except Exception as error:  # noqa: BLE001  (as above)
            raise identity_errors.of_service_account(error, account) from None

    def caller(self, credentials: Credentials, region: str) -> Caller:
        """Whom credentials belong to, as far as the answer names it.

        :raises Exception: whatever boto3 raises, or the credentials.
        """
        answer = self._call("get_caller_identity", OPERATOR, region, self._config, credentials)
        account = str(answer["Account"])
        return Caller(account if _ACCOUNT.fullmatch(account) else None, _arn(answer.get("Arn")))

    def _call(
        self, action: str, store: str, region: str, config: Config, credentials: Credentials | None, **request: Any
    ) -> Any:
        client = self._sessions.client("sts", credentials, region, config, None)
        count(client.meta.events, store, self._sent)
        try:
            return getattr(client, action)(**request)
        finally:
            client.close()

    def _fetched(self, answer: Any) -> Fetched:
        """What STS gave. Its end is counted on our own clock from now on, which no correction of the time moves."""
        got = answer["Credentials"]
        end = self._clock() + (got["Expiration"] - datetime.now(UTC)).total_seconds()
        credentials = ReadOnlyCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], None)
        arn = _arn(answer.get("AssumedRoleUser", {}).get("Arn"))
        return Fetched(credentials, lambda seconds: self._clock() + seconds > end, arn)


def _arn(told: object) -> str | None:
    """An ARN as AWS writes it; None for anything else."""
    return told if isinstance(told, str) and _ARN.fullmatch(told) else None
