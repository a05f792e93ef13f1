"""The ARN of the operator's own credentials: as AWS told it, but for the name of a session that others chose."""

import pytest
from botocore.credentials import Credentials

from paramsync.aws.identities.own import Own
from paramsync.aws.identities.sessions import Sessions
from paramsync.aws.identities.sts import Caller, Sts

ROLE = "arn:aws:sts::111122223333:assumed-role/node"


class _Sessions(Sessions):
    def __init__(self) -> None:
        pass

    def own_credentials(self) -> Credentials:
        return Credentials("AKIA000000000000", "dummy")


class _Sts(Sts):
    def __init__(self, told: str) -> None:
        self.told = told

    def caller(self, credentials: Credentials, region: str) -> Caller:
        return Caller("111122223333", self.told)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (f"{ROLE}/i-0123456789abcdef0", ROLE),
        (f"{ROLE}/botocore-session-1772366400", ROLE),
        ("arn:aws:iam::111122223333:user/ops/assumed-role", "arn:aws:iam::111122223333:user/ops/assumed-role"),
        ("arn:aws-cn:iam::111122223333:root", "arn:aws-cn:iam::111122223333:root"),
    ],
)
def test_a_session_that_changes_is_left_out(told: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCOUNT_ID", raising=False)
    own = Own(_Sessions(), _Sts(told), lambda: 0.0)
    assert own.arn is None
    assert own.account("eu-west-1") == "111122223333"
    assert own.arn == shown
