"""botocore's models of AWS's services, without what is written in them for people."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


class LeanModels(JSONFileLoader):
    """Reads model files. Their documentation, and ordered dictionaries, are a third of what a client of SSM takes."""

    # What is in a model depends on its kind, and botocore gives it no type.
    def load_file(self, file_path: str) -> Any:
        """The model in a file, given without its ending; None if there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return _read(plain.read_bytes())
        return _read(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


class Models(Loader):
    """Finds the models of services.

    botocore's own looks into the folders of some 400 services, twice, to know that there is the one that is asked for:
    40 ms, of those that a person waits for.
    """

    FILE_LOADER_CLASS = LeanModels

    def list_available_services(self, type_name: str) -> list[str]:
        """The services that have a folder. Of one that has no model of this kind, botocore says so when it loads it."""
        del type_name
        folders = (Path(path) for path in self.search_paths)
        return sorted({each.name for path in folders if path.is_dir() for each in path.iterdir()})


def _read(text: bytes) -> Any:
    # Called for each object, which for the list of all endpoints takes longer than to read it.
    return json.loads(text, object_pairs_hook=_undocumented if b'"documentation"' in text else None)


def _undocumented(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name != "documentation" or not isinstance(value, str)}
