"""Ways to talk to the API server: kubeconfig files, requests of the kubernetes client, kubectl."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import load_kube_config

from tests.cluster.certificates import Pair


class KubectlError(RuntimeError):
    """kubectl is missing or ended with an error, which the message quotes."""


def write_kubeconfig(path: Path, url: str, authority: Path, user: Pair | str, namespace: str = "default") -> Path:
    """Write a kubeconfig for a client certificate or a token, readable by its owner only."""
    if isinstance(user, Pair):
        credentials = {"client-certificate": str(user.certificate), "client-key": str(user.key)}
    else:
        credentials = {"token": user}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(authority)}}],
        "users": [{"name": "test", "user": credentials}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def api_client(kubeconfig: Path) -> ApiClient:
    """A client that the caller must close, best as a context manager."""
    configuration = Configuration()
    load_kube_config(str(kubeconfig), client_configuration=configuration, persist_config=False)
    configuration.proxy = None  # whatever the environment says: loopback is reached directly
    return ApiClient(configuration)


def request(
    client: ApiClient,
    method: str,
    path: str,
    body: object = None,
    *,
    content_type: str = "application/json",
    accept: str = "application/json",
    query: dict[str, str] | None = None,
    timeout: float = 10.0,
) -> Any:
    """One request, answered with the decoded JSON, or the text if it is none.

    Raises kubernetes' ApiException, by its subclass and `status`, unless the answer is a success.
    """
    parameters = client.param_serialize(
        method,
        path,
        query_params=list((query or {}).items()),
        header_params={"Accept": accept, "Content-Type": content_type},
        body=body,
        auth_settings=["BearerToken"],
    )
    response = client.call_api(*parameters, _request_timeout=timeout)
    text = response.read().decode()
    if not 200 <= response.status <= 299:
        raise ApiException.from_response(http_resp=response, body=text, data=None)
    try:
        return json.loads(text)
    except ValueError:
        return text


def kubectl(kubeconfig: Path, *arguments: str, input: str | None = None) -> str:  # noqa: A002
    """Run kubectl and return what it printed. Raises KubectlError."""
    command = [
        kubectl_program(),
        f"--kubeconfig={kubeconfig}",
        # Its usual cache goes by the port, which may have been another control plane's an hour ago.
        f"--cache-dir={kubeconfig.parent / 'kubectl-cache'}",
        *arguments,
    ]
    environment = {**os.environ, "KUBERC": "off"}  # no preferences of whoever runs the tests
    run = subprocess.run(command, input=input or "", env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        raise KubectlError(f"`kubectl {' '.join(arguments)}` ended with {run.returncode}: {run.stderr.strip()}")
    return run.stdout


def kubectl_program() -> str:
    """Where kubectl is. Raises KubectlError."""
    beside_python = str(Path(sys.executable).parent)
    found = shutil.which("kubectl") or shutil.which("kubectl", path=beside_python)
    if found is None:
        raise KubectlError(f"no kubectl in the PATH or in {beside_python}: run `make setup`")
    return found
