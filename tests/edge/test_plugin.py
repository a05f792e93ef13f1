"""``paramsync`` as a plug-in of kubectl, and completed by a shell."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.running.objects import Syncs

BIN = Path(sys.executable).parent


def test_kubectl_runs_it_by_its_name(cluster: Cluster, syncs: Syncs) -> None:
    syncs.create("app", "/prod/pay")
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "KUBECONFIG": str(cluster.kubeconfig), "KUBERC": "off"}
    command = [str(BIN / "kubectl"), "paramsync", "suspend", f"{syncs.namespace}/app"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"ParameterSync {syncs.namespace}/app is suspended\n"
    assert syncs.get("app")["spec"]["suspend"] is True


def test_a_shell_completes_commands_and_options() -> None:
    environment = {"_PARAMSYNC_COMPLETE": "bash_complete", "COMP_WORDS": "paramsync appr", "COMP_CWORD": "1"}
    run = [str(BIN / "paramsync")]
    assert subprocess.run(run, env=environment, capture_output=True, text=True).stdout == "plain,approve\n"
    environment |= {"COMP_WORDS": "paramsync explain --kube", "COMP_CWORD": "2"}
    assert subprocess.run(run, env=environment, capture_output=True, text=True).stdout == "plain,--kubeconfig\n"
