"""Why the API server did not answer, in words that stay the same: without host, address, port or time.

These words get into the status of syncs, which is only written when it differs.
"""

import socket
import ssl
from collections.abc import Mapping
from typing import Final

from urllib3 import exceptions

UNTRUSTED: Final = "its certificate is not trusted"
REMEDY: Final = "see certificate-authority, and server, of the kubeconfig's cluster"

_CERTIFICATE: Final[Mapping[int, str]] = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself, and by no authority that is known",
    19: "its authority is not known",
    20: "its authority is not known",
    21: "its authority is not known",
    62: "it is for another host",
    64: "it is for another address",
}
"""By the code of the verification (X509_V_ERR_* of OpenSSL, x509_vfy.h)."""


def why(error: Exception) -> str:
    """The reason of an error of the client or of urllib3."""
    if isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        return why(error.reason)
    if isinstance(error, exceptions.ProxyError):
        return f"the proxy of the kubeconfig (proxy-url): {why(error.original_error)}"
    if isinstance(error, exceptions.SSLError | exceptions.ProtocolError):
        cause = next((each for each in error.args if isinstance(each, Exception)), None)
        return _broken(error) if cause is None else why(cause)
    if isinstance(error, ssl.SSLError):
        return _of_tls(error)
    if isinstance(error, exceptions.NameResolutionError | socket.gaierror):
        return "its name is not found; see server of the kubeconfig's cluster"
    if isinstance(error, exceptions.NewConnectionError):
        return why(error.__cause__) if isinstance(error.__cause__, OSError) else "no connection is made"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused; see whether it runs, and server of the kubeconfig's cluster"
    if isinstance(error, exceptions.TimeoutError | TimeoutError):
        return "it takes too long; see whether it can be reached from here"
    if isinstance(error, exceptions.ResponseError):
        return "it redirects elsewhere; is there a proxy, or a page to log in, on the way?"
    return _broken(error)


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = _CERTIFICATE.get(error.verify_code, f"code {error.verify_code}")
        return f"{UNTRUSTED} ({detail}); {REMEDY}"
    return f"TLS fails ({error.reason or type(error).__name__}); {REMEDY}"


def _broken(error: Exception) -> str:
    return f"the connection fails ({type(error).__name__})"
