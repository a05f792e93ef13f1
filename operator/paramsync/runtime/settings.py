"""The operator's settings file.

    region: eu-west-1          # the Region of stores that name none; default: the environment's
    stores:                    # ClusterParameterStores by name, with the fields of their spec
      default:
        access:
        - namespaces: ["*"]
          paths: ["/prod/{namespace}"]

The same name here and as an object in the cluster is an error until mended: neither is used.
"""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from paramsync.api.base import Model, ObjectName
from paramsync.api.errors import explain
from paramsync.api.fields import Region
from paramsync.api.stores import ClusterParameterStoreSpec


class Settings(Model):
    """The content of the settings file."""

    region: Region | None = None
    """The Region of stores that name none. Default: the operator's own, from its environment."""

    stores: Annotated[dict[ObjectName, ClusterParameterStoreSpec], Field(max_length=256, default_factory=dict)]
    """Stores by name, with the same fields as the spec of a ClusterParameterStore."""


class SettingsError(Exception):
    """The settings file cannot be used; the text says where and why."""


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not a silent loss of the first."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[object, object]:
    seen: set[object] = set()
    loader.flatten_mapping(node)
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, "a key is not a text", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        seen.add(key)
    return dict(loader.construct_mapping(node))


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(path: Path | None) -> Settings:
    """Read the settings file; without one, everything has its default.

    :raises SettingsError: if it cannot be read or is not valid.
    """
    if path is None:
        return Settings(stores={})
    try:
        content = yaml.load(path.read_text(), Loader=_UniqueKeys)  # noqa: S506  (a SafeLoader)
        return Settings.model_validate({} if content is None else content)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}{where}: {getattr(error, 'problem', None) or 'not YAML'}") from None
    except ValidationError as error:
        raise SettingsError(f"{path}: {explain(error)}") from None
