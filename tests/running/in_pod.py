"""The operator as in a pod: ``python -m tests.running.in_pod DIRECTORY run …``.

A pod's service account is a directory of files, which only root could make where they belong: here they are in
another one. And Kopf's credentials are good for a second, so that a test need not wait for a minute.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

GOOD_FOR = timedelta(seconds=1)
TOKEN, AUTHORITIES = "token", "ca.crt"


@dataclass
class ServiceAccountFiles:
    """The files of a service account, as kubelet writes them: all at once, by a link that is replaced."""

    directory: Path
    _writes: int = 0

    def write(self, token: str, authorities: str) -> None:
        """Replace them."""
        self._writes += 1
        data = self.directory / f"..{self._writes}"
        data.mkdir(parents=True)
        for name, content in ((TOKEN, token), (AUTHORITIES, authorities)):
            (data / name).write_text(content)
            if self._writes == 1:
                (self.directory / name).symlink_to(Path("..data") / name)
        link = self.directory / "..next"
        link.symlink_to(data.name)
        link.replace(self.directory / "..data")


def pod_environment(url: str) -> Mapping[str, str]:
    """How a pod is told where the API server is."""
    parts = urlsplit(url)
    return {"KUBERNETES_SERVICE_HOST": str(parts.hostname), "KUBERNETES_SERVICE_PORT": str(parts.port)}


def main() -> None:
    """Take the files from where the first argument says, and be the command."""
    from kubernetes.config import incluster_config  # noqa: PLC0415

    from paramsync.cli.main import main as paramsync  # noqa: PLC0415
    from paramsync.runtime import login  # noqa: PLC0415

    directory = sys.argv.pop(1)
    incluster_config.SERVICE_TOKEN_FILENAME = os.path.join(directory, TOKEN)  # noqa: PTH118
    incluster_config.SERVICE_CERT_FILENAME = os.path.join(directory, AUTHORITIES)  # noqa: PTH118
    login.GOOD_FOR = GOOD_FOR  # type: ignore[misc]
    paramsync()


if __name__ == "__main__":
    main()
