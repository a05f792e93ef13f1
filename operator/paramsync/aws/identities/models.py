"""botocore's models of AWS's services, without what is written in them for people."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader


class LeanModels(JSONFileLoader):
    """Reads model files. Their documentation, and ordered dictionaries, are a third of what a client of SSM takes."""

    # What is in a model depends on its kind, and botocore gives it no type.
    def load_file(self, file_path: str) -> Any:
        """The model in a file, given without its ending; None if there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return _read(plain.read_bytes())
        return _read(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


def _read(text: bytes) -> Any:
    return json.loads(text, object_pairs_hook=_undocumented)


def _undocumented(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name != "documentation" or not isinstance(value, str)}
