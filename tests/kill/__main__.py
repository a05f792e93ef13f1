"""Runs a long storm, and shows what came of it."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.cluster.control_plane import control_plane
from tests.conftest import ROOT
from tests.kill.calm import calm
from tests.kill.moments import kills, pauses
from tests.kill.storm import storm


def main() -> int:
    """Run the storm, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the operator is killed (200)")
    parser.add_argument("--pauses", type=int, default=20, help="how often it is paused after that (20)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of all that happens by chance")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    chance = random.Random(asked.seed)
    with (
        control_plane([ROOT / "crds"]) as cluster,
        cluster.namespace() as namespace,
        tempfile.TemporaryDirectory(prefix="paramsync-kill-") as directory,
        storm(cluster, namespace, Path(directory), asked.seed) as raging,
    ):
        raging.rage(raging.kill, kills(asked.kills, chance))
        raging.rage(raging.pause, pauses(asked.pauses, chance))
        found = calm(raging)
    found.show()
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
