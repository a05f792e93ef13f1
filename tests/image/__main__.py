"""`make image` and `make sbom`: builds the image as the tests do, says how large it is, and what is in it."""

import argparse
import sys
import tempfile
from pathlib import Path

from deploy.image.sbom import document
from tests.image.architectures import ARCHITECTURES, own
from tests.image.building import image
from tests.image.tools import CommandError, ImageToolsError


def main() -> None:
    """Build, and print the name and the size."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sbom", type=Path, help="where to write what is in the image")
    arguments.add_argument("--arch", choices=ARCHITECTURES, help="the architecture, if not this machine's")
    given = arguments.parse_args()
    sbom: Path | None = given.sbom
    try:
        built = image(ARCHITECTURES[given.arch] if given.arch else own())
    except (ImageToolsError, CommandError) as error:
        sys.exit(str(error))
    print(f"{built.name}  {built.architecture()}  {built.compressed_size() / 1e6:.1f} MB compressed")
    if sbom is not None:
        with tempfile.TemporaryDirectory() as directory:
            built.export(Path(directory) / "root.tar")
            sbom.parent.mkdir(parents=True, exist_ok=True)
            sbom.write_text(document(Path(directory) / "root.tar"))
        print(sbom)


if __name__ == "__main__":
    main()
