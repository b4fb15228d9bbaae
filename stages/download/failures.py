"""Why a download failed: the cause, the remedy, and whether trying again may help."""

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.error import HTTPError, URLError

from stages.download.limits import Wanted
from stages.errors import DownloadError, StageError, from_os_error
from stages.program.printable import printable
from stages.setting import foreign_words
from stages.setting.addresses import is_of_this_machine, redacted

NO_SUCH_PART = 416
TEMPORARY_STATUS = frozenset({408, NO_SUCH_PART, 425, 429, 500, 502, 503, 504})
_TUNNEL = re.compile(r"Tunnel connection failed: (\d+)")
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_CONNECT = "connect to the network, or set https_proxy if only a proxy leads out of it"
_PROXY = "check https_proxy and http_proxy"
ADDRESS = "check the address"
_LATER = "try again later"
_CERTIFICATES = (
    "if your network inspects TLS, set SSL_CERT_FILE to a file with the certificates that it "
    "trusts, its own authority's among them"
)
LOGIN_PAGE = "the server sent a web page: a login page of your network?"
OTHER_MEANS = "get the file by other means (docs/data-and-models.md)"
OPEN_IT = "open the address in a browser"
MAX_SHOWN = 200
# How TensorFlow Hub's client asks for an archive.
_ADDED = re.compile(r"\?tf-hub-format=compressed$")


@dataclass(eq=False)
class Failure(Exception):
    """An attempt that failed.

    `temporary`: another may succeed, after `pause_s` if the server says so.
    """

    cause: str
    remedy: str
    temporary: bool = False
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """The host that is asked and the proxy that leads to it, empty for none: HOST:PORT."""

    host: str
    proxy: str = ""

    @property
    def first(self) -> str:
        """What is connected to."""
        return f"the proxy {self.proxy}" if self.proxy else self.host


def error_of(wanted: Wanted, failures: Mapping[str, Failure]) -> DownloadError:
    """Return the error to raise when each address, by which a Failure is kept, has failed."""
    of_all = {it.remedy for it in failures.values()}
    common = of_all.pop() if len(of_all) == 1 else ""
    tried = "; nor from ".join(
        f"{place(url)}: {it.cause}" + ("" if common or not it.remedy else f": {it.remedy}")
        for url, it in failures.items()
    )
    remedies = [common, wanted.by_hand, f"set {wanted.setting} to embedded"]
    return DownloadError(
        f"{wanted.what} can't be downloaded from {tried}; {', or '.join(filter(None, remedies))}"
    )


def place(url: str) -> str:
    """Return an address as it may be shown: hidden is what a user gave, not what was added."""
    return printable(redacted(_ADDED.sub("", url)), MAX_SHOWN)


def failure_of(error: BaseException, route: Route) -> Failure | StageError:
    """Return what an error of an attempt means; a StageError if the cause is this machine."""
    if isinstance(error, (Failure, StageError)):
        return error
    if isinstance(error, HTTPError):
        return _of_status(error, route)
    if isinstance(error, URLError) and isinstance(error.reason, BaseException):
        return failure_of(error.reason, route)
    if isinstance(error, ssl.SSLError):
        return _of_tls(error, route)
    if isinstance(error, socket.gaierror):
        remedy = _PROXY if route.proxy else _CONNECT
        return Failure(f"the name of {route.first} can't be resolved", remedy)
    if isinstance(error, (ConnectionError, TimeoutError, http.client.HTTPException)):
        return _of_connection(error, route)
    if isinstance(error, OSError):
        return from_os_error(error) or _of_system(error, route)
    return Failure(f"it is no address that can be asked ({_first_line(error)})", ADDRESS)


def _of_status(error: HTTPError, route: Route) -> Failure:
    code = error.code
    error.close()
    if code == 407:
        return _proxy_login(route)
    if code in TEMPORARY_STATUS:
        return Failure(f"{route.host} answers {code}", _LATER, True, _pause(error))
    if code in (404, 410):
        return Failure(f"{route.host} has no such file ({code})", ADDRESS)
    if code == 401:
        remedy = "put them into the address, as https://NAME:PASSWORD@HOST/"
        return Failure(f"{route.host} asks for a name and a password (401)", remedy)
    if code in (301, 302, 303, 307, 308):
        return Failure(f"{route.host} redirects to where can't be followed ({code})", ADDRESS)
    return Failure(f"{route.host} refuses it ({code})", OTHER_MEANS)


def _pause(error: HTTPError) -> float:
    """Return the seconds that the server asks to wait, 0 if it names none."""
    text = error.headers.get("Retry-After", "") if error.headers else ""
    return float(text) if text.isdigit() and len(text) < 6 else 0.0


def _proxy_login(route: Route) -> Failure:
    return Failure(
        f"{route.first} asks for a name and a password (407)",
        "put them into https_proxy, as http://NAME:PASSWORD@HOST:PORT",
    )


def _of_tls(error: ssl.SSLError, route: Route) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "not verified"
        expired = "expired" in reason or "not yet valid" in reason
        remedy = f"set this machine's clock; {_CERTIFICATES}" if expired else _CERTIFICATES
        return Failure(f"the certificate of {route.host} is not trusted ({reason})", remedy)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Failure(f"{route.host} cut the connection", _LATER, True)
    reason = (error.reason or "no TLS").replace("_", " ").lower()
    return Failure(f"{route.host} does not speak TLS as it should ({reason})", ADDRESS)


def _of_connection(error: BaseException, route: Route) -> Failure:
    if isinstance(error, ConnectionRefusedError):
        return Failure(f"{route.first} refuses the connection", _of_refusal(route))
    if isinstance(error, TimeoutError):
        remedy = _PROXY if route.proxy else _CONNECT
        return Failure(f"{route.first} does not answer, or too slowly", remedy, True)
    cut = (ConnectionError, http.client.IncompleteRead)
    if isinstance(error, cut):
        return Failure(f"{route.first} cut the connection", _LATER, True)
    if isinstance(error, http.client.InvalidURL):
        return Failure(f"it is no address that can be asked ({_first_line(error)})", ADDRESS)
    return Failure(f"{route.first} does not speak HTTP ({type(error).__name__})", ADDRESS)


def _of_refusal(route: Route) -> str:
    if is_of_this_machine(route.proxy or route.host):
        return (
            "start it; in a container that address is the container's own, unless "
            "DOWNLOAD_NETWORK is host"
        )
    return _PROXY if route.proxy else "check the address and the network"


def _of_system(error: OSError, route: Route) -> Failure:
    tunnel = _TUNNEL.search(str(error))
    if tunnel and tunnel[1] == "407":
        return _proxy_login(route)
    if tunnel:
        temporary = int(tunnel[1]) in TEMPORARY_STATUS
        cause = f"{route.first} does not connect to {route.host} ({tunnel[1]})"
        return Failure(cause, "ask those who run the proxy, or set no_proxy", temporary)
    if error.errno in _UNREACHABLE:
        return Failure(f"{route.first} can't be reached ({error.strerror})", _CONNECT)
    return Failure(f"{_first_line(error)}, while asking {route.first}", _CONNECT)


def _first_line(error: BaseException) -> str:
    return foreign_words.shown((str(error) or type(error).__name__).splitlines()[0])
