"""Argo CD for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.proxy import Proxy
from tests.e2e.scene import Stores
from tests.gitops.argo import Argo
from tests.running.objects import Syncs


@pytest.fixture(scope="session")
def argo(argo_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Argo:
    """Argo CD with our health check and actions."""
    return Argo(argo_program, tmp_path_factory.mktemp("argo"))


@pytest.fixture
def store(syncs: Syncs, proxy: Proxy) -> Iterator[Stores]:
    """A store of the namespace's name, which allows the namespace's path."""
    made = Stores(syncs.cluster, proxy)
    made.create(syncs.namespace, f"/{syncs.namespace}")
    yield made
    made.delete_all()
