"""`python3 -m release`: what the release workflow does, besides calling other programs."""

import argparse
import sys
from pathlib import Path

from release import changelog, scan, versions
from release.errors import ReleaseError


def main() -> None:
    """Do what the arguments say; exit with 1 and a sentence if the release cannot be made."""
    arguments = _parser().parse_args()
    try:
        print(_answer(arguments))
    except ReleaseError as error:
        sys.exit(f"release: {error}")


def _answer(arguments: argparse.Namespace) -> str:
    root: Path = arguments.root
    if arguments.command == "version":
        if arguments.tag is None:
            return versions.agreed(root)
        version = versions.tagged(arguments.tag, root)
        changelog.notes(version, root)
        return version
    if arguments.command == "notes":
        return changelog.notes(versions.tagged(arguments.tag, root), root).rstrip("\n")
    if arguments.command == "seen":
        return f"the scanner saw all {scan.seen(arguments.contents, arguments.scan)} packages of the image"

    from release.chart import package  # noqa: PLC0415 - the only one that needs installed libraries

    chart = root / "deploy/helm/paramsync"
    return str(package(chart, arguments.repository, arguments.digest, arguments.to, arguments.helm))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m release", description=__doc__)
    parser.add_argument("--root", type=Path, default=versions.ROOT, help="the checkout; default: this one")
    commands = parser.add_subparsers(dest="command", required=True)

    version = commands.add_parser("version", help="print the version, if all places that name it agree")
    version.add_argument("--tag", help="it must also be that of this tag, and the changelog ready")

    notes = commands.add_parser("notes", help="print what the changelog says about a release")
    notes.add_argument("tag")

    seen = commands.add_parser("seen", help="check that a scanner saw every package of the image")
    seen.add_argument("contents", type=Path, help="what is in the image, as CycloneDX")
    seen.add_argument("scan", type=Path, help="what the scanner saw, as CycloneDX")

    chart = commands.add_parser("chart", help="package the chart with the image that it runs, and print the path")
    chart.add_argument("repository", help="of the image, as registry.example.com/team/paramsync")
    chart.add_argument("digest", help="of the image")
    chart.add_argument("to", type=Path, help="the directory for the archive")
    chart.add_argument("--helm", type=Path, required=True, help="Helm's program")
    return parser


main()
