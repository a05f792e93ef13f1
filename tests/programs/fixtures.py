"""Builds the programs that the collected tests need before any test's time limit runs, and shows the progress."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.cluster.binaries import binaries
from tests.programs import cosign
from tests.programs.argo import ARGO
from tests.programs.building import BuildError
from tests.programs.gh import GH
from tests.programs.helm import HELM
from tests.programs.prometheus import PROMETHEUS
from tests.release.actionlint import ACTIONLINT

NEEDED_BY: Mapping[str, Sequence[Callable[[], object]]] = {
    # The operator's account is what the chart makes of it.
    "cluster": (binaries, HELM.built),
    "documented_cluster": (binaries, HELM.built),
    "gh_program": (GH.built,),
    "cosign_reference": (cosign.reference,),
    "helm_program": (HELM.built,),
    "argo_program": (ARGO.built,),
    "prometheus_programs": (PROMETHEUS.built,),
    "actionlint_program": (ACTIONLINT.built,),
}
"""What brings the programs of a fixture."""


@pytest.fixture(scope="session")
def helm_program() -> Path:
    """Helm's program."""
    return HELM.built() / "helm"


@pytest.fixture(scope="session")
def actionlint_program() -> Path:
    """actionlint's program."""
    return ACTIONLINT.built() / "actionlint"


@pytest.fixture(scope="session")
def gh_program() -> Path:
    """A program that reads command lines as GitHub's client does."""
    return GH.built() / "gh"


@pytest.fixture(scope="session")
def cosign_reference() -> Path:
    """The directory of cosign's own reference of its commands."""
    return cosign.reference()


@pytest.fixture(scope="session")
def argo_program() -> Path:
    """A program that does what Argo CD's application controller does."""
    return ARGO.built() / "argo"


@pytest.fixture(scope="session")
def prometheus_programs() -> Path:
    """The directory of Prometheus's `promtool`, and of `queries`, its parser of expressions."""
    return PROMETHEUS.built()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is needed. Raises UsageError."""
    fixtures = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if session.config.option.collectonly:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            for fixture, builds in NEEDED_BY.items():
                for build in builds if fixture in fixtures else ():
                    build()
    except BuildError as error:
        raise pytest.UsageError(str(error)) from None
