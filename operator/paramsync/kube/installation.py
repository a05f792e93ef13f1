"""What an installation of the operator consists of, as a person may look at it: nothing here is written."""

import json
from typing import Final
from urllib.parse import quote

from pydantic import Field, JsonValue, TypeAdapter

from paramsync.core.diagnosis import Right

from .errors import NotFound
from .transport import Transport
from .wire import Metadata, Wire

NAME_LABEL: Final = "app.kubernetes.io/name=paramsync"
"""The label by which the chart marks the Deployment."""

_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
_AUTHORIZATION: Final = "/apis/authorization.k8s.io/v1"
_OBJECT: Final = TypeAdapter(dict[str, JsonValue])


class _Container(Wire):
    image: str = ""
    args: tuple[str, ...] = ()


class _Pod(Wire):
    service_account_name: str = "default"
    containers: tuple[_Container, ...] = ()


class _Template(Wire):
    spec: _Pod = _Pod()


class _DeploymentSpec(Wire):
    replicas: int = 1
    template: _Template = _Template()


class _DeploymentStatus(Wire):
    ready_replicas: int = 0


class Deployment(Wire):
    """The operator's Deployment."""

    metadata: Metadata
    spec: _DeploymentSpec
    status: _DeploymentStatus = _DeploymentStatus()

    @property
    def account(self) -> str:
        """The user name of the operator's service account."""
        return f"system:serviceaccount:{self.metadata.namespace}:{self.spec.template.spec.service_account_name}"

    @property
    def image(self) -> str:
        """The image of the first container."""
        return next((each.image for each in self.spec.template.spec.containers), "")

    @property
    def lease(self) -> tuple[str, str] | None:
        """Namespace and name of its Lease, if it has one."""
        for container in self.spec.template.spec.containers:
            for argument in container.args:
                namespace, _, name = argument.removeprefix("--lease=").partition("/")
                if argument.startswith("--lease=") and name:
                    return namespace, name
        return None


class _Deployments(Wire):
    items: tuple[Deployment, ...] = ()


class _Version(Wire):
    git_version: str = ""


class _ReviewStatus(Wire):
    allowed: bool = False


class _Review(Wire):
    status: _ReviewStatus = _ReviewStatus()


class _Named(Wire):
    metadata: Metadata
    spec: dict[str, JsonValue] = Field(default_factory=dict)


class _NamedList(Wire):
    items: tuple[_Named, ...] = ()


class Installation:
    """Looks at an installation. Blocks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def version(self) -> tuple[str, str]:
        """The API server's version, and its time as an HTTP header says it.

        :raises ApiError: if it does not answer.
        """
        answer = self._transport.version()
        return _Version.model_validate_json(answer.content).git_version, answer.date

    def definition(self, name: str) -> dict[str, JsonValue] | None:
        """A CustomResourceDefinition; None if it is not there.

        :raises ApiError: if it cannot be read.
        """
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{quote(name, safe='')}"
        try:
            return _OBJECT.validate_json(self._transport.request("GET", path, what=f"read definition {name}"))
        except NotFound:
            return None

    def operators(self) -> tuple[Deployment, ...]:
        """The Deployments of the operator in all namespaces.

        :raises ApiError: if they cannot be listed.
        """
        query = {"labelSelector": NAME_LABEL}
        body = self._transport.request("GET", "/apis/apps/v1/deployments", what="list deployments", query=query)
        return _Deployments.model_validate_json(body).items

    def operator(self, namespace: str, name: str) -> Deployment | None:
        """One Deployment; None if it is not there.

        :raises ApiError: if it cannot be read.
        """
        path = f"/apis/apps/v1/namespaces/{quote(namespace, safe='')}/deployments/{quote(name, safe='')}"
        try:
            body = self._transport.request("GET", path, what=f"read Deployment {namespace}/{name}")
        except NotFound:
            return None
        return Deployment.model_validate_json(body)

    def policies(self, account: str) -> tuple[int, tuple[str, ...]]:
        """How many admission policies are about an account, and the names of those that no binding puts into force.

        :raises ApiError: if they cannot be listed.
        """
        found = [
            each.metadata.name
            for each in self._list("validatingadmissionpolicies")
            if f"'{account}'" in json.dumps(each.spec)
        ]
        bound = {each.spec.get("policyName") for each in self._list("validatingadmissionpolicybindings")}
        return len(found), tuple(name for name in found if name not in bound)

    def _list(self, plural: str) -> tuple[_Named, ...]:
        body = self._transport.request("GET", f"{_ADMISSION}/{plural}", what=f"list {plural}")
        return _NamedList.model_validate_json(body).items

    def may(self, right: Right, namespace: str, account: str | None) -> bool:
        """Whether an account may do something.

        :param namespace: in which; empty: in all.
        :param account: its user name; None: of who asks.
        :raises ApiError: if it cannot be asked.
        """
        resource, _, subresource = right.resource.partition("/")
        asked = {"group": right.group, "resource": resource, "subresource": subresource, "verb": right.verb}
        asked["namespace"] = namespace if right.is_namespaced else ""
        spec: dict[str, JsonValue] = {"resourceAttributes": {**asked}}
        if account is None:
            kind, what = "SelfSubjectAccessReview", "ask for your rights"
        else:
            kind, what = "SubjectAccessReview", f"ask for the rights of {account}"
            spec["user"] = account
            namespace_of = account.split(":")[2]
            groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace_of}", "system:authenticated"]
            spec["groups"] = [*groups]
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        answer = self._transport.request("POST", f"{_AUTHORIZATION}/{kind.lower()}s", what=what, body=body)
        return _Review.model_validate_json(answer).status.allowed
