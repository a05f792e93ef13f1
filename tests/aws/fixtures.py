"""Fixtures of the stand-in for AWS; a conftest imports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws.emulator import Emulator, run_emulator
from tests.aws.proxy import Proxy, run_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One emulator for the whole run; tests use `ssm`, which is empty at their start."""
    with run_emulator() as running:
        yield running


@pytest.fixture
def ssm(emulator: Emulator) -> Emulator:
    """The emulator without any parameter."""
    emulator.reset()
    return emulator


@pytest.fixture
def proxy(ssm: Emulator) -> Iterator[Proxy]:
    """A proxy without rules and records in front of the empty emulator: what a client under test is to be given."""
    with run_proxy(ssm.url) as running:
        yield running
