"""Starts a control plane and ends it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException

from tests.cluster import access
from tests.cluster.api_server import ApiServer, api_server_arguments
from tests.cluster.binaries import Binaries, binaries
from tests.cluster.certificates import Certificates, make_certificates
from tests.cluster.cluster import Cluster
from tests.cluster.etcd import Etcd, etcd_arguments
from tests.cluster.processes import PortTakenError, free_port, processes
from tests.cluster.waiting import wait_until

ATTEMPTS = 5

# What namespaces, service accounts, owner references, aggregated roles and policies need, and nothing else.
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "validatingadmissionpolicy-status-controller",
)


@contextmanager
def control_plane(manifests: Sequence[Path] = (), controllers: Sequence[str] = ()) -> Iterator[Cluster]:
    """A control plane of one's own that ends with the context, or with this program in whatever way it ends.

    The manifests (best: CRDs) are applied before the controllers start. The garbage collector looks for new
    kinds only every 30 seconds: it sees owners of these kinds at once, of kinds that come later only then.

    :param controllers: to run beside those that are always needed.

    Raises BuildError without its programs, CertificateError without openssl, ProcessEndedError (it shows the
    end of the log) or TimeoutError if a program does not start, KubectlError if a manifest is refused.
    """
    programs = binaries()
    for attempt in range(1, ATTEMPTS + 1):
        with ExitStack() as stack:
            try:
                cluster = _start(stack, programs, manifests, (*CONTROLLERS, *controllers))
            except PortTakenError:
                if attempt == ATTEMPTS:
                    raise
                continue
            yield cluster
            return


def _start(stack: ExitStack, programs: Binaries, manifests: Sequence[Path], controllers: Sequence[str]) -> Cluster:
    # The processes may write to the last, so that a file may appear in a directory while it is removed.
    directory = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="paramsync-cluster-", ignore_cleanup_errors=True))
    )
    certificates = make_certificates(directory / "certificates")
    group = stack.enter_context(processes(directory))

    etcd_port, port = free_port(), free_port()
    etcd = Etcd(etcd_port, certificates)
    arguments = etcd_arguments(etcd_port, directory / "etcd", certificates)
    group.start("etcd", programs.etcd, arguments).wait_for(etcd.healthy, "etcd is healthy")

    url = f"https://127.0.0.1:{port}"
    kubeconfig = access.write_kubeconfig(directory / "kubeconfig", url, certificates.authority, certificates.admin)
    admin = stack.enter_context(access.api_client(kubeconfig))
    audit_log = directory / "audit.log"
    arguments = api_server_arguments(directory, port, etcd_port, certificates, audit_log)
    api_server = ApiServer(programs.kube_apiserver, arguments, group, admin)
    api_server.start()
    for manifest in manifests:
        access.kubectl(kubeconfig, "apply", "--server-side", "-f", str(manifest))
    wait_until(lambda: _serves_custom_resources(admin), "all custom resources are served")

    manager = group.start(
        "kube-controller-manager",
        programs.kube_controller_manager,
        _controller_manager_arguments(directory, url, certificates, controllers),
    )
    cluster = Cluster(
        url=url,
        directory=directory,
        kubeconfig=kubeconfig,
        audit_log=audit_log,
        api_server=api_server,
        certificates=certificates,
        etcd=etcd,
        admin=admin,
    )
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    manager.wait_for(lambda: cluster.exists(account), f"{account} exists")
    orphan = _create_orphan(cluster)
    manager.wait_for(lambda: not cluster.exists(orphan), "the garbage collector removes an orphan")
    return cluster


def _controller_manager_arguments(
    directory: Path, url: str, certificates: Certificates, controllers: Sequence[str]
) -> list[str]:
    kubeconfig = access.write_kubeconfig(
        directory / "controllers.kubeconfig", url, certificates.authority, certificates.controller_manager
    )
    return [
        f"--kubeconfig={kubeconfig}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={certificates.service_accounts}",
        f"--root-ca-file={certificates.authority}",
        f"--controllers={','.join(controllers)}",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def _serves_custom_resources(admin: ApiClient) -> bool:
    """Whether controllers would find all custom resources that are defined, and could list them at once.

    Both come a moment after the definition's condition Established.
    """
    definitions = access.request(admin, "GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    found = {
        (group["metadata"]["name"], version["version"], resource["resource"])
        for group in access.request(admin, "GET", "/apis", accept=accept)["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }
    defined = {
        (definition["spec"]["group"], version["name"], definition["spec"]["names"]["plural"])
        for definition in definitions
        for version in definition["spec"]["versions"]
        if version["served"]
    }
    try:
        for kind in defined:
            access.request(admin, "GET", f"/apis/{'/'.join(kind)}")
    except ApiException:
        return False
    return defined <= found


def _create_orphan(cluster: Cluster) -> str:
    """A ConfigMap whose owner never was, which only a working garbage collector removes."""
    name = "whose-owner-never-was"
    owner = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": name,
        "uid": "00000000-0000-4000-8000-000000000000",
    }
    path = "/api/v1/namespaces/default/configmaps"
    cluster.request("POST", path, {"metadata": {"name": name, "ownerReferences": [owner]}})
    return f"{path}/{name}"
