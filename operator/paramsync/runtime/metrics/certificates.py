"""A certificate for TLS that is read again when its files change, as cert-manager and mounted Secrets renew it."""

import logging
import ssl
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

Mark = tuple[tuple[int, int, int], ...]


class CertificateError(Exception):
    """A certificate cannot be used; the text names its files."""


class Certificate:
    """A certificate with its key, each in a file, in PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read them.

        :raises CertificateError: if they cannot be used.
        """
        self._certificate: Final = certificate
        self._key: Final = key
        self._mark = self._seen()
        self._newest = self._read()
        # A server keeps one context. It asks at each handshake which one to go on with, also where no name was sent.
        self.context: Final = self._newest
        self.context.sni_callback = self._renew

    def _renew(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        mark = self._seen()
        if mark != self._mark:
            self._mark = mark
            try:
                self._newest = self._read()
                log.info("the certificate of the metrics was renewed", extra={"path": str(self._certificate)})
            except CertificateError as error:
                log.warning("the certificate of the metrics stays the old one", extra={"what": str(error)})
        connection.context = self._newest

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except (OSError, ValueError) as error:  # an ssl.SSLError is an OSError; its text tells nothing of the key
            what = error.strerror if isinstance(error, OSError) else str(error)
            files = f"{self._certificate} with {self._key}"
            raise CertificateError(f"{files} cannot be used: {what}; both must be PEM and belong together") from None
        return context

    def _seen(self) -> Mark:
        """What tells that the files are not those that were read."""
        try:
            found = [path.stat() for path in (self._certificate, self._key)]
        except OSError:
            return ()
        return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)


def _no_password() -> str:
    raise ValueError("the key is encrypted")  # OpenSSL would ask at the terminal
