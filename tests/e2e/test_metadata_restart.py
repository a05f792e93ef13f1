"""What a restarted operator knows of labels and annotations: each of these is alone, so that no other one helps it."""

from pathlib import Path

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig
from tests.e2e.metadata import MARK, NOTE, annotations, asked, kubectl, labels, synced
from tests.e2e.scene import READY, SOON, Scene, conditions
from tests.running.objects import Syncs
from tests.running.operator import run_operator


def test_a_restart_writes_nothing_and_still_knows_them(
    bound_kubeconfig: AccountKubeconfig, emulator: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    with run_operator(bound_kubeconfig, tmp_path / "first", endpoint=proxy.url) as operator:
        scene = Scene(emulator, proxy, operator, syncs)
        synced(scene, {"team": "pay", "tier": "back"}, {NOTE: "true"})
        kubectl(scene, "label", "configmap/app", "theirs=x")
        versions = scene.versions()
    with run_operator(bound_kubeconfig, tmp_path / "second", endpoint=proxy.url) as operator:
        scene = Scene(emulator, proxy, operator, syncs)
        assert conditions(syncs.refresh("app", SOON)) == READY
        assert scene.versions() == versions
    kubectl(scene, "label", "secret/app", "--overwrite", "team=evil")
    with run_operator(bound_kubeconfig, tmp_path / "third", endpoint=proxy.url) as operator:
        scene = Scene(emulator, proxy, operator, syncs)
        syncs.refresh("app", SOON)
        assert labels(scene)["team"] == "pay"
        asked(scene)
        assert (labels(scene), annotations(scene)) == (MARK, {})
        assert labels(scene, "ConfigMap") == {"theirs": "x", **MARK}
