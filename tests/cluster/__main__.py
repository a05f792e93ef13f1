"""`python -m tests.cluster` runs a control plane until Ctrl-C; `… build` only builds its programs."""

import argparse
import signal
import sys
import threading
import time
from types import FrameType

from tests.cluster.binaries import binaries
from tests.cluster.certificates import CertificateError
from tests.cluster.processes import ProcessEndedError
from tests.programs.building import BuildError


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description="A local Kubernetes control plane.")
    parser.add_argument("command", nargs="?", choices=["run", "build"], default="run")
    command = parser.parse_args().command
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: background jobs inherit that it is ignored
        signal.signal(number, _interrupt)
    try:
        if command == "build":
            print(binaries().kube_apiserver.parent)
        else:
            _run()
    except KeyboardInterrupt:
        print("stopped")
    except (BuildError, CertificateError, ProcessEndedError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run() -> None:
    binaries()
    began = time.monotonic()
    # Here, because `build` needs no kubernetes client, which takes a second to import.
    from tests.cluster.control_plane import control_plane  # noqa: PLC0415

    with control_plane() as cluster:
        print(f"A control plane runs at {cluster.url} (started in {time.monotonic() - began:.1f} s).")
        print(f"  export KUBECONFIG={cluster.kubeconfig}")
        print("  kubectl get namespaces")
        print(f"Logs, audit log and data: {cluster.directory}. Ctrl-C stops it and removes them.", flush=True)
        threading.Event().wait()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # Once is enough: a second signal would only disturb the end that the first one began.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
