"""The operator's settings file.

    region: eu-west-1          # the Region of stores that name none; default: the environment's
    stores:                    # ClusterParameterStores by name, with the fields of their spec
      default:
        access:
        - namespaces: ["*"]
          paths: ["/prod/{namespace}"]
    budget:
      requestsPerSecond: 20    # to SSM, for each account and Region; AWS's own quota is 40 for the whole account
      accounts:
      - {account: "111122223333", region: eu-west-1, requestsPerSecond: 100}
    maxDecryptedMiB: 64        # of decrypted values in memory
    watchNamespaces: [payments, orders]  # and no others; default: all
    metrics:
      objects: true            # whether each sync, subtree and store has series of its own

The same name here and as an object in the cluster is an error until mended: neither is used.
"""

from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import AfterValidator, Field, ValidationError, field_validator

from paramsync.api.base import Model, ObjectName
from paramsync.api.errors import explain
from paramsync.api.fields import Region, matches_whole
from paramsync.api.stores import ClusterParameterStoreSpec

from .aliases import bounded

DEFAULT_RATE: Final = 20
DEFAULT_DECRYPTED_MIB: Final = 64
LONGEST_NAMESPACE: Final = 63

Rate = Annotated[int, Field(ge=1, le=10_000)]


def _namespace(name: str) -> str:
    if len(name) > LONGEST_NAMESPACE or not matches_whole(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name):
        raise ValueError(
            "write the whole name of a namespace, at most 63 lower-case letters, digits and '-';"
            " there are no patterns here, because rights are granted by namespace"
        )
    return name


NamespaceName = Annotated[str, AfterValidator(_namespace)]


class AccountBudget(Model):
    """The API budget of one account and Region."""

    account: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    """The account's number."""

    region: Region
    """The Region."""

    requests_per_second: Rate
    """Requests to SSM a second, at most."""


class ApiBudget(Model):
    """How many requests the operator may send. One account and Region has one quota, which others use too."""

    requests_per_second: Rate | None = None
    """Requests to SSM a second, at most, for each account and Region. Default: 20, half of AWS's default quota."""

    accounts: Annotated[tuple[AccountBudget, ...], Field(max_length=256)] = ()
    """Budgets of single accounts and Regions."""

    def rate_of(self, account: str | None, region: str) -> int:
        """Requests a second to an account, if it is known, in a Region."""
        own = next((each for each in self.accounts if (each.account, each.region) == (account, region)), None)
        return own.requests_per_second if own is not None else self.requests_per_second or DEFAULT_RATE


class MetricsSettings(Model):
    """What metrics tell."""

    objects: bool | None = None
    """Whether each sync and each subtree has metrics of its own, and requests are counted by store. Without, there are
    as many series whatever the number of syncs. Default: true."""

    @property
    def has_objects(self) -> bool:
        """``objects``, with its default."""
        return self.objects is not False


class Settings(Model):
    """The content of the settings file."""

    region: Region | None = None
    """The Region of stores that name none. Default: the operator's own, from its environment."""

    stores: Annotated[dict[ObjectName, ClusterParameterStoreSpec], Field(max_length=256, default_factory=dict)]
    """Stores by name, with the same fields as the spec of a ClusterParameterStore."""

    budget: ApiBudget = ApiBudget()
    """How many requests the operator may send to SSM."""

    max_decrypted_mib: Annotated[int, Field(ge=1, le=65_536)] | None = Field(default=None, alias="maxDecryptedMiB")
    """Decrypted values of all paths together that are held in memory, in MiB. Default: 64."""

    watch_namespaces: Annotated[tuple[NamespaceName, ...], Field(max_length=256)] | None = None
    """The namespaces whose syncs and ParameterStores are read. With it, no cluster-scoped object is. Default: all."""

    metrics: MetricsSettings = MetricsSettings()
    """What metrics tell."""

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _some(cls, names: object) -> object:
        if names is None or names == []:
            raise ValueError("no namespace is named; name one, or leave the field out to watch all")
        return names

    @field_validator("watch_namespaces")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for index, name in enumerate(names):
            first = names.index(name)
            if first < index:
                raise ValueError(f"entry {index + 1} is the same as entry {first + 1}; name each namespace once")
        return names

    @property
    def most_decrypted_bytes(self) -> int:
        """``maxDecryptedMiB`` in bytes, with its default."""
        return (self.max_decrypted_mib or DEFAULT_DECRYPTED_MIB) * 2**20


class SettingsError(Exception):
    """The settings file cannot be used; the text says where and why."""


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not a silent loss of the first, and so are many aliases."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        return None if node is None else bounded(node)


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
    except RecursionError:
        raise SettingsError(f"{path}: it is nested too deeply") from None
    except ValidationError as error:
        raise SettingsError(f"{path}: {explain(error)}") from None
