"""Runs a long soak, and shows what came of it."""

from __future__ import annotations

import argparse
import sys

from tests.soak.soak import soak


def main() -> int:
    """Run the soak, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--polls", type=int, default=100_000, help="how many (100000)")
    polls: int = parser.parse_args().polls
    soaked = soak(polls, warm_up=polls // 3)
    soaked.show()
    return 1 if soaked.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
