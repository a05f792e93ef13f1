"""How a relative name becomes a data key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from paramsync.api.shaping import LONGEST_KEY, Keys, KeyStyle

_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_ENV_VAR = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SEPARATORS = str.maketrans("/.-", "___")
_IN_A_NAME = re.compile(r"[a-zA-Z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Naming:
    """How the relative names in one target become keys."""

    style: KeyStyle = KeyStyle.ENV_VAR
    separator: str = "."
    prefix: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    """Keys by relative name; they get no prefix."""

    @classmethod
    def of(cls, sync: Keys | None, target: Keys | None) -> "Naming":
        """What a sync says, with what its target says instead; of keys that both rename, the target's."""
        asked = [keys for keys in (target, sync) if keys is not None]
        style = next((keys.style for keys in asked if keys.style is not None), KeyStyle.ENV_VAR)
        separator = next((keys.separator for keys in asked if keys.separator is not None), ".")
        prefix = next((keys.prefix for keys in asked if keys.prefix is not None), "")
        rename = {name: key for keys in reversed(asked) for name, key in (keys.rename or {}).items()}
        return cls(style, separator, prefix, rename)

    def key(self, relative: str) -> str:
        """The key for a relative name.

        :raises ValueError: with what is wrong and a proposal, if there is none.
        """
        if relative in self.rename:
            return self.rename[relative]
        if self.style is KeyStyle.PATH:
            return data_key(self.prefix + relative.replace("/", self.separator))
        return env_var(relative, self.prefix)


ENV_VARS: Final = Naming()
"""What is done where nothing is said."""


def env_var(relative: str, prefix: str = "") -> str:
    """The name of an environment variable for a relative name: ``db/host`` → ``DB_HOST``.

    :raises ValueError: with what is wrong and a proposal, if there is no such name.
    """
    key = prefix + relative.translate(_SEPARATORS).upper()
    if _ENV_VAR.fullmatch(key) is None:
        if _IN_A_NAME.fullmatch(relative) is None:
            raise ValueError(
                "its name has characters other than letters, digits, '.', '_', '-' and '/'; name another key for it in"
                " keys.rename"
            )
        if prefix and _ENV_VAR.fullmatch(prefix) is None:
            raise ValueError(
                f"keys.prefix {prefix} is no beginning of the name of an environment variable; write another prefix for"
                " this target, or keys.style: Path"
            )
        raise ValueError(
            f"{key} is no name of an environment variable; name one in keys.rename ({relative}: _{key}), begin all with"
            " keys.prefix, or write keys.style: Path"
        )
    return data_key(key)


def data_key(key: str) -> str:
    """A key, if a Secret or ConfigMap may have it.

    :raises ValueError: with what is wrong, if none may.
    """
    if len(key) > LONGEST_KEY:
        raise ValueError(
            f"the key would have {len(key)} characters and {LONGEST_KEY} are allowed; name another one in keys.rename"
        )
    if _DATA_KEY.fullmatch(key) is None or key == "." or key.startswith(".."):
        raise ValueError(
            f"{key} is no key: it has letters, digits, '-', '_' and '.', is not '.' and does not begin with '..';"
            " name another one in keys.rename"
        )
    return key
