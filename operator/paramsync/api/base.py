"""What every model of this API shares: strictness, camelCase, and rules that the API server checks too.

A rule stands once: a Python predicate beside the CEL expression of the same meaning. The API server
refuses a bad object with the rule's message at admission; the same message stands in the status of an
object that an older definition admitted, and in the error for the settings file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from .docstrings import field_docstrings

GROUP = "paramsync.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over one value: ``cel`` for the API server, ``holds`` for Python, one message for both.

    Usable as an annotation of a field: ``Annotated[str, Rule(…)]``.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str

    def check(self, value: object) -> None:
        """Raise ValueError with the rule's message, which never quotes the value."""
        if not self.holds(value):
            raise ValueError(self.message)

    def add_to(self, schema: JsonSchemaValue) -> JsonSchemaValue:
        """Add the rule to a schema's ``x-kubernetes-validations``."""
        schema.setdefault(VALIDATIONS, []).append({"rule": self.cel, "message": self.message})
        return schema

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def checked(value: object) -> object:
            self.check(value)
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.add_to(handler(schema))


class Model(BaseModel):
    """An immutable part of a resource: unknown fields are refused, and errors do not quote the input."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    """Rules over several fields at once."""

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        for rule in self.rules:
            rule.check(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        described = handler.resolve_ref_schema(made)
        for field, text in cls._docstrings().items():
            described["properties"][cls.model_fields[field].alias or field].setdefault("description", text)
        for rule in cls.rules:
            rule.add_to(described)
        return made

    @classmethod
    def _docstrings(cls) -> dict[str, str]:
        """What the texts below its fields say, also those of the classes that it is made from."""
        models = [each for each in cls.__mro__ if issubclass(each, Model) and each is not Model]
        return {
            field: text
            for each in reversed(models)
            for field, text in field_docstrings(each).items()
            if field in cls.model_fields
        }


ObjectName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
]
"""The name of a Kubernetes object: an RFC 1123 subdomain."""
