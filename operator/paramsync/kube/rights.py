"""The right that a request needs, by its method and path, as a Role names it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

_VERBS: Final[Mapping[str, str]] = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


def right_for(method: str, path: str, query: Mapping[str, str] | None = None) -> str:
    """The right in words, such as ``get secrets in namespace payments``; empty if it needs none on a resource.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
    """
    match path.strip("/").split("/"):
        case ["api", _, "namespaces", namespace, plural, *below]:
            pass
        case ["apis", _, _, "namespaces", namespace, plural, *below]:
            pass
        case ["api", _, plural, *below] | ["apis", _, _, plural, *below]:
            namespace = ""
        case _:
            return ""
    is_watch = (query or {}).get("watch") == "true"
    verb = _VERBS.get(method) or ("get" if below else "watch" if is_watch else "list")
    resource = "/".join([plural, *below[1:]])
    where = f" in namespace {unquote(namespace)}" if namespace else ""
    return f"{verb} {resource}{where}"
