"""The formats that there are."""

from collections.abc import Mapping
from typing import Final

from paramsync.api.shaping import FileFormat

from .dotenv import DOTENV
from .file import Format
from .json import JSON
from .properties import PROPERTIES
from .yaml import YAML

FORMATS: Final[Mapping[FileFormat, Format]] = {
    FileFormat.PROPERTIES: PROPERTIES,
    FileFormat.DOTENV: DOTENV,
    FileFormat.JSON: JSON,
    FileFormat.YAML: YAML,
}
