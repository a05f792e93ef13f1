"""The API server of one control plane: how it is started, stopped, and started again where it was."""

from dataclasses import dataclass, field
from pathlib import Path

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from tests.cluster import access
from tests.cluster.audit import POLICY
from tests.cluster.certificates import Certificates
from tests.cluster.processes import Process, Processes


def api_server_arguments(
    directory: Path, port: int, etcd_port: int, certificates: Certificates, audit_log: Path
) -> list[str]:
    """The command line of an API server on loopback."""
    policy = directory / "audit-policy.yaml"
    policy.write_text(POLICY)
    return [
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={certificates.api_server.certificate}",
        f"--tls-private-key-file={certificates.api_server.key}",
        f"--client-ca-file={certificates.authority}",
        f"--etcd-servers=https://127.0.0.1:{etcd_port}",
        f"--etcd-cafile={certificates.authority}",
        f"--etcd-certfile={certificates.server.certificate}",
        f"--etcd-keyfile={certificates.server.key}",
        "--authorization-mode=RBAC",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={certificates.service_accounts}",
        f"--service-account-signing-key-file={certificates.service_accounts}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # The address is loopback, which the endpoints of the service `kubernetes` must not contain.
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={audit_log}",
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=0",
    ]


@dataclass
class ApiServer:
    """An API server that can be stopped and started again: same port, same etcd, same audit log."""

    program: Path
    arguments: list[str] = field(repr=False)
    group: Processes = field(repr=False)
    admin: ApiClient = field(repr=False)
    _process: Process | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises PortTakenError if somebody else has its port, ProcessEndedError or TimeoutError if it does not start.
        """
        assert self._process is None, "it runs"
        self._process = self.group.start("kube-apiserver", self.program, self.arguments)
        self._process.wait_for(self._is_ready, "kube-apiserver is ready")

    def stop(self) -> None:
        """End it. Nobody can reach it until it is started again."""
        assert self._process is not None, "it does not run"
        self.group.end(self._process)
        self._process = None

    def _is_ready(self) -> bool:
        try:
            access.request(self.admin, "GET", "/readyz", timeout=2)
        except (ApiException, HTTPError):  # it says what it lacks; it does not listen yet
            return False
        return True
