"""The gateway of the tests leaves no connection behind: what its loop leaves open warns, which is an error here."""

import gc
import socket
import ssl
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.aws.background import in_background
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway

WATCHES = 20
OBJECTS, SIZE = 24, 500_000


@pytest.fixture
def admins_gateway(cluster: Cluster, tmp_path: Path) -> AbstractContextManager[Gateway]:
    """A gateway that itself proves to be the admin: what comes in proves nothing, and watches more than an operator."""
    tls, admin = ssl.create_default_context(cafile=cluster.certificates.authority), cluster.certificates.admin
    tls.load_cert_chain(admin.certificate, admin.key)
    return in_background(Gateway(AccountKubeconfig(tmp_path / "kubeconfig"), cluster.url, {}, tls=tls).serving())


def watch(gateway: Gateway, path: str) -> socket.socket:
    """A connection on which a watch has been asked for."""
    url = urlsplit(yaml.safe_load(gateway.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
    client = socket.create_connection((url.hostname, url.port))
    client.sendall(f"GET {path}?watch=1 HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
    return client


def test_it_ends_at_once_what_a_client_did_not_read(
    cluster: Cluster, namespace: str, admins_gateway: AbstractContextManager[Gateway]
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with ExitStack() as clients, admins_gateway as gateway:
        clients.enter_context(watch(gateway, path))
        wait_until(lambda: gateway.asked(path), "the watch has come")
        for number in range(OBJECTS):
            cluster.request("POST", path, {"metadata": {"name": f"big-{number}"}, "data": {"text": "x" * SIZE}})
    gc.collect()


def test_it_ends_at_once_what_clients_read_no_more(
    cluster: Cluster, namespace: str, admins_gateway: AbstractContextManager[Gateway]
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with admins_gateway as gateway, ExitStack() as clients:
        for _ in range(WATCHES):
            clients.enter_context(watch(gateway, path)).recv(1)
    gc.collect()
