"""The main job as a transcript: a local AWS, a local control plane, the operator, one ParameterSync.

KEEP=1 leaves everything running, with a kubeconfig to play with, until Ctrl-C.
"""

import json
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from tests.aws.emulator import Emulator, run_emulator
from tests.aws.proxy import Proxy, run_proxy
from tests.cluster.binaries import binaries
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.demo import parameters
from tests.demo.parameters import PATH, Given
from tests.programs.building import BuildError
from tests.running.canaries import (
    Canary,
    Place,
    audit_places,
    etcd_places,
    etcd_revision,
    file_places,
    find_canaries,
    process_places,
)
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

ROOT = Path(__file__).parents[2]
SYNC = "payment-service"
BELIEVED = 75.0
"""Seconds within which it is believed that parameters are gone."""

OBJECTS = f"""\
apiVersion: paramsync.dev/v1alpha1
kind: ClusterParameterStore
metadata:
  name: default
spec:
  region: eu-west-1
  endpoint: ENDPOINT
  access:
  - namespaces: ["*"]
    paths: ["/dev/{{namespace}}", "{PATH}"]
---
apiVersion: paramsync.dev/v1alpha1
kind: ParameterSync
metadata:
  name: {SYNC}
spec:
  sources:
  - path: {PATH}
  interval: 10s
"""


def main() -> int:
    """Run the demo, and return the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        binaries()
        with ExitStack() as stack:
            _run(stack)
    except KeyboardInterrupt:
        print("\nstopped")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(stack: ExitStack) -> None:
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paramsync-demo-")))
    step("Start an SSM emulator, a Kubernetes control plane and the operator")
    began = time.monotonic()
    ssm = stack.enter_context(run_emulator())
    proxy = stack.enter_context(run_proxy(ssm.url))
    canaries = parameters.canaries()
    given = parameters.tree(canaries)
    parameters.put(ssm, given)
    cluster = stack.enter_context(control_plane((ROOT / "crds",)))
    namespace = stack.enter_context(cluster.namespace("payments"))
    revision, mark = etcd_revision(cluster), cluster.audit_mark()
    # As the admin: an account with the chart's rights would first have everybody build Helm, which renders them.
    operator = stack.enter_context(run_operator(AccountKubeconfig(cluster.kubeconfig), directory))
    say(f"{len(given)} parameters below {PATH}; the operator is ready after {time.monotonic() - began:.1f} s")

    syncs = Syncs(cluster, namespace)
    _first_sync(cluster, proxy, syncs)
    newer = _change(ssm, syncs)
    _emptied(ssm, syncs, given)
    step("Search for the secure values everywhere but in the data of Secrets")
    places = [
        *etcd_places(cluster, revision),
        *audit_places(cluster, mark),
        *process_places(operator.pid),
        *file_places(directory),
        ("the metrics", operator.get("/metrics")[1].encode()),
    ]
    _search(places, [*canaries.values(), newer])
    if os.environ.get("KEEP"):
        _keep(cluster, ssm, namespace, operator)


def _first_sync(cluster: Cluster, proxy: Proxy, syncs: Syncs) -> None:
    step("Apply one store and one ParameterSync")
    for line in OBJECTS.partition("---\n")[2].splitlines():
        say(f"  {line}")
    began = time.monotonic()
    cluster.kubectl("apply", "-n", syncs.namespace, "-f", "-", input=OBJECTS.replace("ENDPOINT", proxy.url))
    syncs.wait_reason(SYNC, "Synced")
    say(f"Synced after {time.monotonic() - began:.1f} s")
    for kind in ("Secret", "ConfigMap"):
        _show_target(syncs, kind)


def _show_target(syncs: Syncs, kind: str) -> None:
    target = syncs.target(kind, SYNC)
    assert target is not None, f"there is no {kind} {SYNC}"
    provenance = json.loads(target["metadata"]["annotations"]["paramsync.dev/provenance"])
    say(f"{kind} {SYNC}")
    for key, (_, source, relative, version, _) in provenance["keys"].items():
        value = "••••••••" if kind == "Secret" else target["data"][key]
        name = f"{provenance['sources'][source]['path']}/{relative}"
        say(f"  {key:<24} ← {name}, version {version}: {value}")


def _change(ssm: Emulator, syncs: Syncs) -> Canary:
    step("Change a parameter")
    newer = Canary.of("the changed db/password", "canary-{}")
    before = syncs.data("Secret", SYNC) or {}
    began = time.monotonic()
    version = ssm.put(f"{PATH}/db/password", newer.value, "SecureString")
    wait_until(lambda: (syncs.data("Secret", SYNC) or {})["DB_PASSWORD"] != before["DB_PASSWORD"], "the change arrives")
    took = time.monotonic() - began
    say(f"db/password is at version {version}; it was in the Secret after {took:.1f} s:")
    say("the interval is 10 s, and a listing 3 s later has to agree, so that a deploy arrives whole")
    return newer


def _emptied(ssm: Emulator, syncs: Syncs, given: list[Given]) -> None:
    step("Delete every parameter, as a mistyped path or a wrong account would look")
    keys = {kind: sorted(syncs.data(kind, SYNC) or {}) for kind in ("Secret", "ConfigMap")}
    began = time.monotonic()
    for parameter in given:
        ssm.delete(parameter.name)
    say("for 45 s this counts as a re-creation that is under way …")
    syncs.wait_reason(SYNC, "NoParameters", BELIEVED)
    say(f"it was believed after {time.monotonic() - began:.1f} s")
    for line in syncs.cluster.kubectl("get", "psync", SYNC, "-n", syncs.namespace).splitlines():
        say(line)
    ready = syncs.condition(SYNC, "Ready")
    assert ready is not None, "a sync has a condition Ready"
    say(ready["message"])
    for kind, before in keys.items():
        after = sorted(syncs.data(kind, SYNC) or {})
        assert after == before, f"{kind} {SYNC} lost keys"
        say(f"{kind} {SYNC} still has its {len(after)} keys")


def _search(places: list[Place], canaries: list[Canary]) -> None:
    size = sum(len(content) for _, content in places)
    say(f"{len(canaries)} values, in clear, encoded and as digests, in {len(places)} places ({size / 2**20:.1f} MiB):")
    say("every write to etcd, the audit log, the operator's logs, files, metrics, command line and environment")
    found = find_canaries(places, canaries)
    assert not found, "\n".join(map(str, found))
    say("found none")


def _keep(cluster: Cluster, ssm: Emulator, namespace: str, operator: Operator) -> None:
    step("Everything keeps running until Ctrl-C")
    say(f"export KUBECONFIG={cluster.kubeconfig}")
    say(f"kubectl get psync,secret,configmap -n {namespace}")
    say("export AWS_ACCESS_KEY_ID=AKIA111122223333 AWS_SECRET_ACCESS_KEY=any AWS_REGION=eu-west-1")
    say(f"aws ssm put-parameter --endpoint-url {ssm.url} --name {PATH}/db/host --type String --value db --overwrite")
    say(f"the operator's log: {operator.log}")
    threading.Event().wait()


_steps = iter(range(1, 100))


def step(text: str) -> None:
    """Begin a numbered step."""
    print(f"\n{next(_steps)}. {text}", flush=True)


def say(text: str) -> None:
    """One line of a step."""
    print(f"   {text}", flush=True)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
