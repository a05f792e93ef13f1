"""AWS's command line, as far as the pages use it: arguments are checked by AWS's own model of the operation.

What reads or writes parameters is carried out at the stand-in for AWS.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

import boto3
import botocore.session
from botocore import xform_name
from botocore.model import Shape, StructureShape
from botocore.validate import ParamValidator

OF_THE_PROGRAM: Final = {"--query": 1, "--output": 1, "--region": 1, "--profile": 1, "--no-cli-pager": 0}
"""Options that are not the operation's, and how many words each takes."""

CARRIED_OUT: Final = "ssm"
DOCUMENTS: Final = {"AssumeRolePolicyDocument", "PolicyDocument"}
"""Arguments that hold a policy as JSON, of which a model knows only that it is a text."""


class CommandError(ValueError):
    """AWS's command line would refuse this."""


def run(arguments: list[str]) -> None:
    """Check a command, and carry it out if it is one of SSM. Raises CommandError."""
    service, operation, *rest = arguments
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        raise CommandError(f"aws {service} has no {operation}")
    shape = model.operation_model(names[operation]).input_shape
    if shape is None:
        raise CommandError(f"aws {service} {operation} takes nothing")
    given = _given(rest, shape)
    report = ParamValidator().validate(given, shape)
    if report.has_errors():
        raise CommandError(report.generate_report())
    for name in DOCUMENTS & given.keys():
        _check_policy(given[name])
    if service == CARRIED_OUT:
        client = boto3.client(CARRIED_OUT, endpoint_url=os.environ["AWS_ENDPOINT_URL_SSM"])
        getattr(client, xform_name(names[operation]))(**given)


def _check_policy(text: str) -> None:
    """Check the form of a policy. Raises CommandError."""
    try:
        statements = json.loads(text)["Statement"]
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            known = all(re.fullmatch(r"(ssm|kms|sts):[A-Z][A-Za-z]+", action) for action in actions)
            if not known or ("Principal" in statement) == ("Resource" in statement):
                raise CommandError("a statement is neither one of trust nor one of permission, or its action is none")
    except (ValueError, KeyError) as error:
        raise CommandError(f"a policy is none: {error!r}") from error


def _given(words: list[str], shape: StructureShape) -> dict[str, Any]:
    members = shape.members
    options = {f"--{xform_name(name, '-')}": name for name in members}
    given: dict[str, Any] = {}
    at = 0
    while at < len(words):
        option = words[at]
        if option in OF_THE_PROGRAM:
            at += 1 + OF_THE_PROGRAM[option]
            continue
        if (name := options.get(option.replace("--no-", "--", 1) if option not in options else option)) is None:
            raise CommandError(f"there is no {option}")
        if members[name].type_name == "boolean":
            given[name] = not option.startswith("--no-")
            at += 1
        else:
            given[name] = _value(words[at + 1], members[name])
            at += 2
    return given


def _value(word: str, shape: Shape) -> object:
    text = Path(word.removeprefix("file://")).read_text() if word.startswith("file://") else word
    match shape.type_name:
        case "integer" | "long":
            return int(text)
        case "string":
            return text
        case "list" if not text.startswith("["):
            return text.split(",")
        case _:
            return json.loads(text)


if __name__ == "__main__":
    try:
        run(sys.argv[1:])
    except CommandError as error:
        sys.exit(str(error))
