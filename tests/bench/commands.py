"""How long the commands take that a person waits for: help, and a plan of many parameters."""

from __future__ import annotations

import os
import resource
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.aws.clients import REGION, access_key
from tests.load.stub import Settings, run_stub

if TYPE_CHECKING:
    from tests.bench.measure import Results

PROGRAM = Path(sysconfig.get_path("scripts")) / "paramsync"
PATH = "/bench/commands"
LATENCY = 0.015
MOST_OF_HELP = 0.3
MOST_OF_PLAN = 2.0
REPEATS = 5
SECURE_IN = 5
"""Every so many-th parameter is a SecureString."""


def commands(results: Results, number: int = 500, repeats: int = REPEATS) -> None:
    """Help, and a plan of so many parameters from AWS alone, of which each page takes its time."""
    _run("--help")  # leaves the modules compiled, as an installation has them
    seconds, _ = min(_run("--help") for _ in range(repeats))
    results.show("help: seconds", seconds, MOST_OF_HELP, unit=" s")
    with run_stub(Settings(latency=LATENCY)) as stub, tempfile.TemporaryDirectory() as directory:
        for index in range(number):
            stub.put(f"{PATH}/p{index}", f"value {index}", "String" if index % SECURE_IN else "SecureString")
        file = Path(directory) / "sync.yaml"
        file.write_text(yaml.safe_dump_all(_manifests(stub.url)))
        before = stub.counts.arrived()
        seconds, cpu = min(_run("plan", "-f", str(file), ends=2) for _ in range(repeats))
        requests = (stub.counts.arrived() - before) / repeats
        what = f"plan of {number} parameters, {1000 * LATENCY:g} ms a page"
        results.show(f"{what}: seconds", seconds, MOST_OF_PLAN, unit=" s")
        results.show(f"{what}: seconds of CPU", cpu, unit=" s")
        results.equal("requests of a plan", requests, -(-number // 10))
        results.equal("requests that were throttled", stub.counts.throttled(), 0)


def _manifests(endpoint: str) -> list[dict[str, object]]:
    access = [{"namespaces": ["*"], "paths": [PATH]}]
    return [
        {
            "apiVersion": "paramsync.dev/v1alpha1",
            "kind": "ClusterParameterStore",
            "metadata": {"name": "default"},
            "spec": {"region": REGION, "endpoint": endpoint, "access": access},
        },
        {
            "apiVersion": "paramsync.dev/v1alpha1",
            "kind": "ParameterSync",
            "metadata": {"name": "app"},
            "spec": {"sources": [{"path": PATH}]},
        },
    ]


def _run(*arguments: str, ends: int = 0) -> tuple[float, float]:
    """The seconds that a command takes, and those of CPU."""
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": access_key(),
        "AWS_SECRET_ACCESS_KEY": "secret-of-nobody",
        "AWS_ACCOUNT_ID": access_key().removeprefix("AKIA"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != ends:
        raise RuntimeError(f"paramsync {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
