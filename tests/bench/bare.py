"""A bare loop of boto3 over pages, in a process of its own: prints the seconds of CPU that one page costs.

At a pace, for a page that comes alone costs more than twice as much as one of many in a row: the processor's caches
are cold, and it has to be woken.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import boto3

from tests.aws.clients import REGION, access_key

WARM_UP = 20


def main() -> None:
    """Ask for pages of a path, as many and with such pauses as the arguments say."""
    endpoint, path, number, pause = sys.argv[1:]
    client = boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=access_key(),
        aws_secret_access_key="secret-of-nobody",
    )
    began = 0.0
    for index in range(WARM_UP + int(number)):
        if index == WARM_UP:
            began = _used()
        client.get_parameters_by_path(Path=path, Recursive=True, WithDecryption=False, MaxResults=10)
        time.sleep(float(pause))
    print((_used() - began) / int(number))


def bare_cost(endpoint: str, path: str, number: int, pause: float = 0) -> float:
    """Return the seconds of CPU that a bare loop of boto3 takes for the first page of a path.

    :param pause: seconds between two of them.
    """
    command = [sys.executable, "-m", "tests.bench.bare", endpoint, path, str(number), str(pause)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
