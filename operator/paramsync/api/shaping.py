"""What applications get: how names become keys, and how values are given, taken apart and put together."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import Model, Rule
from .fields import GLOB, LONGEST_GLOB, Glob, cel_matches, is_glob, matches_whole

LONGEST_KEY = 253
"""Characters of a data key of a Secret or a ConfigMap (Kubernetes: ``IsConfigMapKey``)."""

LONGEST_NAME = 1011
"""Characters of a parameter's whole name (PutParameter, AWS API reference)."""

_DATA_KEY = r"[.]?[a-zA-Z0-9_-][a-zA-Z0-9._-]*"
_NAME = r"[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*"
_ENV_PREFIX = r"([A-Za-z_][A-Za-z0-9_]*)?"

DataKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=f"^({_DATA_KEY})$")]
"""A key of a Secret or a ConfigMap (Kubernetes: ``IsConfigMapKey``): not ".", and it does not begin with ".."."""


class KeyStyle(StrEnum):
    """How a relative name becomes a key."""

    ENV_VAR = "EnvVar"
    PATH = "Path"


class StringListForm(StrEnum):
    """How the value of a StringList is given."""

    COMMA = "Comma"
    JSON = "JSON"


class FileFormat(StrEnum):
    """The formats of files that parameters are rendered into."""

    PROPERTIES = "Properties"
    DOTENV = "Dotenv"
    JSON = "JSON"
    YAML = "YAML"


class Structure(StrEnum):
    """What a value is that is taken apart."""

    JSON = "JSON"


class Encoding(StrEnum):
    """What a value is encoded in."""

    BASE64 = "Base64"


def _are_names(names: Mapping[str, object]) -> bool:
    return all(len(name) <= LONGEST_NAME and matches_whole(_NAME, name) for name in names)


def _are_globs(globs: Mapping[str, object]) -> bool:
    return all(is_glob(glob) for glob in globs)


def _are_data_keys(keys: Mapping[str, object]) -> bool:
    return all(len(key) <= LONGEST_KEY and matches_whole(_DATA_KEY, key) for key in keys)


NAMES = Rule(
    cel=f"self.all(name, size(name) <= {LONGEST_NAME} && {cel_matches(_NAME, 'name')})",
    holds=_are_names,
    message="write names below the source's path, such as db/host: segments of letters, digits, '.', '_' and '-'",
)

GLOBS = Rule(
    cel=f"self.all(glob, size(glob) <= {LONGEST_GLOB} && {cel_matches(GLOB, 'glob')})",
    holds=_are_globs,
    message='write patterns for names below the source\'s path, such as app/config or **/cert: "**" is a whole segment',
)

DATA_KEYS = Rule(
    cel=f"self.all(key, size(key) <= {LONGEST_KEY} && {cel_matches(_DATA_KEY, 'key')})",
    holds=_are_data_keys,
    message="write keys of at most 253 letters, digits, '.', '_' and '-', which are not '.' and do not begin with '..'",
)

Rename = Annotated[dict[str, DataKey], Field(min_length=1, max_length=128), NAMES]
"""Keys by relative name."""

Expand = Annotated[dict[str, Structure], Field(min_length=1, max_length=32), GLOBS]
"""Structures by a pattern for relative names."""

Decode = Annotated[dict[str, Encoding], Field(min_length=1, max_length=32), GLOBS]
"""Encodings by a pattern for relative names."""

TemplateText = Annotated[str, Field(min_length=1, max_length=2048)]

Compose = Annotated[dict[str, TemplateText], Field(min_length=1, max_length=32), DATA_KEYS]
"""Templates by key."""


class Keys(Model):
    """How relative names become keys."""

    style: KeyStyle | None = None
    """EnvVar (the default): db/host becomes DB_HOST. Path: it becomes db.host, with the separator between segments."""

    separator: Annotated[str, Field(min_length=1, max_length=3, pattern=r"^[._-]+$")] | None = None
    """What stands between the segments in style Path: up to three of the characters ".", "_" and "-". Default: "."."""

    prefix: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-zA-Z0-9._-]+$")] | None = None
    """What every key begins with, but for those that rename or the type of a Secret gives. Default: nothing."""

    rename: Rename | None = None
    """The keys of single parameters, by their names below the source's path, as they are to be: db/host:
    DATABASE_HOST."""

    rules = (
        Rule(
            cel="!has(self.separator) || (has(self.style) && self.style == 'Path')",
            holds=lambda keys: keys.separator is None or keys.style is KeyStyle.PATH,
            message="separator is for style Path: write style: Path beside it, or remove it",
        ),
        Rule(
            cel=(
                f"!has(self.prefix) || (has(self.style) && self.style == 'Path')"
                f" || {cel_matches(_ENV_PREFIX, 'self.prefix')}"
            ),
            holds=lambda keys: keys.style is KeyStyle.PATH or matches_whole(_ENV_PREFIX, keys.prefix or ""),
            message=(
                "in style EnvVar a prefix has letters, digits and '_' and does not begin with a digit:"
                " write such a prefix, or style: Path beside it"
            ),
        ),
    )


class File(Model):
    """A key that holds parameters as a file."""

    key: DataKey
    """The key, which is the file's name where the target is mounted."""

    format: FileFormat
    """Properties and Dotenv (flat), JSON and YAML (nested along the names)."""

    include: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which of the target's parameters go into the file, by their names below the source's path, and not into keys of
    their own. Default: all."""

    exclude: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which of them to leave out after all."""
