"""The control plane's programs: those in $KUBEBUILDER_ASSETS, or built once from what go.mod pins."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.programs.building import BuildError, GoModule, Program

CONTROL_PLANE = GoModule(
    "control-plane",
    Path(__file__).parent / "assets",
    {
        "etcd": Program("go.etcd.io/etcd/server/v3", "1 to 2 minutes"),
        "kube-apiserver": Program("k8s.io/kubernetes/cmd/kube-apiserver", "3 to 5 minutes"),
        "kube-controller-manager": Program("k8s.io/kubernetes/cmd/kube-controller-manager", "1 to 2 minutes"),
    },
    stamped_by="kube-apiserver",
)


@dataclass(frozen=True)
class Binaries:
    """Where the three programs are."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path

    @classmethod
    def below(cls, directory: Path) -> "Binaries":
        """The programs in a directory. Raises BuildError if one is missing."""
        paths = [directory / name for name in CONTROL_PLANE.programs]
        if missing := [path.name for path in paths if not os.access(path, os.X_OK)]:
            raise BuildError(f"{directory} lacks {', '.join(missing)}")
        return cls(*paths)


def binaries() -> Binaries:
    """Find the programs or build them, which takes minutes, with progress on stderr. Raises BuildError."""
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        try:
            return Binaries.below(Path(assets))
        except BuildError as error:
            raise BuildError(f"KUBEBUILDER_ASSETS: {error}; add it, or unset the variable to build all") from None
    return Binaries.below(CONTROL_PLANE.built())
