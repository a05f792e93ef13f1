"""The parts of Kubernetes objects that the operator reads."""

import base64
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from paramsync.core.values import SecureValue


class Wire(BaseModel):
    """A part of an object as the API server sends it: what is not named here is ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        frozen=True,
    )


class OwnerReference(Wire):
    """``metadata.ownerReferences[]``."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False


class ManagedFields(Wire):
    """``metadata.managedFields[]``."""

    manager: str = ""
    operation: str = ""
    fields: dict[str, JsonValue] = Field(default_factory=dict, alias="fieldsV1")


class Metadata(Wire):
    """``metadata``."""

    name: str
    namespace: str = ""
    uid: str
    resource_version: str
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    managed_fields: tuple[ManagedFields, ...] = ()


class ListMetadata(Wire):
    """``metadata`` of a list."""

    continue_: str = Field(default="", alias="continue")
    resource_version: str = ""


class PartialObject(Wire):
    """Any object, without what is not metadata."""

    metadata: Metadata


class CustomObject(Wire):
    """One of our own objects; its spec and status are validated by the models of the API."""

    metadata: Metadata
    spec: JsonValue = None
    status: JsonValue = None


class CustomObjectList(Wire):
    """One page of a list of our own objects."""

    metadata: ListMetadata
    items: tuple[CustomObject, ...]


def _decoded(text: object) -> SecureValue:
    if not isinstance(text, str):
        raise ValueError("not base64")  # noqa: TRY004  (pydantic turns a ValueError into an error that quotes nothing)
    return SecureValue(base64.b64decode(text))


class SecretObject(Wire):
    """A Secret. Its values are of the secure class from here on."""

    metadata: Metadata
    type: str = ""
    immutable: bool = False
    data: dict[str, Annotated[SecureValue, BeforeValidator(_decoded)]] = {}


class ConfigMapObject(Wire):
    """A ConfigMap."""

    metadata: Metadata
    immutable: bool = False
    data: dict[str, str] = {}
    binary_data: dict[str, str] = {}
