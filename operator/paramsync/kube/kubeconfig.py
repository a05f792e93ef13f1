"""Finding the API server and who asks: in a kubeconfig, or in what kubelet gives a pod.

The client's own errors quote what they failed on, and so tokens and keys. None of their texts is shown: a kubeconfig is
looked at here before the client reads it, and what is said of it names files, contexts, clusters, users and fields.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import yaml
from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.config import kube_config
from pydantic import ValidationError

from paramsync.api.errors import explain

from .credentials import Credentials, KubeconfigError, are_known
from .kubeconfig_parts import Cluster, Context, File, Part, User
from .plugins import Loader

POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where a pod finds the name of its namespace."""

UNKNOWN: Final = "no API server is known"
GIVE: Final = "give --kubeconfig"

_UNREADABLE: Final = (config.ConfigException, TypeError, AttributeError, LookupError, ValueError, RecursionError)
"""What the client's loader and PyYAML say of a file of another form, beside a YAMLError."""

Chosen = TypeVar("Chosen", bound=Part)


def find(kubeconfig: str | None, context: str | None) -> Credentials:
    """Those of a kubeconfig, or of the service account of the pod if none is given.

    :raises KubeconfigError: if there is neither.
    """
    if _in_pod(kubeconfig, context):
        return Credentials(_service_account)
    return Credentials(partial(_kubeconfig, kubeconfig, context))


def namespace_of(kubeconfig: str | None, context: str | None) -> str:
    """The namespace that a context of a kubeconfig means, or that of the pod, as kubectl takes it.

    :raises KubeconfigError: if the kubeconfig cannot be read.
    """
    if _in_pod(kubeconfig, context):
        return POD_NAMESPACE.read_text().strip() if POD_NAMESPACE.exists() else "default"
    _, found = _context(_merged(kubeconfig), context)
    return found.namespace or "default"


def _in_pod(kubeconfig: str | None, context: str | None) -> bool:
    return kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ


def _service_account(configuration: Configuration) -> None:
    try:
        config.load_incluster_config(configuration)
    except OSError as error:
        what = f"the files of the pod's service account cannot be read ({error.strerror})"
        raise KubeconfigError(f"{UNKNOWN}: {what}; {GIVE}") from None
    except (config.ConfigException, UnicodeError):
        what = "the files of the pod's service account are not there, or empty: is its token mounted?"
        raise KubeconfigError(f"{UNKNOWN}: {what} Otherwise {GIVE}") from None


def _kubeconfig(file: str | None, context: str | None, configuration: Configuration) -> None:
    merged = _merged(file)
    name, found = _context(merged, context)
    cluster, base = _entry(merged, "cluster", found.cluster, Cluster)
    _look_for_files(base, f"cluster {found.cluster}", cluster)
    user = User()
    if found.user:
        user, base_of_user = _entry(merged, "user", found.user, User)
        _look_for_files(base, f"user {found.user}", user)
        if user.token_file and not user.token and not os.access(base_of_user / user.token_file, os.R_OK):
            raise KubeconfigError(f"{UNKNOWN}: user {found.user}: the file of tokenFile cannot be read; {GIVE}")
    with _unquoted(_names(merged)):
        loader = Loader(merged, name)
        try:
            loader.read_into(configuration)
        except KubeconfigError:
            raise
        except Exception:
            if user.auth_provider is None:
                raise
            raise KubeconfigError(_no_credentials(found.user or "", user)) from None
    if not are_known(configuration) and user.asks_for_credentials:
        raise KubeconfigError(_no_credentials(found.user or "", user))


def _no_credentials(name: str, user: User) -> str:
    if user.auth_provider is not None:
        what = f"the auth-provider {user.auth_provider.name} of user {name} gave no credentials"
        return f"{what}: log in anew, or let the kubeconfig name a credential plugin (exec)"
    return f"user {name} of the kubeconfig has a username or a password, and not both: write both, or neither"


def _merged(file: str | None) -> kube_config.KubeConfigMerger:
    """The files that are named, as one; each has the form of a kubeconfig."""
    where = file or kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    # Not by Path, which raises an error for what cannot be a name.
    named = [os.path.expanduser(each) for each in where.split(kube_config.ENV_KUBECONFIG_PATH_SEPARATOR)]  # noqa: PTH111
    paths = [Path(each) for each in named if each and os.path.exists(each)]  # noqa: PTH110
    if not paths:  # what $KUBECONFIG says is not shown: it may be the content instead of a file's name
        raise KubeconfigError(f"{UNKNOWN}: there is no kubeconfig where $KUBECONFIG says, or at ~/.kube/config; {GIVE}")
    with _unquoted(", ".join(map(str, paths))):
        try:
            merged = kube_config.KubeConfigMerger(where)
        except (yaml.YAMLError, *_UNREADABLE):
            for path in paths:
                _look_at(path)
            raise
    for path, content in merged.config_files.items():
        _model(File, content, path)
    return merged


def _look_at(path: Path) -> None:
    """Say what is wrong with a file that the client cannot merge with others, if it is this one."""
    try:
        content = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, *_UNREADABLE) as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = "" if mark is None else f", at line {mark.line + 1}"
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig is not YAML: {path}{line}") from None
    if content is None:
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig is empty: {path}; {GIVE}")
    _model(File, content, f"{path}")


def _context(merged: kube_config.KubeConfigMerger, name: str | None) -> tuple[str, Context]:
    """The context that is meant, with its name."""
    chosen = name or merged.config.value.get("current-context")
    if not chosen:
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig has no current context; give --context, or --kubeconfig")
    found, _ = _entry(merged, "context", chosen, Context)
    return chosen, found


def _entry(merged: kube_config.KubeConfigMerger, kind: str, name: str, model: type[Chosen]) -> tuple[Chosen, Path]:
    """What a kubeconfig says of a context, cluster or user, and the directory that its paths begin at."""
    node = next((each for each in merged.config.value[f"{kind}s"] if each.value["name"] == name), None)
    if node is None:
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig has no {kind} {name}: {_names(merged)}; {GIVE}")
    if node.value.get(kind) is None:
        what = f"{kind} {name} has no level {kind}: in {node.path}: what it says belongs below {kind}"
        raise KubeconfigError(f"{UNKNOWN}: {what}; {GIVE}")
    return _model(model, node.value[kind], f"{node.path}, {kind} {name}"), Path(node.path).absolute().parent


def _model(model: type[Chosen], content: object, where: str) -> Chosen:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        told = f"{where}: {explain(error)}"
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig has not the form of one: {told}; {GIVE}") from None


def _look_for_files(base: Path, whose: str, part: Cluster | User) -> None:
    for field, name in part.files().items():
        if not (base / name).is_file():
            raise KubeconfigError(f"{UNKNOWN}: {whose}: the file of {field} is not there{part.shown(field)}; {GIVE}")


def _names(merged: kube_config.KubeConfigMerger) -> str:
    return ", ".join(merged.paths)


@contextmanager
def _unquoted(where: str) -> Iterator[None]:
    """Tells of what is not looked at before, without the text of whoever failed on it."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig, or a file for it: {where}: {why}; {GIVE}") from None
    except (yaml.YAMLError, *_UNREADABLE):
        raise KubeconfigError(f"{UNKNOWN}: the kubeconfig has not the form of one: {where}; {GIVE}") from None
