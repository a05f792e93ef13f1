"""A pod's container, run by podman as its spec says."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from tests.image.image import RUN
from tests.image.tools import run

Json = dict[str, Any]


@dataclass
class Container:
    """A container that runs, or has ended."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    address: str
    spec: Json

    def answers(self, probe: str) -> bool:
        """Whether one of its probes succeeds."""
        wanted = self.spec[probe]["httpGet"]
        port = next(each["containerPort"] for each in self.spec["ports"] if each["name"] == wanted["port"])
        try:
            url = f"http://{self.address}:{port}{wanted['path']}"
            return urllib3.request("GET", url, retries=False, timeout=self.spec[probe]["timeoutSeconds"]).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL when its time is over."""
        if self.process.poll() is None:
            self.process.terminate()  # podman passes it on
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as the loss of its node would."""
        run(["podman", "rm", "--force", "--ignore", "--time", "0", self.name])
        self.process.wait(30)


def start(pod: Json, address: str, server: str, volumes: Mapping[str, Path], log: Path) -> Container:
    """Start the one container of a pod.

    Pods have no network of their own here: each listens on a loopback address of its own instead.
    """
    (spec,) = pod["spec"]["containers"]
    place = urlsplit(server)
    environment = {"KUBERNETES_SERVICE_HOST": place.hostname or "", "KUBERNETES_SERVICE_PORT": str(place.port)}
    for variable in spec.get("env", ()):
        environment[variable["name"]] = _expanded(variable["value"], environment)
    name = f"{pod['metadata']['name']}-{pod['metadata']['uid'][:8]}"
    mounts = [f"--volume={volumes[each['name']]}:{each['mountPath']}:ro" for each in spec["volumeMounts"]]
    variables = [f"--env={key}={text}" for key, text in environment.items()]
    options = ["--rm", "--replace", "--name", name, "--hostname", pod["metadata"]["name"], "--network", "host"]
    options += _confined(pod["spec"], spec)
    arguments = [*spec["args"], f"--listen-host={address}"]
    command = [*RUN, *options, *variables, *mounts, spec["image"], *arguments]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    return Container(name, process, log, address, spec)


def _confined(pod: Json, container: Json) -> list[str]:
    of_pod, of_container = pod["securityContext"], container["securityContext"]
    options = ["--user", f"{of_pod['runAsUser']}:{of_pod['runAsGroup']}"]
    options += [f"--cap-drop={each}" for each in of_container["capabilities"]["drop"]]
    options += ["--read-only", "--read-only-tmpfs=false"] if of_container["readOnlyRootFilesystem"] else []
    options += [] if of_container["allowPrivilegeEscalation"] else ["--security-opt=no-new-privileges"]
    return options


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    """Kubernetes' own variables in a variable: $(NAME)."""
    return re.sub(r"\$\((\w+)\)", lambda found: environment.get(found[1], found[0]), text)
