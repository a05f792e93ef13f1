"""Requests and answers in the two protocols that the operator speaks: JSON 1.1 for SSM, query and XML for STS."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.aws.tokens import Token

Body = dict[str, Any]
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/")
JSON_TYPE = "application/x-amz-json-1.1"


@dataclass
class Call:
    """One request as the client sent it. `reached` says whether the emulator saw it."""

    service: str
    action: str
    body: Body
    access_key: str = ""
    region: str = ""
    reached: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, headers: Mapping[str, str], content: bytes) -> Call:
        """Return the call that a request's headers and content make.

        Raises:
            ValueError: The content is not what the headers announce.
        """
        signed = CREDENTIAL.search(headers.get("Authorization", ""))
        access_key, region = signed.groups() if signed else ("", "")
        if target := headers.get("X-Amz-Target"):
            service, action, body = "ssm", target.rpartition(".")[2], json.loads(content or b"{}")
        else:
            body = dict(parse_qsl(content.decode(), keep_blank_values=True))
            service, action = "sts", body.get("Action", "")
        return cls(service, action, body, access_key, region, headers=headers)

    def content(self, body: Body) -> bytes:
        """Return `body` as bytes in this call's protocol."""
        return (json.dumps(body) if self.service == "ssm" else urlencode(body)).encode()

    @property
    def names(self) -> list[str]:
        """The path or the parameters that it asks for, without `:version` or `:label`."""
        asked = [self.body[key] for key in ("Path", "Name") if key in self.body] + self.body.get("Names", [])
        return [str(name).partition(":")[0] for name in asked]

    @property
    def page(self) -> int:
        """Which page of its listing it asks for, from 1; 0 where the token is none of ours."""
        try:
            return Token.asked(self.body).page
        except ValueError:
            return 0


@dataclass(frozen=True)
class Reply:
    """One answer. A `cut` one announces its whole length and ends in the middle."""

    status: int
    content: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def ok(self) -> bool:
        """Whether it is a success of SSM's, which has a document; a page for people is none."""
        return self.status == 200 and self.content_type == JSON_TYPE

    def document(self) -> Body:
        """Return the decoded JSON. Raises ValueError where it is none."""
        document: Body = json.loads(self.content)
        return document

    def holding(self, document: Body) -> Reply:
        """Return the same answer with another document."""
        return replace(self, content=json.dumps(document).encode())


Proceed = Callable[[Body], Awaitable[Reply]]
Fault = Callable[[Call, Proceed], Awaitable[Reply]]
"""Answers a call. It may first `proceed` with the call's body, or another one, to what lies behind it."""


class DroppedError(Exception):
    """The connection is to be closed without an answer."""
