"""The image of the working tree. Where none can be made, the tests are skipped; in CI they fail.

Where one can be made, and a command fails that makes it, they fail everywhere.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext

import pytest

from tests.image.architectures import ARCHITECTURES, Architecture, own
from tests.image.building import image as built_image
from tests.image.image import Image
from tests.image.tools import CommandError, ImageToolsError

LIMIT = 120_000_000

Built = Image | ImageToolsError | CommandError
_built: list[Built] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of the image be about the image for another architecture."""
    parser.addoption("--image-arch", choices=ARCHITECTURES, help="the architecture of the image, if not this machine's")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the image, if a test needs it, before any test's time limit runs."""
    needed = any("image" in getattr(item, "fixturenames", ()) for item in session.items)
    if not needed or session.config.option.collectonly or _built:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        _built.append(attempted(lambda: built_image(chosen(session.config))))


def chosen(config: pytest.Config) -> Architecture:
    """The architecture of the image that is tested. Raises ImageToolsError if none is made for this machine's."""
    name: str | None = config.option.image_arch
    return ARCHITECTURES[name] if name else own()


@pytest.fixture(scope="session")
def image() -> Image:
    """The image of the working tree."""
    (built,) = _built
    return found(built, os.environ)


@pytest.fixture(scope="session")
def architecture(image: Image, pytestconfig: pytest.Config) -> Architecture:
    """The architecture that the image is for, as it was asked for."""
    return chosen(pytestconfig)


def attempted(build: Callable[[], Image]) -> Built:
    """The image, or why there is none: that is for the tests that need it, and stops no others."""
    try:
        return build()
    except (ImageToolsError, CommandError) as error:
        return error


def found(built: Built, environment: Mapping[str, str]) -> Image:
    """The image; where none can be made, the test is skipped, but fails in a workflow, which could pass by that."""
    if isinstance(built, Image):
        return built
    if isinstance(built, CommandError) or environment.get("CI") == "true":
        pytest.fail(str(built))
    pytest.skip(str(built))
