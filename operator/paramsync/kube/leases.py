"""Reading and writing the Lease by which replicas agree on who leads."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, Field

from paramsync.core.leases import DURATION, Lease

from .errors import NotFound
from .transport import Transport

TIMEOUT: Final = 2.0
"""Seconds: a renewal that hangs is tried again before the Lease runs out."""


class _Metadata(BaseModel, hide_input_in_errors=True):
    resource_version: str = Field(alias="resourceVersion")


class _Spec(BaseModel, hide_input_in_errors=True):
    holder: str | None = Field(default=None, alias="holderIdentity")
    duration: int | None = Field(default=None, alias="leaseDurationSeconds")
    acquired: datetime | None = Field(default=None, alias="acquireTime")
    renewed: datetime | None = Field(default=None, alias="renewTime")
    transitions: int | None = Field(default=None, alias="leaseTransitions")


class _Object(BaseModel, hide_input_in_errors=True):
    metadata: _Metadata
    spec: _Spec = _Spec()


class Leases:
    """One Lease. Blocks; to be called in a thread. It asks no fence: it is what the fence is made of."""

    def __init__(self, transport: Transport, namespace: str, name: str) -> None:
        self._transport = transport
        self._namespace = namespace
        self._name = name
        self._base = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"

    def read(self) -> Lease:
        """The Lease; one without a version if there is none.

        :raises ApiError: if it cannot be read.
        """
        try:
            body = self._request("GET", self._path, f"read {self}")
        except NotFound:
            return Lease()
        return _parsed(body)

    def write(self, lease: Lease) -> Lease:
        """Create the Lease, or write it if it is still the one that was read; return it as it is then.

        :raises Stale: if somebody else has written it.
        :raises ApiError: if it cannot be written.
        """
        metadata: dict[str, str] = {"name": self._name, "namespace": self._namespace}
        if lease.version is not None:
            metadata["resourceVersion"] = lease.version
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": lease.holder,
                "leaseDurationSeconds": int(lease.duration),
                "acquireTime": _micro_time(lease.acquired),
                "renewTime": _micro_time(lease.renewed),
                "leaseTransitions": lease.transitions,
            },
        }
        if lease.version is None:
            return _parsed(self._request("POST", self._base, f"create {self}", body))
        return _parsed(self._request("PUT", self._path, f"write {self}", body))

    def __str__(self) -> str:
        """Its kind and name."""
        return f"Lease {self._namespace}/{self._name}"

    @property
    def _path(self) -> str:
        return f"{self._base}/{quote(self._name, safe='')}"

    def _request(self, method: str, path: str, what: str, body: object = None) -> bytes:
        return self._transport.request(method, path, what=what, body=body, read_timeout=TIMEOUT)


def _parsed(body: bytes) -> Lease:
    found = _Object.model_validate_json(body)
    spec = found.spec
    return Lease(
        spec.holder or "",
        float(spec.duration or DURATION),
        spec.acquired,
        spec.renewed,
        spec.transitions or 0,
        found.metadata.resource_version,
    )


def _micro_time(moment: datetime | None) -> str | None:
    """As the API server wants it: with six digits after the point, and Z."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
