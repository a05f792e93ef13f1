"""The parts of a kubeconfig that the client reads, as far as they are looked at before it does."""

import base64
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Part(BaseModel):
    """A part of a kubeconfig: what is not named here is ignored, as kubectl does."""

    model_config = ConfigDict(alias_generator=_kebab, strict=True, hide_input_in_errors=True, frozen=True)


class Named(Part):
    """A context, cluster or user: only of those that are used the rest is looked at."""

    name: str


class File(Part):
    """One of the files that make a kubeconfig."""

    clusters: list[Named] | None = None
    contexts: list[Named] | None = None
    users: list[Named] | None = None
    current_context: str | None = None


class Context(Part):
    """``contexts[].context``."""

    cluster: str
    user: str | None = None
    namespace: str | None = None


def _pem(text: str) -> str:
    """:raises ValueError: without the text."""
    try:
        content = base64.standard_b64decode(text)
    except ValueError:
        content = b""
    if text and b"-----BEGIN " not in content:
        raise ValueError("write PEM in base64") from None
    return text


Pem = Annotated[str, AfterValidator(_pem)]


class Cluster(Part):
    """``clusters[].cluster``."""

    server: str
    certificate_authority: str | None = None
    certificate_authority_data: Pem | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None

    def files(self) -> dict[str, str]:
        """The files that are read, by field."""
        if self.certificate_authority_data is not None or not self.certificate_authority:
            return {}
        return {"certificate-authority": self.certificate_authority}

    def shown(self, field: str) -> str:
        """The name of a file, to be added to a message."""
        return f" ({self.files()[field]})"


class Variable(Part):
    """``users[].user.exec.env[]``."""

    name: str
    value: str


class Exec(Part):
    """``users[].user.exec``."""

    command: str
    api_version: str = Field(alias="apiVersion")
    args: list[str] | None = None
    env: list[Variable] | None = None


class AuthProvider(Part):
    """``users[].user.auth-provider``."""

    name: str
    config: dict[str, str] | None = None


class User(Part):
    """``users[].user``."""

    client_certificate: str | None = None
    client_certificate_data: Pem | None = None
    client_key: str | None = None
    client_key_data: Pem | None = None
    token: str | None = None
    token_file: str | None = Field(default=None, alias="tokenFile")
    username: str | None = None
    password: str | None = None
    exec: Exec | None = None
    auth_provider: AuthProvider | None = None

    @property
    def asks_for_credentials(self) -> bool:
        """Whether somebody is to be asked for credentials, or there are some that count only together."""
        return self.auth_provider is not None or bool(self.username) or bool(self.password)

    def files(self) -> dict[str, str]:
        """The files that are read with the certificate, by field."""
        pairs = (
            ("client-certificate", self.client_certificate, self.client_certificate_data),
            ("client-key", self.client_key, self.client_key_data),
        )
        return {field: file for field, file, data in pairs if file and data is None}

    def shown(self, field: str) -> str:
        """The name of a file, to be added to a message: none of a key's, for the key itself may stand there."""
        return f" ({self.files()[field]})" if field == "client-certificate" else ""
