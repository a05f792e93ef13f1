"""The definitions of Flux, of which the pages show objects; its controllers are not built."""

from pathlib import Path
from typing import Final

from tests.programs.building import source

DEFINITIONS: Final = {
    "github.com/fluxcd/helm-controller": ["helm.toolkit.fluxcd.io_helmreleases.yaml"],
    "github.com/fluxcd/kustomize-controller": ["kustomize.toolkit.fluxcd.io_kustomizations.yaml"],
    "github.com/fluxcd/source-controller": ["source.toolkit.fluxcd.io_ocirepositories.yaml"],
}
"""The modules, and the files that each has of them."""


def definitions() -> list[Path]:
    """The files with the definitions of HelmRelease, Kustomization and OCIRepository. Raises BuildError."""
    bases = {module: source(Path(__file__).parent, module) / "config" / "crd" / "bases" for module in DEFINITIONS}
    return [bases[module] / name for module, names in DEFINITIONS.items() for name in names]
