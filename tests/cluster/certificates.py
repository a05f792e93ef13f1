"""A certificate authority of one control plane, and what it signs, made by the `openssl` command."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = "30"
NAMES = "IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"


class CertificateError(RuntimeError):
    """`openssl` is missing or refused; the message quotes it."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """Everything that proves who is who in one control plane. One authority signs for etcd and Kubernetes.

    Another control plane that took over a port is thereby a failed handshake, never a wrong answer.
    """

    authority: Path
    server: Pair
    """Of etcd, and of the API server where it asks etcd."""
    api_server: Pair
    """What the API server shows to those who ask it."""
    admin: Pair
    controller_manager: Pair
    service_accounts: Path
    """The private key that signs the tokens of service accounts."""

    def renew_api_server(self, authority: Pair | None = None) -> None:
        """Write another key and certificate of the API server, which takes them when it is started again.

        :param authority: by which it is signed; by default the one that signed the first. Raises CertificateError.
        """
        own = Pair(self.authority, self.authority.with_suffix(".key"))
        _api_server(authority or own, self.authority.parent)

    def another_authority(self) -> Pair:
        """Make one more authority, which nobody trusts yet. Raises CertificateError."""
        directory = self.authority.parent / "another"
        directory.mkdir(mode=0o700)
        return _authority(directory)


def make_certificates(directory: Path) -> Certificates:
    """Make all keys and certificates below `directory`. Raises CertificateError."""
    directory.mkdir(mode=0o700)
    authority = _authority(directory)
    return Certificates(
        authority=authority.certificate,
        server=_signed(authority, directory / "server", "/CN=control-plane", f"subjectAltName={NAMES}"),
        api_server=_api_server(authority, directory),
        admin=_signed(authority, directory / "admin", "/O=system:masters/CN=admin"),
        controller_manager=_signed(authority, directory / "controllers", "/CN=system:kube-controller-manager"),
        service_accounts=_key(directory / "service-accounts.key"),
    )


def _authority(directory: Path) -> Pair:
    pair = Pair(directory / "ca.crt", _key(directory / "ca.key"))
    settings = directory / "ca.cnf"
    settings.write_text(
        "[req]\ndistinguished_name=name\nx509_extensions=extensions\n[name]\n[extensions]\n"
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    )
    _openssl(
        *("req", "-x509", "-new", "-sha256", "-days", DAYS, "-subj", "/CN=paramsync-tests"),
        *("-key", pair.key, "-out", pair.certificate, "-config", settings),
    )
    return pair


def _api_server(authority: Pair, directory: Path) -> Pair:
    return _signed(authority, directory / "api-server", "/CN=kube-apiserver", f"subjectAltName={NAMES}")


def _signed(authority: Pair, stem: Path, subject: str, *extensions: str) -> Pair:
    pair = Pair(stem.with_suffix(".crt"), _key(stem.with_suffix(".key")))
    request, settings = stem.with_suffix(".csr"), stem.with_suffix(".cnf")
    settings.write_text(
        "[req]\ndistinguished_name=name\n[name]\n[extensions]\n"
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        + "".join(f"{line}\n" for line in extensions)
    )
    _openssl(
        *("req", "-new", "-sha256", "-subj", subject),
        *("-key", pair.key, "-out", request, "-config", settings),
    )
    _openssl(
        *("x509", "-req", "-sha256", "-days", DAYS, "-in", request, "-out", pair.certificate),
        *("-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"),
        *("-extfile", settings, "-extensions", "extensions"),
    )
    return pair


def _key(path: Path) -> Path:
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


def _openssl(*arguments: str | Path) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise CertificateError("the control plane's certificates need the `openssl` command in the PATH")
    run = subprocess.run([program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise CertificateError(f"`openssl {arguments[0]}` failed: {run.stderr.strip()}")
