"""`kubectl diff` shows no difference either, of what kubectl has applied and the operator has acted on."""

import json

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.access import KubectlError
from tests.gitops.application import remove
from tests.gitops.desired import chart, ours
from tests.helm.rendering import Helm
from tests.running.objects import Syncs


@pytest.mark.usefixtures("monitors", "operator")
@pytest.mark.parametrize("way", [(), ("--server-side",)], ids=["client-side apply", "server-side apply"])
def test_kubectl_shows_no_difference(
    helm: Helm, ssm: Emulator, proxy: Proxy, syncs: Syncs, way: tuple[str, ...]
) -> None:
    ssm.put(f"/{syncs.namespace}/app/password", "hunter2", "SecureString")
    objects = [*chart(helm, syncs.namespace), *ours(syncs.namespace, proxy.url)]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})

    def kubectl(command: str, *options: str) -> str:
        return syncs.cluster.kubectl(command, *options, "-n", syncs.namespace, "-f", "-", input=listed)

    try:
        kubectl("apply", *way)
        syncs.wait_reason("app", "Synced")
        syncs.wait_reason("planned", "Suspended")
        assert kubectl("diff") == ""
        # After a client-side apply, this shows the annotation in which kubectl keeps what it applied, worded anew.
        if way:
            assert kubectl("diff", *way) == ""
        # A change to the other way meets no conflict.
        kubectl("apply", "--server-side", "--dry-run=server")

        syncs.patch("app", {"spec": {"interval": "1h"}})
        with pytest.raises(KubectlError, match="ended with 1"):
            kubectl("diff")
    finally:
        remove(syncs.cluster, objects)
