"""Ask a server, through the proxy and with the certificates that the environment names."""

import base64
import http.client
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
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

from stages.download.failures import OTHER_MEANS, Failure, Route
from stages.download.limits import Limits
from stages.program.printable import printable
from stages.setting.addresses import hides_password, parts_of

WEB = ("http", "https")
MAX_KIND = 20
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def ask(
    url: str,
    headers: Mapping[str, str],
    limits: Limits,
    follow: Callable[[str], None] = lambda address: None,
) -> http.client.HTTPResponse:
    """Return the answer to a GET of `url`, whose body is still to be read.

    `follow` gets each address that a server redirects to, before that is asked. Raises what urllib
    does, TimeoutError if no answer begins in time, Failure if the environment names a proxy or
    certificates that can't be used.
    """
    opener = _opener(follow)
    request = _request(url, headers)
    # In a thread, as a byte every now and then keeps each of urllib's own timeouts from ending it.
    answer = _Answer(lambda: opener.open(request, timeout=limits.silence_s))
    response: http.client.HTTPResponse = answer.within(limits.answer_s)
    return response


def route_to(url: str) -> Route:
    """Return the host of `url`, and the proxy through which it is asked."""
    try:
        parts = urlsplit(url)
        place = place_of(url)
        proxies = _proxies()
        if parts.scheme not in proxies or proxy_bypass(place):
            return Route(place)
        return Route(place, place_of(_whole(proxies[parts.scheme])))
    except ValueError:
        return Route("the server")  # an address that can't be read, which is said when it is asked


def place_of(url: str) -> str:
    """Return HOST:PORT of an address; ValueError if it can't be read."""
    return urlsplit(url).netloc.rpartition("@")[2]


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
    address, login = _without_login(url)
    request = Request(address, headers={**headers})
    # As they are: what a server packs again has another checksum, and another size.
    request.add_header("Accept-Encoding", "identity")
    request.add_header("User-Agent", "vgg19-download")
    return _with_login(request, login)


def _with_login(request: Request, login: str) -> Request:
    """Return a request with a login, which is not handed on to where the server redirects to."""
    if login:
        request.add_unredirected_header("Authorization", login)
    return request


def _without_login(url: str) -> tuple[str, str]:
    """Return an address without name and password, and the header that has them, "" if none."""
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    pair = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    address = urlunsplit(parts._replace(netloc=place, fragment=""))
    return address, f"Basic {pair}" if user else ""


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to the web alone, and none from TLS to an open connection."""

    def __init__(self, follow: Callable[[str], None]) -> None:
        self._follow = follow

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        target = headers.get("Location") or headers.get("URI") or ""
        if failure := _why_not_followed(req.full_url, target):
            fp.close()
            raise failure
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        address, login = _without_login(newurl)
        request = super().redirect_request(req, fp, code, msg, headers, address)
        self._follow(address)
        return _with_login(request, login) if request else None


def _why_not_followed(url: str, target: str) -> Failure | None:
    """Return why what `url` redirects to, if it names anything, can't be asked or must not be."""
    host = place_of(url)
    try:
        parts = urlsplit(urljoin(url, target))
        known = parts.hostname and parts.port != 0
    except ValueError:  # brackets that are no address of version 6, or a port that can't be
        return Failure(f"{host} redirects to what is no address", OTHER_MEANS)
    if parts.scheme not in WEB:
        kind = printable(parts.scheme, MAX_KIND)
        return Failure(f"{host} redirects to an address of another kind ({kind})", OTHER_MEANS)
    if not known:
        return Failure(f"{host} redirects to what is no address", OTHER_MEANS)
    if url.lower().startswith("https:") and parts.scheme != "https":
        why = "redirects to an address that is not protected by TLS"
        return Failure(f"{host} {why}", OTHER_MEANS)
    return None


def _opener(follow: Callable[[str], None]) -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (
        *(ProxyHandler(_checked(_proxies())), HTTPHandler(), HTTPSHandler(context=_tls())),
        *(HTTPDefaultErrorHandler(), _Redirects(follow), HTTPErrorProcessor(), UnknownHandler()),
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
    parts = parts_of(_whole(proxy))
    return parts.scheme.lower() if parts and not hides_password(proxy) else ""


def _whole(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


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
