"""The API server's audit log: who asked for what, as the server saw it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

# One line per request: a watch when it begins, everything else when it ends. With the bodies of what is written where
# there should be no values: the leak test searches them.
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [watch]
  omitStages: [ResponseComplete]
- level: Request
  verbs: [create, update, patch]
  resources:
  - {group: "", resources: [configmaps]}
  - {group: events.k8s.io, resources: [events]}
  - {group: paramsync.dev}
- level: Metadata
"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AuditUser(_Part):
    """Who asked."""

    username: str = ""
    """Empty if that was not proved."""
    groups: tuple[str, ...] = ()


class AuditObject(_Part):
    """What was asked for; a list has no name."""

    api_group: str = Field("", alias="apiGroup")
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


class AuditStatus(_Part):
    """How it was answered."""

    code: int = 0


class AuditEntry(_Part):
    """One request to the API server."""

    verb: str
    uri: str = Field(alias="requestURI")
    user: AuditUser
    user_agent: str = Field("", alias="userAgent")
    target: AuditObject = Field(AuditObject(), alias="objectRef")
    """Empty if the request was not about a resource."""
    response: AuditStatus = Field(AuditStatus(), alias="responseStatus")
    received: datetime = Field(alias="requestReceivedTimestamp")
    annotations: dict[str, str] = {}
    """What admission and authorisation noted."""

    @property
    def username(self) -> str:
        return self.user.username

    @property
    def resource(self) -> str:
        """`secrets`, `parametersyncs/status`, or nothing."""
        return "/".join(filter(None, (self.target.resource, self.target.subresource)))


def read_audit_log(path: Path, start: int, end: int) -> Iterator[AuditEntry]:
    """The entries between two offsets in bytes, both of which are at the begin of a line."""
    with path.open("rb") as file:
        file.seek(start)
        for line in file.read(end - start).splitlines():
            yield AuditEntry.model_validate_json(line)
