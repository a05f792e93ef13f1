"""Metrics on a port: over TLS with a certificate that is renewed, and for those who know a token."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from click.testing import CliRunner

from paramsync.cli.main import main
from paramsync.runtime.http import Server
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.metrics.certificates import Certificate, CertificateError
from paramsync.runtime.metrics.serving import ListenError, Protection, metrics_app
from tests.cluster.certificates import Certificates, Pair, make_certificates

TOKEN = "one-of-prometheus"
Serve = Callable[..., Awaitable[int]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def files(authority: Certificates, tmp_path: Path) -> Pair:
    """A certificate and its key, where the operator reads them."""
    return put(authority.server, Pair(tmp_path / "tls.crt", tmp_path / "tls.key"))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


def put(pair: Pair, to: Pair) -> Pair:
    """Replace files, as the kubelet does: each is another file afterwards."""
    for source, target in ((pair.certificate, to.certificate), (pair.key, to.key)):
        shutil.copyfile(source, target.with_suffix(".new"))
        target.with_suffix(".new").rename(target)
    return to


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves an application until the end of the test, and returns its port."""
    running: list[Server] = []

    async def start(app: web.Application, tls: ssl.SSLContext | None = None) -> int:
        server = Server(app, tls)
        running.append(server)
        return await server.start("127.0.0.1", 0)

    yield start
    for server in running:
        await server.close()


def write(file: Path, text: str | None) -> None:
    """Replace a file, or remove it."""
    file.unlink()
    if text is not None:
        file.write_text(text)


async def ask(url: str, trusted: Path | None = None, authorization: str | None = None) -> tuple[int, str]:
    """Status and text of an answer, over a connection of its own."""
    context = ssl.create_default_context(cafile=trusted)
    headers = {} if authorization is None else {"Authorization": authorization}
    async with aiohttp.ClientSession() as session, session.get(url, ssl=context, headers=headers) as answer:
        return answer.status, await answer.text()


def shown(port: int) -> str:
    """The certificate that a server shows at present."""
    return ssl.get_server_certificate(("127.0.0.1", port))


async def test_metrics_are_in_the_text_format(serve: Serve) -> None:
    port = await serve(metrics_app(Metrics().page))
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "paramsync_build_info{version=" in await answer.text()


async def test_a_certificate_that_is_renewed_is_shown_at_once(
    serve: Serve, files: Pair, authority: Certificates
) -> None:
    port = await serve(metrics_app(Metrics().page), Certificate(files.certificate, files.key).context)
    url = f"https://127.0.0.1:{port}/metrics"
    assert (await ask(url, authority.authority))[0] == 200
    first = await asyncio.to_thread(shown, port)
    put(authority.api_server, files)
    second = await asyncio.to_thread(shown, port)
    assert (first, second) == (authority.server.certificate.read_text(), authority.api_server.certificate.read_text())
    assert (await ask(url, authority.authority))[0] == 200


async def test_a_renewal_that_is_not_whole_changes_nothing_until_it_is(
    serve: Serve, files: Pair, authority: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    port = await serve(metrics_app(Metrics().page), Certificate(files.certificate, files.key).context)
    put(Pair(authority.api_server.certificate, authority.server.key), files)
    for _ in range(3):
        assert await asyncio.to_thread(shown, port) == authority.server.certificate.read_text()
    assert [each.message for each in caplog.records] == ["the certificate of the metrics stays the old one"]
    put(authority.api_server, files)
    assert await asyncio.to_thread(shown, port) == authority.api_server.certificate.read_text()


async def test_without_the_token_nothing_is_shown(serve: Serve, token_file: Path) -> None:
    url = f"http://127.0.0.1:{await serve(metrics_app(Metrics().page, token_file))}/metrics"
    assert (await ask(url, authorization=f"Bearer {TOKEN}"))[0] == 200
    for given in (None, "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"):
        status, said = await ask(url, authorization=given)
        assert (status, "paramsync_" in said) == (401, False), given


async def test_a_token_that_is_renewed_or_gone_is_so_at_once(serve: Serve, token_file: Path) -> None:
    url = f"http://127.0.0.1:{await serve(metrics_app(Metrics().page, token_file))}/metrics"
    write(token_file, "another")
    assert (await ask(url, authorization=f"Bearer {TOKEN}"))[0] == 401
    assert (await ask(url, authorization="Bearer another"))[0] == 200
    write(token_file, "\n")
    assert (await ask(url, authorization="Bearer "))[0] == 401
    write(token_file, None)
    assert (await ask(url, authorization="Bearer another"))[0] == 401


def test_a_certificate_that_cannot_be_used_is_an_error_that_names_the_files(
    files: Pair, authority: Certificates, tmp_path: Path
) -> None:
    put(Pair(authority.api_server.certificate, authority.server.key), files)
    with pytest.raises(CertificateError, match=r"tls\.crt with .*tls\.key cannot be used: .*belong together"):
        Certificate(files.certificate, files.key)
    (tmp_path / "tls.key").write_text("no key")
    with pytest.raises(CertificateError):
        Certificate(files.certificate, files.key)


def test_a_token_goes_over_tls_only(files: Pair, token_file: Path) -> None:
    Protection(Certificate(files.certificate, files.key), token_file).check()
    with pytest.raises(ListenError, match="in clear"):
        Protection(None, token_file).check()
    token_file.write_text(" \n")
    with pytest.raises(ListenError, match="there is no token in it"):
        Protection(Certificate(files.certificate, files.key), token_file).check()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--metrics-certificate", "tls.crt"], "--metrics-certificate and --metrics-key belong together"),
        (["--metrics-token-file", "token"], "a token would be sent in clear"),
        (["--metrics-certificate", "token", "--metrics-key", "tls.key"], "cannot be used"),
    ],
)
def test_what_cannot_be_served_ends_the_operator_with_the_reason(
    files: Pair, token_file: Path, arguments: list[str], said: str
) -> None:
    whole = [str(token_file.parent / each) if not each.startswith("--") else each for each in arguments]
    result = CliRunner().invoke(main, ["run", *whole])

    assert result.exit_code != 0
    assert said in result.output
