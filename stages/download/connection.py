"""Ask a server, through the proxy and with the certificates that the environment names."""

import base64
import http.client
import os
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
    getproxies_environment,
    proxy_bypass,
)

from stages.download.failures import Failure, Route
from stages.download.limits import Limits
from stages.setting.addresses import hides_password, is_remote

CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def ask(url: str, headers: Mapping[str, str], limits: Limits) -> http.client.HTTPResponse:
    """Return the answer to a GET of `url`, whose body is still to be read.

    Raises what urllib does, TimeoutError if no answer begins in time, Failure if the environment
    names a proxy or certificates that can't be used.
    """
    opener = _opener()
    request = _request(url, headers)
    # In a thread, as a byte every now and then keeps each of urllib's own timeouts from ending it.
    answer = _Answer(lambda: opener.open(request, timeout=limits.silence_s))
    response: http.client.HTTPResponse = answer.within(limits.answer_s)
    return response


def route_to(url: str) -> Route:
    """Return the host of `url`, and the proxy through which it is asked."""
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        proxies = _proxies()
        if parts.scheme not in proxies or proxy_bypass(place):
            return Route(place)
        return Route(place, _split(proxies[parts.scheme]).netloc.rpartition("@")[2])
    except ValueError:
        return Route("the server")  # an address that can't be read, which is said when it is asked


class _Answer:
    """What a call returns or raises, as long as it does so in time."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._result: Any = None
        self._error: BaseException | None = None
        self._abandoned = False

    def within(self, seconds: float) -> Any:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        thread.join(seconds)
        self._abandoned = thread.is_alive()
        if self._abandoned:
            raise TimeoutError("no answer")
        if self._error:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            self._error = error
        if self._abandoned and self._result:
            self._result.close()


def _request(url: str, headers: Mapping[str, str]) -> Request:
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=place, fragment="")), headers={**headers})
    # As they are: what a server packs again has another checksum, and another size.
    request.add_header("Accept-Encoding", "identity")
    request.add_header("User-Agent", "vgg19-download")
    if user:
        name, _, password = user.partition(":")
        pair = f"{unquote(name)}:{unquote(password)}".encode()
        # Not handed on to where the server redirects to.
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    return request


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to the web alone, and none from TLS to an open connection."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        if not is_remote(newurl) or (req.type == "https" and urlsplit(newurl).scheme != "https"):
            fp.close()
            raise Failure(
                f"{req.host} redirects to an address that is not protected by TLS",
                "check the address",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (
        *(ProxyHandler(_checked(_proxies())), HTTPHandler(), HTTPSHandler(context=_tls())),
        *(HTTPDefaultErrorHandler(), _Redirects(), HTTPErrorProcessor(), UnknownHandler()),
    ):
        opener.add_handler(handler)
    return opener


def _proxies() -> dict[str, str]:
    """Return the proxies by scheme, and what is asked without one as `no`.

    Variables in lower case win; ALL_PROXY stands in for those that are not set.
    """
    proxies = getproxies_environment()
    everything = proxies.pop("all", "")
    if everything:
        proxies = {"http": everything, "https": everything, **proxies}
    return proxies


def _checked(proxies: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies; raise Failure if one is of a kind that urllib does not speak to."""
    used = {scheme: proxies[scheme] for scheme in ("http", "https") if scheme in proxies}
    for scheme, proxy in used.items():
        kind = _kind_of(proxy)
        if kind != "http":
            cause = f"is one for {kind}, which is not supported" if kind else "has no HOST:PORT"
            remedy = f"set {scheme}_proxy to one as http://HOST:PORT"
            raise Failure(f"the proxy that the environment names {cause}", remedy)
    return used


def _kind_of(proxy: str) -> str:
    """Return the scheme of a proxy's address, empty if that can't be read."""
    try:
        parts = _split(proxy)
        known = parts.hostname and parts.port != 0 and not hides_password(proxy)
        return parts.scheme.lower() if known else ""
    except ValueError:
        return ""


def _split(proxy: str) -> SplitResult:
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def _tls() -> ssl.SSLContext:
    for variable in CERTIFICATES:
        path = Path(os.environ.get(variable) or os.devnull)
        if path.is_dir():
            return ssl.create_default_context(capath=str(path))
        # compose.yaml mounts the null device if this machine has no bundle.
        if not path.is_char_device():
            return _tls_of(variable, path)
    return ssl.create_default_context()


def _tls_of(variable: str, path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise Failure(
            f"{variable} names {path}, where no certificates can be read",
            f"set {variable} to a file of certificates (PEM), or unset it",
        ) from error
