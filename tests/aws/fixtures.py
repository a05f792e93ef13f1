"""Fixtures of the stand-in for AWS; the top conftest takes them. moto takes seconds to import: others need not pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.aws.emulator import Emulator
    from tests.aws.proxy import Proxy


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One emulator for the whole run; tests use `ssm`, which is empty at their start."""
    from tests.aws.emulator import run_emulator  # noqa: PLC0415

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
    from tests.aws.proxy import run_proxy  # noqa: PLC0415

    with run_proxy(ssm.url) as running:
        yield running
