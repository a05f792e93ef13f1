"""Credentials that are renewed in the files where they stand, and an API server that refuses the old ones."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from paramsync.kube.credentials import KubeconfigError
from paramsync.kube.errors import Refused, Unavailable
from paramsync.kube.transport import Transport, connect
from tests.cluster.cluster import Cluster
from tests.running.in_pod import ServiceAccountFiles, pod_environment

BAD = "hunter2"
"""No token."""

Put = Callable[[str], None]


@pytest.fixture
def good(cluster: Cluster, namespace: str) -> str:
    """A token that the API server takes."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    token: str = cluster.request("POST", path, {"spec": {}})["status"]["token"]
    return token


@pytest.fixture(params=["kubeconfig", "service account"])
def renewed(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Transport, Put]]:
    """A way to the API server with a bad token, and what puts another one into its file."""
    authority = cluster.certificates.authority
    files = ServiceAccountFiles(tmp_path)

    def put(token: str) -> None:
        files.write(token, authority.read_text())

    put(BAD)
    kubeconfig = None
    if request.param == "kubeconfig":
        kubeconfig = str(write_kubeconfig(cluster, tmp_path))
    else:
        for name, value in pod_environment(cluster.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("kubernetes.config.incluster_config.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
        monkeypatch.setattr("kubernetes.config.incluster_config.SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    transport = connect(kubeconfig, None, 2)
    yield transport, put
    transport.close()


def write_kubeconfig(cluster: Cluster, directory: Path) -> Path:
    """A kubeconfig that names the file of a token."""
    file = directory / "kubeconfig"
    place = {"server": cluster.url, "certificate-authority": str(directory / "ca.crt")}
    content = {
        "clusters": [{"name": "a", "cluster": place}],
        "users": [{"name": "a", "user": {"tokenFile": str(directory / "token")}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    file.write_text(yaml.safe_dump(content))
    return file


def ask(transport: Transport) -> bytes:
    return transport.request("GET", "/api", what="ask")


def requests_of(cluster: Cluster, since: int) -> list[int]:
    return [entry.response.code for entry in cluster.audit(since) if entry.user_agent == "paramsync"]


def test_who_is_refused_asks_once_more_with_what_the_file_says_now(
    cluster: Cluster, renewed: tuple[Transport, Put], good: str
) -> None:
    transport, put = renewed
    since = cluster.audit_mark()
    with pytest.raises(Refused, match="Unauthorized"):
        ask(transport)
    assert requests_of(cluster, since) == [401], "what has not changed is not tried again"

    since = cluster.audit_mark()
    put(good)
    assert ask(transport)
    assert ask(transport)
    assert requests_of(cluster, since) == [401, 200, 200]
    assert transport.connection().token == good


def test_a_new_token_that_is_bad_too_is_not_tried_for_ever(cluster: Cluster, renewed: tuple[Transport, Put]) -> None:
    transport, put = renewed
    since = cluster.audit_mark()
    put("another")
    with pytest.raises(Refused, match="Unauthorized"):
        ask(transport)
    assert requests_of(cluster, since) == [401, 401]


def test_what_others_are_told_is_what_the_file_says_now(renewed: tuple[Transport, Put]) -> None:
    transport, put = renewed
    assert transport.connection().token == BAD
    put("another")
    assert transport.connection().token == "another"
    assert "another" not in repr(transport.connection())


def test_a_token_that_cannot_be_read_is_told_and_read_again(
    renewed: tuple[Transport, Put], good: str, tmp_path: Path
) -> None:
    transport, put = renewed
    (tmp_path / "token").rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="ask: no API server is known: "):
        ask(transport)
    with pytest.raises(KubeconfigError):
        transport.connection()

    (tmp_path / "away").rename(tmp_path / "token")
    put(good)
    assert ask(transport)


def test_a_kubeconfig_that_is_no_yaml_is_told_without_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(f"{{token: {BAD}")
    with pytest.raises(KubeconfigError) as told:
        connect(str(file), None, 1)
    assert str(told.value) == f"no API server is known: the kubeconfig is not YAML: {file}, at line 1"
