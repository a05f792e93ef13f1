"""Why the API server did not answer: which it was is told, and never where it is."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from paramsync.kube.errors import Unavailable
from paramsync.kube.transport import connect
from tests.cluster.certificates import Certificates, make_certificates
from tests.edge.answering import answering, write_kubeconfig
from tests.edge.test_doctor import doctor, found
from tests.running.objects import Json

ASK = "ask for the version: no answer from the API server: "
SEE = "see certificate-authority, and server, of the kubeconfig's cluster"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates") / "own")


@pytest.fixture(scope="module")
def tls(certificates: Certificates) -> Iterator[int]:
    """The port of a server whose certificate the authority has signed, for 127.0.0.1 and localhost."""
    with answering(shows=certificates.api_server) as server:
        yield server.server_port


def told(tmp_path: Path, cluster: Json, user: Json | None = None) -> str:
    transport = connect(str(write_kubeconfig(tmp_path / "kubeconfig", cluster, user or {})), None, 1)
    with closing(transport), pytest.raises(Unavailable) as raised:
        transport.version()
    text = str(raised.value)
    assert not re.search(r"127[.]0|localhost|:[0-9]|0x", text), "neither a host, a port nor an address"
    assert text.startswith(ASK)
    return text.removeprefix(ASK)


def test_a_certificate_that_is_trusted(certificates: Certificates, tls: int, tmp_path: Path) -> None:
    cluster = {"server": f"https://127.0.0.1:{tls}", "certificate-authority": str(certificates.authority)}
    with closing(connect(str(write_kubeconfig(tmp_path / "kubeconfig", cluster, {})), None, 1)) as transport:
        assert transport.version().content == b"{}"


def test_a_certificate_of_an_unknown_authority(tls: int, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other").authority
    for cluster in ({"certificate-authority": str(other)}, {}):
        text = told(tmp_path, {"server": f"https://127.0.0.1:{tls}", **cluster})
        assert text == f"its certificate is not trusted (its authority is not known); {SEE}"


@pytest.mark.parametrize(("name", "for_another"), [("no.example", "host"), ("127.0.0.2", "address")])
def test_a_certificate_for_another_name(
    certificates: Certificates, tls: int, tmp_path: Path, name: str, for_another: str
) -> None:
    cluster = {"server": f"https://127.0.0.1:{tls}", "certificate-authority": str(certificates.authority)}
    text = told(tmp_path, {**cluster, "tls-server-name": name})
    assert text == f"its certificate is not trusted (it is for another {for_another}); {SEE}"


def test_a_server_without_tls(tmp_path: Path) -> None:
    with answering() as server:
        text = told(tmp_path, {"server": f"https://127.0.0.1:{server.server_port}"})
    assert text == f"TLS fails (WRONG_VERSION_NUMBER); {SEE}"


def test_files_that_are_no_certificates(certificates: Certificates, tls: int, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    cluster = {"server": f"https://127.0.0.1:{tls}", "certificate-authority": str(tmp_path / "empty")}
    assert told(tmp_path, cluster).startswith("TLS fails (")
    cluster["certificate-authority"] = str(certificates.authority)
    user = {"client-certificate": str(tmp_path / "empty"), "client-key": str(tmp_path / "empty")}
    assert told(tmp_path, cluster, user).startswith("TLS fails (")


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    text = told(tmp_path, {"server": f"https://127.0.0.1:{port}"})
    assert text == "the connection is refused; see whether it runs, and server of the kubeconfig's cluster"
    text = told(tmp_path, {"server": "https://192.0.2.1", "proxy-url": f"http://127.0.0.1:{port}"})
    assert text.startswith("the proxy of the kubeconfig (proxy-url): the connection is refused")


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    text = told(tmp_path, {"server": "https://nowhere.invalid"})
    assert text == "its name is not found; see server of the kubeconfig's cluster"


def test_an_answer_that_does_not_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramsync.kube.transport.READ_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = told(tmp_path, {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"})
    assert text == "it takes too long; see whether it can be reached from here"


def test_doctor_says_that_a_page_is_on_the_way(tmp_path: Path) -> None:
    with answering(body=b"<html>Log in</html>") as server:
        cluster = {"server": f"http://127.0.0.1:{server.server_port}"}
        result = doctor(write_kubeconfig(tmp_path / "kubeconfig", cluster, {"token": "a"}), "--no-aws", "-o", "json")
    assert result.exit_code == 1
    (each,) = found(result).values()
    assert (each["check"], each["verdict"]) == ("cluster", "fail")
    assert each["text"] == "an answer is not one of an API server"
    assert each["remedy"] == "see what answers there: is there a proxy, or a page to log in, on the way?"


def test_doctor_speaks_of_credentials_that_are_not_taken(tmp_path: Path) -> None:
    with answering(status=401, body=b'{"reason": "Unauthorized"}') as server:
        cluster = {"server": f"http://127.0.0.1:{server.server_port}"}
        result = doctor(write_kubeconfig(tmp_path / "kubeconfig", cluster, {"token": "a"}), "--no-aws", "-o", "json")
    (each,) = found(result).values()
    assert each["text"] == "ask for the version: the API server refuses (Unauthorized)"
    assert (
        each["remedy"] == "log in anew: the credentials of the kubeconfig's user have expired, or are another cluster's"
    )
