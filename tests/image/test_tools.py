"""What is done where images cannot be made: installed, refused with a reason, skipped, failed."""

import pytest

from tests.image.fixtures import attempted, found
from tests.image.image import Image
from tests.image.tools import PROGRAMS, CommandError, ImageToolsError, run, to_install

APT = "apt-get"


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        pytest.param([*PROGRAMS, APT], [], id="all there"),
        pytest.param([*PROGRAMS], [], id="all there, and nothing to install with"),
        pytest.param([APT], [*PROGRAMS], id="nothing there"),
        pytest.param(["buildah", "podman", "runc", APT], ["debootstrap"], id="one is missing"),
    ],
)
def test_what_is_missing_is_installed(there: list[str], missing: list[str]) -> None:
    assert to_install(0, {name: f"/usr/bin/{name}" for name in there}.get) == missing


@pytest.mark.parametrize(
    ("user", "there", "message"),
    [
        pytest.param(0, ["podman"], "install buildah, runc, debootstrap: there is no apt-get to do it", id="no apt"),
        pytest.param(1000, [*PROGRAMS, APT], "run the tests of tests/image as root", id="not root"),
        pytest.param(1000, [], "run the tests of tests/image as root", id="not root, nothing there"),
    ],
)
def test_where_none_can_be_made_the_error_says_what_to_do(user: int, there: list[str], message: str) -> None:
    with pytest.raises(ImageToolsError, match=message):
        to_install(user, {name: f"/usr/bin/{name}" for name in there}.get)


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [
        ({}, pytest.skip.Exception),
        ({"CI": ""}, pytest.skip.Exception),
        ({"CI": "false"}, pytest.skip.Exception),
        ({"CI": "true"}, pytest.fail.Exception),
    ],
)
def test_the_tests_are_skipped_but_no_workflow_passes_by_that(
    environment: dict[str, str], outcome: type[BaseException]
) -> None:
    # Both are caught: a test that expects one of them would itself be skipped by the other.
    with pytest.raises((pytest.skip.Exception, pytest.fail.Exception), match="no tools") as raised:
        found(ImageToolsError("no tools"), environment)
    assert raised.type is outcome


@pytest.mark.parametrize("environment", [{}, {"CI": "true"}])
def test_a_command_that_fails_stops_no_other_tests_and_fails_those_of_the_image_everywhere(
    environment: dict[str, str],
) -> None:
    def build() -> Image:
        return Image(run(["false"]))

    built = attempted(build)
    assert isinstance(built, CommandError)
    with pytest.raises((pytest.skip.Exception, pytest.fail.Exception), match="`false` ended with 1") as raised:
        found(built, environment)
    assert raised.type is pytest.fail.Exception


def test_where_none_can_be_made_no_other_tests_are_stopped() -> None:
    error = ImageToolsError("no tools")

    def build() -> Image:
        raise error

    assert attempted(build) is error


def test_an_image_is_an_image_everywhere() -> None:
    image = Image("localhost/any:1")
    assert attempted(lambda: image) is image
    assert [found(image, each) for each in ({}, {"CI": "true"})] == [image, image]
