"""Credential plugins of a kubeconfig (``exec``), whose failure is told.

The client's own loader writes to the root logger what a plugin said, and goes on without credentials.
"""

import re
from pathlib import Path
from typing import Final

from kubernetes.client import Configuration
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.exec_provider import ExecProvider
from kubernetes.config.kube_config import ConfigNode, FileOrData, KubeConfigLoader, KubeConfigMerger
from pydantic import AwareDatetime, SecretStr

from .credentials import PluginError
from .wire import Wire

_ENDED: Final = re.compile(r"exec: process returned (-?[0-9]{1,10})")
"""At the beginning of the client's text, which goes on with what the plugin wrote."""


class _Given(Wire):
    """``status`` of an ExecCredential (client.authentication.k8s.io)."""

    token: SecretStr | None = None
    client_certificate_data: SecretStr | None = None
    client_key_data: SecretStr | None = None
    expiration_timestamp: AwareDatetime | None = None

    @property
    def has_credentials(self) -> bool:
        return bool(self.token) or (bool(self.client_certificate_data) and bool(self.client_key_data))


class Loader(KubeConfigLoader):
    """The client's, but for plugins."""

    _user: ConfigNode
    _cluster: ConfigNode

    def __init__(self, merged: KubeConfigMerger, context: str) -> None:
        """Choose a context of the files."""
        persist = merged.save_changes
        super().__init__(merged.config, context, config_base_path=None, config_persister=persist)  # type: ignore[no-untyped-call]

    def read_into(self, configuration: Configuration) -> None:
        """Read what the context names.

        :raises PluginError: if there is a plugin, and it gives no credentials.
        """
        super().load_and_set(configuration)  # type: ignore[no-untyped-call]

    def _load_from_exec_plugin(self) -> bool:
        if not self._user.safe_get("exec"):
            return False
        directory = Path(self._cluster.path).absolute().parent
        given = _run(self._user["exec"], str(directory), self._cluster)
        if given.token:
            self.token = f"Bearer {given.token.get_secret_value()}"
        else:
            self.cert_file = self._file("certificate", given.client_certificate_data)
            self.key_file = self._file("key", given.client_key_data)
        if given.expiration_timestamp is not None:
            self.expiry = given.expiration_timestamp
        return True

    def _file(self, name: str, content: SecretStr | None) -> str:
        told = {name: "" if content is None else content.get_secret_value()}
        made: str = FileOrData(
            told, None, name, base64_file_content=False, temp_file_path=self._temp_file_path
        ).as_file()
        return made


def _run(plugin: ConfigNode, directory: str, cluster: ConfigNode) -> _Given:
    """What a plugin gives.

    :raises PluginError: if that is no credentials. It quotes neither arguments nor what the plugin wrote.
    """
    command: str = plugin["command"]
    try:
        given = _Given.model_validate(ExecProvider(plugin, directory, cluster).run())
    except FileNotFoundError:
        raise PluginError(f"{_named(command)}: there is no such command; install it, or mend $PATH") from None
    except OSError as error:
        raise PluginError(f"{_named(command)}: it cannot be started ({error.strerror})") from None
    except ConfigException as error:
        if ended := _ENDED.match(str(error)):
            why = f"it ended with {ended[1]}; run it by hand to see why, and log in anew"
        else:
            why = "its answer is no ExecCredential of the apiVersion that the kubeconfig states; run it by hand"
        raise PluginError(f"{_named(command)}: {why}") from None
    except (ValueError, TypeError):  # its answer has another form
        raise PluginError(f"{_named(command)}: its answer is no ExecCredential; run it by hand") from None
    if not given.has_credentials:
        raise PluginError(f"{_named(command)}: it gave no credentials; run it by hand, and log in anew") from None
    return given


def _named(command: str) -> str:
    return f"the kubeconfig's credential plugin {command} failed"
