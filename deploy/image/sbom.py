"""What is in an image, as a CycloneDX document: `python -m deploy.image.sbom ARCHIVE OUTPUT`.

The archive is the file system of the image, as `docker export` or `podman export` writes it. The Python distributions
come from their installed metadata, the Debian packages from what dpkg knows, with licences and package URLs. What is
made is checked against the schema of CycloneDX before it is written.
"""

import argparse
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import Parser
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.exception import CycloneDxException
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseAcknowledgement
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name

SCHEMA: Final = SchemaVersion.V1_6
OPERATOR: Final = "paramsync"
STATUS: Final = "var/lib/dpkg/status"
DOCUMENTS: Final = "usr/share/doc"

_WANTED = re.compile(rf"{STATUS}|{DOCUMENTS}/.*|usr/lib/os-release|.*\.dist-info/.*")
_LICENSES: Final = LicenseFactory()


class SbomError(Exception):
    """No document can be made of this archive; the message says why."""


def main() -> None:
    """Make the document of an archive and write it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("archive", type=Path, help="the file system of the image, as `docker export` writes it")
    arguments.add_argument("output", type=Path, help="the document")
    given = arguments.parse_args()
    try:
        written = document(given.archive)
    except (SbomError, OSError, tarfile.TarError) as error:
        sys.exit(f"{given.archive}: {error}")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(written)


def document(archive: Path) -> str:
    """The document of an image's file system, valid by the schema. Raises SbomError."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        with tarfile.open(archive) as opened:
            wanted = [each for each in opened if _WANTED.fullmatch(each.name.removeprefix("./")) and not each.islnk()]
            opened.extractall(root, wanted, filter="tar")
        bom = bill(root)
    try:
        written = make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)
    except CycloneDxException as error:
        raise SbomError(f"no document can be made of it: {error}") from None
    wrong = JsonStrictValidator(SCHEMA).validate_str(written)
    if wrong is not None:
        raise SbomError(f"the document would not be valid: {wrong}")
    return written


def bill(root: Path) -> Bom:
    """What is installed below a root."""
    distributions = sorted(map(python_component, _distributions(root)), key=lambda each: each.name)
    packages = [debian_component(root, package) for package in _packages(root)]
    operator = [each for each in distributions if each.name == OPERATOR]
    if not operator:
        raise SbomError("paramsync is not in it: is it the file system of the image?")
    if not packages:
        raise SbomError(f"dpkg knows no packages in it: /{STATUS} is missing or empty")
    bom = Bom(components=[*distributions, *packages])
    image = Component(name=OPERATOR, version=operator[0].version, type=ComponentType.CONTAINER, bom_ref="image")
    image.licenses = set(operator[0].licenses)
    bom.metadata.component = image
    bom.register_dependency(image, [*distributions, *packages])
    return bom


def python_component(distribution: Distribution) -> Component:
    """A Python distribution."""
    # The metadata of a distribution are a Message; importlib's own protocol for them says less.
    metadata = Parser().parsestr(distribution.read_text("METADATA") or "")
    name, version = canonicalize_name(metadata["Name"]), metadata["Version"]
    url = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name, version=version, purl=url, bom_ref=str(url), licenses=_python_licenses(metadata),
        description=metadata["Summary"],
    )  # fmt: skip


def debian_component(root: Path, package: Message) -> Component:
    """A Debian package."""
    name, version = package["Package"], package["Version"]
    release = _release(root)
    qualifiers = {"arch": package["Architecture"], "distro": f"debian-{release}"}
    url = PackageURL("deb", "debian", name, version, qualifiers)
    found = _debian_licenses(root / DOCUMENTS / name / "copyright")
    if not found:
        raise SbomError(f"the licence of the package {name} is not in it")
    licenses = [DisjunctiveLicense(name=each, acknowledgement=LicenseAcknowledgement.DECLARED) for each in found]
    return Component(
        name=name, version=version, purl=url, bom_ref=str(url), licenses=licenses,
        description=package["Description"].partition("\n")[0],
    )  # fmt: skip


def _distributions(root: Path) -> Iterator[Distribution]:
    for metadata in sorted(root.glob("**/site-packages/*.dist-info")):
        yield PathDistribution(metadata)


def _packages(root: Path) -> list[Message]:
    status = root / STATUS
    text = status.read_text() if status.exists() else ""
    return [Parser().parsestr(paragraph) for paragraph in text.split("\n\n") if paragraph.strip()]


def _release(root: Path) -> str:
    found = re.search(r'^VERSION_ID="?([^"\n]+)', (root / "usr/lib/os-release").read_text(), re.MULTILINE)
    if found is None:
        raise SbomError("/usr/lib/os-release does not say which release of Debian it is")
    return found[1]


def _python_licenses(metadata: Message) -> Iterable[License]:
    """By the expression, which is exact; else by the classifiers; else by the free text, of which the first line."""
    if expression := metadata["License-Expression"]:
        return [_LICENSES.make_from_string(expression, license_acknowledgement=LicenseAcknowledgement.DECLARED)]
    classifiers = [
        each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier", []) if each.startswith("License :: ")
    ]
    text = (metadata["License"] or "").strip().splitlines()[:1]
    # A classifier that only says that it is approved names no licence.
    named = [each for each in classifiers if each != "OSI Approved"] or text
    if not named:
        raise SbomError(f"the licence of the distribution {metadata['Name']} is not in its metadata")
    if len(named) == 1:
        return [_LICENSES.make_from_string(named[0], license_acknowledgement=LicenseAcknowledgement.DECLARED)]
    return [DisjunctiveLicense(name=each, acknowledgement=LicenseAcknowledgement.DECLARED) for each in named]


def _debian_licenses(copyright_file: Path) -> list[str]:
    """The licences that a copyright file names; of one that no program can read, where a person finds it."""
    if not copyright_file.exists():
        return []
    text = copyright_file.read_text(errors="replace")
    named = set(re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE))
    return sorted(named) or [f"see /{DOCUMENTS}/{copyright_file.parent.name}/copyright"]


if __name__ == "__main__":
    main()
