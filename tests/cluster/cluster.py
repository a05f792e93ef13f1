"""The handle of a running control plane."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NewType

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import NotFoundException

from tests.cluster import access
from tests.cluster.api_server import ApiServer
from tests.cluster.audit import AuditEntry, read_audit_log
from tests.cluster.certificates import Certificates
from tests.cluster.etcd import Etcd
from tests.cluster.waiting import wait_until

PATIENCE = 30.0
MARK = "/version?audit-mark="

AccountKubeconfig = NewType("AccountKubeconfig", Path)
"""A kubeconfig that proves nothing but a service account. It is a type of its own so that mypy finds an operator that a
test would run as the admin."""


@dataclass(frozen=True)
class Cluster:
    """A control plane that runs. Everything it writes is below `directory` and goes with it."""

    url: str
    directory: Path
    kubeconfig: Path
    """Of an admin, by client certificate, in the group system:masters."""
    audit_log: Path
    """JSON lines; `audit()` reads them."""
    api_server: ApiServer
    """To be stopped and started; of a control plane of one's own only."""
    certificates: Certificates
    etcd: Etcd
    admin: ApiClient = field(repr=False)

    def request(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """A request as admin; see `access.request`. Raises ApiException."""
        return access.request(self.admin, method, path, body, **options)

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002
        """Run kubectl as admin and return its output. Raises KubectlError, which quotes its error."""
        return access.kubectl(self.kubeconfig, *arguments, input=input)

    def api(self, kubeconfig: Path | None = None) -> ApiClient:
        """A client of its own, as admin or as the kubeconfig says; the caller closes it (`with`)."""
        return access.api_client(kubeconfig or self.kubeconfig)

    @contextmanager
    def namespace(self, prefix: str = "t") -> Iterator[str]:
        """A new namespace that is ready for use; its deletion begins with the end of the context."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        path = f"/api/v1/namespaces/{name}"
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        try:
            self.wait_for_object(f"{path}/serviceaccounts/default")
            yield name
        finally:
            with suppress(NotFoundException):
                self.request("DELETE", path)

    def exists(self, path: str) -> bool:
        """Whether the API server has an object at a path. Raises ApiException on any other failure."""
        try:
            self.request("GET", path)
        except NotFoundException:
            return False
        return True

    def wait_for_object(self, path: str, timeout: float = PATIENCE) -> None:
        """Wait until an object is there. Raises TimeoutError."""
        wait_until(lambda: self.exists(path), f"{path} exists", timeout)

    def wait_for_absence(self, path: str, timeout: float = PATIENCE) -> None:
        """Wait until an object is gone. Raises TimeoutError."""
        wait_until(lambda: not self.exists(path), f"{path} is gone", timeout)

    def kubeconfig_for(self, service_account: str, namespace: str, lifetime: int = 24 * 3600) -> AccountKubeconfig:
        """A kubeconfig that proves nothing but a service account, by a token.

        Raises NotFoundException if there is no such account.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        answer = self.request("POST", path, {"spec": {"expirationSeconds": lifetime}})
        token, file = answer["status"]["token"], self.directory / f"{namespace}-{service_account}.kubeconfig"
        return AccountKubeconfig(access.write_kubeconfig(file, self.url, self.certificates.authority, token, namespace))

    def etcd_dump(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """The raw keys and values below a prefix, at their current revision, as of one moment."""
        return self.etcd.dump(prefix)

    def audit_mark(self) -> int:
        """A position for `audit(since=…)`: every request that has been answered lies before it."""
        marker = f"{MARK}{uuid.uuid4().hex}"
        before = self.audit_log.stat().st_size
        self.request("GET", marker)
        # An entry may come after the answer, but not after the entry of a request that followed the answer.
        entry = re.compile(rb"[^\n]*" + re.escape(marker.encode()) + rb"[^\n]*\n")
        return wait_until(lambda: _end_of_match(entry, self.audit_log, before), f"{marker} in the audit log")

    def audit(self, since: int = 0) -> list[AuditEntry]:
        """One entry per request that has been answered so far; a watch counts as soon as it has begun."""
        end = self.audit_mark()
        entries = read_audit_log(self.audit_log, since, end)
        return [entry for entry in entries if not entry.uri.startswith(MARK)]


def _end_of_match(pattern: re.Pattern[bytes], path: Path, offset: int) -> int:
    with path.open("rb") as file:
        file.seek(offset)
        match = pattern.search(file.read())
    return offset + match.end() if match else 0
