"""The credentials for the API server are read by one thread at a time: they are read into what all threads use."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from kubernetes.client import ApiClient, Configuration

from paramsync.kube.credentials import BEARER, Credentials
from paramsync.kube.transport import Transport

LONG = 0.5
"""Seconds in which a second reader comes if nothing holds it up."""


class Files:
    """Another token each time, and whether two ever read at once."""

    def __init__(self) -> None:
        self.reads = 0
        self.together = False
        self.renewing = threading.Event()
        self._both = threading.Barrier(2)

    def load(self, configuration: Configuration) -> None:
        self.reads += 1
        configuration.api_key[BEARER] = f"token{self.reads}"
        if self.reads == 1:  # at the start, when there is one thread
            return
        self.renewing.set()
        with suppress(threading.BrokenBarrierError):
            self._both.wait(LONG)
            self.together = True


def test_who_asks_how_to_connect_does_not_read_while_another_thread_renews() -> None:
    files = Files()
    renewable = Credentials(files.load)
    transport = Transport(ApiClient(renewable.configuration), renewable)
    with ThreadPoolExecutor(1) as thread:
        renewed = thread.submit(renewable.renewed, "token1")
        assert files.renewing.wait(10)
        transport.connection()
    assert renewed.result()
    assert (files.reads, files.together) == (3, False)
    transport.close()
