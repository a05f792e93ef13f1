"""botocore's models as the operator loads them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from paramsync.aws.identities.models import LeanModels, Models
from paramsync.aws.identities.sessions import Sessions

MODELS = [("ssm", "service-2"), ("sts", "service-2"), ("ssm", "endpoint-rule-set-1"), ("ssm", "paginators-1")]


def undocumented(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {name: undocumented(each) for name, each in node.items()}
        return {name: each for name, each in kept.items() if name != "documentation" or not isinstance(each, str)}
    return [undocumented(each) for each in node] if isinstance(node, list) else node


@pytest.mark.parametrize(("service", "kind"), MODELS)
def test_a_model_is_that_of_botocore_but_for_what_is_for_people(service: str, kind: str) -> None:
    lean, whole = Models(), Loader()
    assert lean.load_service_model(service, kind) == undocumented(whole.load_service_model(service, kind))
    assert lean.load_data("endpoints") == undocumented(whole.load_data("endpoints"))


def test_every_service_is_found_that_credentials_may_come_from() -> None:
    assert set(Models().list_available_services("service-2")) >= set(Loader().list_available_services("service-2"))
    for service in ("sso", "sso-oidc", "signin"):
        assert Models().load_service_model(service, "service-2")["metadata"]
    with pytest.raises(UnknownServiceError):
        Models().load_service_model("nowhere", "service-2")


def test_members_called_documentation_stay(tmp_path: Path) -> None:
    shapes = {"shapes": {"documentation": {"type": "string", "documentation": "For people."}}}
    (tmp_path / "model.json").write_text(json.dumps(shapes))
    assert LeanModels().load_file(str(tmp_path / "model")) == {"shapes": {"documentation": {"type": "string"}}}


def test_the_sessions_of_the_operator_use_it() -> None:
    client = Sessions(Config(), lambda *_: None).client("ssm", None, "eu-west-1", Config(), None)
    model = client.meta.service_model
    assert isinstance(model, ServiceModel)
    shape = model.operation_model("GetParametersByPath").input_shape
    assert shape is not None
    assert (shape.documentation, shape.required_members) == ("", ["Path"])


def test_models_are_looked_for_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "home" / "m" / "ssm" / "2099-01-01"
    folder.mkdir(parents=True)
    model = Loader().load_service_model("ssm", "service-2")
    model["metadata"]["signingName"] = "theirs"
    (folder / "service-2.json").write_text(json.dumps(model))
    (folder / "endpoint-rule-set-1.json").write_text(
        json.dumps(Loader().load_service_model("ssm", "endpoint-rule-set-1"))
    )
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for path in ("~/m", "$HOME/m", f"/nowhere{os.pathsep}{tmp_path}/home/m"):
        monkeypatch.setenv("AWS_DATA_PATH", path)
        client = Sessions(Config(), lambda *_: None).client("ssm", None, "eu-west-1", Config(), None)
        assert client.meta.service_model.signing_name == "theirs"


def test_what_is_not_there_is_not_found() -> None:
    assert LeanModels().load_file("/nowhere/model") is None
