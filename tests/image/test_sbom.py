"""The bill of materials of the image names what is in it, neither more nor less, and is valid CycloneDX."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from deploy.image.sbom import SbomError, document
from paramsync import __version__
from tests.image.building import ROOT
from tests.image.image import Image

Components = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def written(image: Image, tmp_path_factory: pytest.TempPathFactory) -> str:
    archive = tmp_path_factory.mktemp("sbom") / "root.tar"
    image.export(archive)
    return document(archive)


def of_kind(written: str, kind: str) -> Components:
    urls = {each["purl"]: each for each in json.loads(written)["components"]}
    return {url.name: urls[str(url)] for url in map(PackageURL.from_string, urls) if url.type == kind}


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements" / "run.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lines, re.MULTILINE))


def test_it_is_valid_and_about_this_version(written: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    subject = json.loads(written)["metadata"]["component"]
    assert (subject["type"], subject["name"], subject["version"]) == ("container", "paramsync", __version__)


def test_its_distributions_are_the_locked_ones_and_the_operator(written: str) -> None:
    found = {name: each["version"] for name, each in of_kind(written, "pypi").items()}
    assert found == {**locked(), "paramsync": __version__}


def test_its_distributions_are_those_in_the_image(image: Image, written: str) -> None:
    program = "import importlib.metadata as m\nfor each in m.distributions(): print(each.name.lower(), each.version)"
    installed = dict(line.split() for line in image.python(program).replace("_", "-").splitlines())
    assert {name: each["version"] for name, each in of_kind(written, "pypi").items()} == installed


def test_its_packages_are_those_of_the_list_and_of_the_image(image: Image, written: str) -> None:
    text = (ROOT / "deploy" / "image" / "packages.txt").read_text()
    listed = {name for line in text.splitlines() if (name := line.partition("#")[0].strip())}
    status = image.python("print(open('/var/lib/dpkg/status').read())")
    versions = dict(re.findall(r"^Package: (\S+)\n(?:.+\n)*?Version: (\S+)$", status, re.MULTILINE))
    assert listed == versions.keys()
    assert {name: each["version"] for name, each in of_kind(written, "deb").items()} == versions


def test_each_has_a_licence(written: str) -> None:
    components = json.loads(written)["components"]
    assert [each["name"] for each in components if not each.get("licenses")] == []
    assert of_kind(written, "pypi")["boto3"]["licenses"][0]["license"]["id"] == "Apache-2.0"


def test_what_is_no_image_gets_none(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    with pytest.raises(SbomError, match="paramsync is not in it"):
        document(tmp_path / "empty.tar")
