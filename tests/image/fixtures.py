"""The image of the working tree. Where none can be made, the tests are skipped; in CI they fail."""

import os
from collections.abc import Mapping
from contextlib import nullcontext

import pytest

from tests.image.building import image as built_image
from tests.image.image import Image
from tests.image.tools import ImageToolsError

LIMIT = 120_000_000
_built: list[Image | ImageToolsError] = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the image, if a test needs it, before any test's time limit runs."""
    needed = any("image" in getattr(item, "fixturenames", ()) for item in session.items)
    if not needed or session.config.option.collectonly or _built:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        try:
            _built.append(built_image())
        except ImageToolsError as error:
            _built.append(error)


@pytest.fixture(scope="session")
def image() -> Image:
    """The image of the working tree."""
    (built,) = _built
    return found(built, os.environ)


def found(built: Image | ImageToolsError, environment: Mapping[str, str]) -> Image:
    """The image; where none can be made, the test is skipped, but fails in a workflow, which could pass by that."""
    if isinstance(built, Image):
        return built
    if environment.get("CI") == "true":
        pytest.fail(str(built))
    pytest.skip(str(built))
