"""The CustomResourceDefinitions, made from the models.

Schema defaults exist only in ``status``, so that a fresh object is not mistaken for a healthy one. In
``spec`` there are none: the API server would write them into lists, where they show as drift in Argo CD.
"""

from dataclasses import dataclass
from typing import Any

from .base import GROUP, VALIDATIONS, VERSION, Model
from .stores import ClusterParameterStore, ParameterStore
from .sync import ParameterSync

Schema = dict[str, Any]

KEPT = (
    "description", "type", "format", "enum", "pattern", "required", "minimum", "maximum",
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-int-or-string",
    VALIDATIONS,
)  # fmt: skip

FRESH_STATUS: Schema = {
    "observedGeneration": -1,
    "conditions": [
        {
            "type": "Ready",
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for the operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column; those of priority 1 appear with ``-o wide``."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0

    def manifest(self) -> Schema:
        """The column as ``additionalPrinterColumns`` wants it."""
        shown = {"name": self.name, "type": self.type, "jsonPath": self.path}
        # The API server drops a 0, which tools that compare the file with the object would call a difference.
        return {**shown, "priority": self.priority} if self.priority else shown


@dataclass(frozen=True, slots=True)
class Kind:
    """What a definition needs beside the model."""

    model: type[Model]
    plural: str
    short: str
    scope: str
    columns: tuple[Column, ...]


READY = ".status.conditions[?(@.type=='Ready')]"

STORE_COLUMNS = (
    Column("Ready", f"{READY}.status"),
    Column("Reason", f"{READY}.reason"),
    Column("Account", ".status.account"),
    Column("Region", ".status.region"),
    Column("Syncs", ".status.syncs", "integer"),
    Column("Age", ".metadata.creationTimestamp", "date"),
    Column("Identity", ".status.identity", priority=1),
)

KINDS = (
    Kind(
        ParameterSync,
        plural="parametersyncs",
        short="psync",
        scope="Namespaced",
        columns=(
            Column("Ready", f"{READY}.status"),
            Column("Reason", f"{READY}.reason"),
            Column("Parameters", ".status.parameters", "integer"),
            Column("Secure", ".status.secure", "integer"),
            Column("Changed", ".status.lastAppliedTime", "date"),
            Column("Age", ".metadata.creationTimestamp", "date"),
            Column("Sources", ".status.sources", priority=1),
            Column("Store", ".status.store", priority=1),
        ),
    ),
    Kind(
        ClusterParameterStore,
        plural="clusterparameterstores",
        short="cpstore",
        scope="Cluster",
        columns=(
            *STORE_COLUMNS,
            Column("Role", ".spec.roleArn", priority=1),
            Column("Endpoint", ".spec.endpoint", priority=1),
        ),
    ),
    Kind(
        ParameterStore,
        plural="parameterstores",
        short="pstore",
        scope="Namespaced",
        columns=(
            *STORE_COLUMNS,
            Column("ServiceAccount", ".spec.serviceAccountRef.name", priority=1),
            Column("Role", ".spec.roleArn", priority=1),
        ),
    ),
)


def definitions() -> dict[str, Schema]:
    """The CustomResourceDefinitions by name, as JSON-like manifests."""
    return {f"{kind.plural}.{GROUP}": _definition(kind) for kind in KINDS}


def _definition(kind: Kind) -> Schema:
    schema = _structural(kind.model)
    schema["properties"]["status"]["default"] = FRESH_STATUS
    name = kind.model.__name__
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [column.manifest() for column in kind.columns],
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": kind.scope,
            "names": {
                "kind": name,
                "listKind": f"{name}List",
                "plural": kind.plural,
                "singular": name.lower(),
                "shortNames": [kind.short],
                "categories": ["paramsync"],
            },
            "versions": [version],
        },
    }


def _structural(model: type[Model]) -> Schema:
    """The model's schema as Kubernetes wants it: no references, no titles, no unions with null."""
    whole = model.model_json_schema(by_alias=True)
    schema = _inlined(whole, whole.get("$defs", {}))
    schema["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        **schema["properties"],
    }
    return schema


def _inlined(schema: Schema, shared: Schema) -> Schema:
    if "$ref" in schema:
        referred = _inlined(shared[schema["$ref"].rsplit("/", 1)[1]], shared)
        return referred | _kept(schema)
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        if len(options) != 1:
            raise TypeError("a structural schema has no unions")
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return _inlined(options[0], shared) | _inlined(rest, shared)
    made = _kept(schema)
    if "properties" in schema:
        made["properties"] = {name: _inlined(value, shared) for name, value in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _inlined(schema["additionalProperties"], shared)
    if "items" in schema:
        made["items"] = _inlined(schema["items"], shared)
        made.setdefault("x-kubernetes-list-type", "atomic")
    return made


def _kept(schema: Schema) -> Schema:
    made = {key: schema[key] for key in KEPT if key in schema}
    if "description" in made:
        made["description"] = " ".join(made["description"].split())
    return made
