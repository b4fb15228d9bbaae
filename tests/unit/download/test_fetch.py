"""What a download does with each way in which networks, servers and proxies fail."""

import errno
import gc
import hashlib
import io
import os
import re
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from stages.download.content import has_content
from stages.download.fetch import fetch
from stages.download.limits import Limits, Wanted
from stages.errors import DiskFullError, DownloadError, NotWritableError
from tests.unit.download.servers import Answer, Server, head, of_status, serving, whole

CONTENT = bytes(range(256)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Limits(silence_s=0.3, answer_s=0.6, pauses_s=(0.01, 0.01, 0.01))
ONCE = Limits(silence_s=0.2, answer_s=0.4, pauses_s=())
TLS = Path(__file__).parents[2] / "data" / "tls"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *(name.upper() for name in VARIABLES), *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)


def wanted(url: str, **changes: Any) -> Wanted:
    fields: dict[str, Any] = {"url": url, "what": "the file", "setting": "data", "digest": SHA256}
    return Wanted(**{**fields, "max_bytes": len(CONTENT), **changes})


def get(url: str, path: Path, limits: Limits = QUICK, **changes: Any) -> list[str]:
    """Fetch a file, and return what was said meanwhile."""
    said: list[str] = []
    fetch(wanted(url, **changes), path, say=said.append, limits=limits)
    return said


def refused(url: str, path: Path, limits: Limits = QUICK, **changes: Any) -> str:
    """Return the message of a download that fails, and check that it left nothing."""
    with pytest.raises(DownloadError) as caught:
        get(url, path, limits, **changes)
    assert list(path.parent.iterdir()) == []
    message = str(caught.value)
    del caught
    gc.collect()  # what Python leaves open, warns of itself here rather than in another test
    assert "\n" not in message
    assert message.endswith("set data to embedded")
    return message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "file"


def well(request: str, send: Any, count: int) -> None:
    send(whole(CONTENT, ETag='"1"'))


def test_a_file_is_fetched_whole_and_its_progress_shown(path: Path) -> None:
    shown: list[tuple[int, int]] = []
    with serving(well) as server:
        fetch(wanted(server.url), path, lambda done, total: shown.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert shown[-1] == (len(CONTENT), len(CONTENT))
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("403 Forbidden", r"refuses it \(403\)"),
        ("404 Not Found", r"has no such file \(404\)"),
        ("410 Gone", r"has no such file \(410\)"),
        ("401 Unauthorized", r"asks for a name and a password \(401\)"),
        ("451 Unavailable", r"refuses it \(451\)"),
    ],
)
def test_what_another_attempt_would_not_change_is_asked_for_once(
    status: str, cause: str, path: Path
) -> None:
    with serving(of_status(status)) as server:
        message = refused(server.url, path)
        assert len(server.requests) == 1
    assert re.search(cause, message), message


@pytest.mark.parametrize("status", ["503 Busy", "429 Slow down", "500 Oops", "502 Bad", "504 Late"])
def test_what_passes_is_asked_for_again_and_said(status: str, path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        send(head(status, Content_Length=0) if count < 2 else whole(CONTENT))

    with serving(answer) as server:
        said = get(server.url, path)
    assert path.read_bytes() == CONTENT
    assert len(said) == 2
    assert f"answers {status[:3]}; trying again in 0.01 s (2 of 4)" in said[0]


def test_the_attempts_end(path: Path) -> None:
    with serving(of_status("503 Busy")) as server:
        assert "answers 503" in refused(server.url, path)
        assert len(server.requests) == 4


def test_a_server_may_ask_for_a_pause_but_not_for_any(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    pauses = ["7", "99999", "Fri, 27 Nov 2026 10:00:00 GMT"]

    def answer(request: str, send: Any, count: int) -> None:
        busy = head("503 Busy", Content_Length=0, Retry_After="".join(pauses[count : count + 1]))
        send(busy if count < len(pauses) else whole(CONTENT))

    with serving(answer) as server:
        get(server.url, path)
    assert slept == [7, 60, 0.01]


@pytest.mark.parametrize("position", [0, 1, 20, 60, 5000, len(CONTENT)])
def test_silence_ends(position: int, path: Path) -> None:
    """At any byte: within the status line, the headers, the content, or before its end."""

    def answer(request: str, send: Any, count: int) -> None:
        send(whole(CONTENT, ETag='"1"')[:position])
        server.wait()

    with serving(answer) as server:
        message = refused(server.url, path, ONCE)
    assert "does not answer, or too slowly" in message


@pytest.mark.parametrize("sent", [b"H", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_byte_now_and_then_is_no_answer(sent: bytes, path: Path) -> None:
    def drip(request: str, send: Any, count: int) -> None:
        send(sent)
        for _ in range(20):
            time.sleep(0.05)
            send(b"x")

    with serving(drip) as server:
        assert "does not answer, or too slowly" in refused(server.url, path, ONCE)


def test_content_byte_by_byte_is_given_up(path: Path) -> None:
    def drip(request: str, send: Any, count: int) -> None:
        send(head(Content_Length=len(CONTENT)))
        for _ in range(40):
            time.sleep(0.02)
            send(b"x")

    limits = Limits(silence_s=0.3, pace_s=0.2, pace_bytes=1000, pauses_s=())
    with serving(drip) as server:
        assert "too slowly" in refused(server.url, path, limits)


def test_a_cut_is_made_good_from_where_it_was(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        if count == 0:
            send(whole(CONTENT, ETag='"1"')[:-50_000])
            return
        start = int(request.partition("Range: bytes=")[2].partition("-")[0])
        assert 'If-Range: "1"' in request
        rest, span = CONTENT[start:], f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        send(head("206 Partial", Content_Length=len(rest), Content_Range=span) + rest)

    with serving(answer) as server:
        assert "cut the connection" in get(server.url, path)[0]
        assert len(server.requests) == 2
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_not_there_is_asked_for_as_a_whole(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        if count == 0:
            send(head(Transfer_Encoding="chunked", ETag='"1"') + b"%x\r\n" % len(CONTENT) + CONTENT)
        elif "Range:" in request:
            send(head("416 Range Not Satisfiable", Content_Length=0))
        else:
            send(whole(CONTENT))

    with serving(answer) as server:
        get(server.url, path)
    assert path.read_bytes() == CONTENT


def test_the_rest_of_another_version_is_not_taken(path: Path) -> None:
    other = bytes(len(CONTENT))

    def answer(request: str, send: Any, count: int) -> None:
        if count == 0:
            send(whole(CONTENT, ETag='"1"')[:-50_000])
        elif "Range:" in request:  # as a server does that does not know If-Range
            start = int(request.partition("bytes=")[2].partition("-")[0])
            span, rest = f"bytes {start}-{len(other) - 1}/{len(other)}", other[start:]
            part = head("206 Partial", Content_Length=len(rest), Content_Range=span, ETag='"2"')
            send(part + rest)
        else:
            send(whole(other, ETag='"2"'))

    with serving(answer) as server:
        get(server.url, path, digest="")  # nothing else shows it of a module
    assert path.read_bytes() == other


@pytest.mark.parametrize("span", ["bytes 0-9/10", "", "bytes */10"])
def test_another_part_than_asked_for_is_not_taken(span: str, path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        if count == 0:
            send(whole(CONTENT, ETag='"1"')[:-50_000])
        elif "Range:" in request:
            send(head("206 Partial", Content_Length=10, Content_Range=span) + b"0123456789")
        else:
            send(whole(CONTENT))

    with serving(answer) as server:
        get(server.url, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("tag", [{}, {"ETag": 'W/"1"'}])
def test_without_a_sure_sign_of_the_same_file_it_begins_again(
    tag: dict[str, str], path: Path
) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        assert "Range" not in request
        send(whole(CONTENT, **tag)[: -50_000 if count == 0 else None])

    with serving(answer) as server:
        get(server.url, path)
    assert path.read_bytes() == CONTENT


def test_a_connection_that_is_reset_is_made_again(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        if count:
            send(whole(CONTENT))

    with serving(answer) as server:
        assert "cut the connection" in get(server.url, path)[0]


def test_attempts_that_bring_something_do_not_count(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        start = int(request.partition("Range: bytes=")[2].partition("-")[0] or 0)
        rest, span = CONTENT[start:], f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        status = "206 Partial" if start else "200 OK"
        headers = {"Content_Length": len(rest), "Content_Range": span, "ETag": '"1"'}
        send(head(status, **headers) + rest[:15_000])

    limits = Limits(silence_s=0.3, pauses_s=(0.01,), progress_bytes=10_000)
    with serving(answer) as server:
        assert len(get(server.url, path, limits)) == len(CONTENT) // 15_000


def test_a_login_page_is_recognised_by_its_type(path: Path) -> None:
    page = whole(b"<p>please log in", Content_Type="text/html; charset=utf-8")
    with serving(lambda request, send, count: send(page)) as server:
        message = refused(server.url, path)
        assert len(server.requests) == 1
    assert "a web page: a login page of your network?" in message


@pytest.mark.parametrize("page", [b"\n<!DOCTYPE HTML><title>", b"<html><body>"])
def test_a_login_page_is_recognised_by_what_it_is(page: bytes, path: Path) -> None:
    with serving(lambda request, send, count: send(whole(page))) as server:
        assert "login page" in refused(server.url, path)
        assert "login page" in refused(server.url, path, digest="")


def test_another_content_is_refused(path: Path) -> None:
    with serving(lambda request, send, count: send(whole(CONTENT[::-1]))) as server:
        message = refused(server.url, path)
        assert len(server.requests) == 1
    assert f"not {SHA256[:12]}" in message


def test_another_size_is_refused_before_it_is_fetched(path: Path) -> None:
    with serving(lambda request, send, count: send(whole(CONTENT[:-1]))) as server:
        assert "not 102400" in refused(server.url, path, size=len(CONTENT))


@pytest.mark.parametrize("headers", [{}, {"Content_Length": 10**15}])
def test_a_body_without_end_is_given_up(headers: dict[str, Any], path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        send(head(**headers))
        while True:
            send(CONTENT)

    with serving(answer) as server:
        assert "sends more than 0 MB" in refused(server.url, path)
        assert len(server.requests) == 1


def test_what_is_no_http_is_named(path: Path) -> None:
    with serving(lambda request, send, count: send(b"220 ftp ready\r\n")) as server:
        assert "does not speak HTTP" in refused(server.url, path)


def test_nobody_listens(path: Path) -> None:
    with serving(well) as server:
        url = server.url
    assert "refuses the connection" in refused(url, path)


def test_a_host_that_does_not_exist_is_named(path: Path) -> None:
    message = refused("https://hub.invalid/beans.zip", path)
    assert "the name of hub.invalid can't be resolved; connect to the network" in message


@pytest.mark.parametrize("url", ["http://[::1/x", "http://h:port/x", "http:///x", "http://ä/ü"])
def test_what_is_no_address_is_refused(url: str, path: Path) -> None:
    assert "can't be downloaded" in refused(url, path)


def test_a_redirect_is_followed_without_the_password(path: Path) -> None:
    with serving(well) as other:
        to_other = of_status("302 Found", Location=f"{other.url}/file")
        with serving(to_other) as server:
            get(f"http://me:secret@127.0.0.1:{server.port}/", path)
            assert "Authorization: Basic bWU6c2VjcmV0" in server.requests[0]
        assert "Authorization" not in other.requests[0]
    assert path.read_bytes() == CONTENT


def test_a_redirect_may_have_a_name_and_a_password(path: Path) -> None:
    with serving(well) as other:
        target = f"http://you:hidden@127.0.0.1:{other.port}/file"
        with serving(of_status("302 Found", Location=target)) as server:
            get(f"http://me:secret@127.0.0.1:{server.port}/", path)
        assert "Authorization: Basic eW91OmhpZGRlbg==" in other.requests[0]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("file:///etc/passwd", "an address of another kind (file)"),
        ("ftp://127.0.0.1/x", "an address of another kind (ftp)"),
        ("http://[::1/x", "what is no address"),
        ("http://me:secret@h:secret/x", "what is no address"),
        ("http://h:secret/x", "what is no address"),
    ],
)
@pytest.mark.parametrize("status", ["302 Found", "308 Permanent Redirect"])
def test_a_redirect_leads_to_the_web_alone(
    target: str, cause: str, status: str, path: Path
) -> None:
    with serving(of_status(status, Location=target)) as server:
        message = refused(server.url, path)
        assert f"127.0.0.1:{server.port} redirects to {cause}" in message
    assert "secret" not in message
    assert "check the address" not in message


def test_a_failure_behind_a_redirect_names_the_host_that_failed(path: Path) -> None:
    with serving(of_status("404 Not Found")) as other:
        place = f"127.0.0.1:{other.port}"
        with serving(of_status("302 Found", Location=f"http://you:hidden@{place}/x")) as server:
            message = refused(server.url, path)
    assert f"it redirects to {place}: {place} has no such file (404)" in message
    assert "hidden" not in message


def test_behind_a_redirect_a_name_that_is_none_is_that_one(path: Path) -> None:
    to_nobody = of_status("302 Found", Location="http://you:hidden@nobody.invalid/x")
    with serving(to_nobody) as server:
        message = refused(server.url, path)
    assert "the name of nobody.invalid can't be resolved" in message
    assert "hidden" not in message


@pytest.mark.parametrize(
    "length", ["\u00b2", pytest.param(5000 * "9", id="digits"), "-5", "5, 5", "0x10"]
)
def test_a_length_that_is_none_is_no_fault_of_the_address(length: str, path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length.encode("latin-1") + b"\r\n\r\n"
    with serving(lambda request, send, count: send(answer + CONTENT)) as server:
        if length.isdecimal():
            assert "the server sends more than" in refused(server.url, path, digest="")
        else:
            get(server.url, path)
            assert path.read_bytes() == CONTENT


def test_a_part_that_is_empty_is_not_the_rest(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        if count == 0:
            send(whole(CONTENT, ETag='"1"')[:-50_000])
            return
        start = request.partition("bytes=")[2].partition("-")[0]
        send(head("206 Partial", Content_Length=0, Content_Range=f"bytes {start}-/{len(CONTENT)}"))

    with serving(answer) as server:
        assert "cut the connection" in refused(server.url, path, digest="")
        assert len(server.requests) == 4


def test_attempts_that_begin_again_and_bring_no_more_are_given_up(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        assert count < 20
        send(whole(CONTENT)[: len(CONTENT) // (2 + count % 2)])

    limits = Limits(pauses_s=(0.0, 0.0), progress_bytes=1000)
    with serving(answer) as server:
        assert "cut the connection" in refused(server.url, path, limits)
        assert len(server.requests) == 3


def test_a_circle_of_redirects_ends(path: Path) -> None:
    def answer(request: str, send: Any, count: int) -> None:
        send(head("302 Found", Content_Length=0, Location=server.url))

    with serving(answer) as server:
        assert "redirects to where can't be followed" in refused(server.url, path)


def test_no_message_shows_a_password(path: Path) -> None:
    with serving(of_status("404 Not Found")) as server:
        url = f"http://me:secret@127.0.0.1:{server.port}/x?token=hidden"
        message = refused(url, path)
    assert "secret" not in message
    assert "hidden" not in message


# Proxies.

# Python before 3.11.4 leaves the answer of a proxy open that makes no connection.
left_open = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


def proxied(monkeypatch: pytest.MonkeyPatch, proxy: str, name: str = "http_proxy") -> None:
    monkeypatch.setenv(name, proxy)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_is_asked_with_its_password(
    name: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(well) as proxy:
        proxied(monkeypatch, f"http://me:secret@127.0.0.1:{proxy.port}", name)
        get("http://hub.invalid/file", path)
        assert "GET http://hub.invalid/file" in proxy.requests[0]
        assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in proxy.requests[0]


@left_open
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_named_without_the_one_it_got(
    scheme: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(of_status("407 Proxy Authentication Required")) as proxy:
        proxied(monkeypatch, f"http://me:secret@127.0.0.1:{proxy.port}", f"{scheme}_proxy")
        message = refused(f"{scheme}://hub.invalid/file", path)
        assert len(proxy.requests) == 1
    assert f"the proxy 127.0.0.1:{proxy.port} asks for a name and a password (407)" in message
    assert "secret" not in message


@left_open
def test_a_proxy_that_does_not_connect_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(of_status("403 Forbidden")) as proxy:
        proxied(monkeypatch, proxy.url, "https_proxy")
        assert "does not connect to hub.invalid (403)" in refused("https://hub.invalid/", path)


@left_open
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_mute_proxy_is_given_up(scheme: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda request, send, count: proxy.wait()) as proxy:
        proxied(monkeypatch, proxy.url, f"{scheme}_proxy")
        message = refused(f"{scheme}://hub.invalid/file", path, ONCE)
    assert f"the proxy 127.0.0.1:{proxy.port} does not answer" in message


def test_a_proxy_of_this_machine_that_is_not_there_is_explained(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(well) as proxy:
        proxied(monkeypatch, proxy.url)
    message = refused("http://hub.invalid/file", path)
    assert "refuses the connection" in message
    assert "DOWNLOAD_NETWORK is host" in message


@pytest.mark.parametrize("kind", ["socks5", "https"])
def test_a_proxy_of_another_kind_is_refused(
    kind: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied(monkeypatch, f"{kind}://me:secret@127.0.0.1:1", "all_proxy")
    message = refused("http://hub.invalid/file", path)
    assert f"names is one for {kind}, which is not supported" in message
    assert "secret" not in message


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["http://[::1", "http://proxy:port", "http://", "::::"])
def test_what_is_no_address_of_a_proxy_is_refused(
    proxy: str, scheme: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied(monkeypatch, proxy, f"{scheme}_proxy")
    message = refused(f"{scheme}://hub.invalid/file", path)
    assert f"has no HOST:PORT; set {scheme}_proxy to one as http://HOST:PORT" in message


@pytest.mark.parametrize("password", ["12/secret", "secret/", "12?secret", "s[e]cret", "#secret"])
def test_a_proxys_password_that_ends_its_address_is_not_shown(
    password: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied(monkeypatch, f"http://me:{password}@127.0.0.1:1", "all_proxy")
    message = refused("http://hub.invalid/file", path)
    assert "the proxy that the environment names has no HOST:PORT" in message
    assert "me:" not in message
    assert "cret" not in message


def test_no_proxy_is_obeyed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, "http://proxy.invalid:1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with serving(well) as server:
        get(server.url, path)
    assert path.read_bytes() == CONTENT


# TLS.


@pytest.fixture
def protected() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "loopback.pem")
    return context


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_ones_own_is_trusted_if_it_is_named(
    variable: str, path: Path, protected: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(well, protected) as server:
        message = refused(server.url, path)
        assert f"the certificate of 127.0.0.1:{server.port} is not trusted" in message
        assert "set SSL_CERT_FILE" in message
        monkeypatch.setenv(variable, str(TLS / "authority.pem"))
        get(server.url, path)
    assert path.read_bytes() == CONTENT


def test_an_empty_bundle_counts_as_none(
    path: Path, protected: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    with serving(well, protected) as server:
        assert "is not trusted" in refused(server.url, path)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_is_none_is_named(
    content: str | None, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert f"SSL_CERT_FILE names {bundle}" in refused("https://127.0.0.1:1/", path)


def test_another_name_than_the_certificates_is_refused(
    path: Path, protected: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    with serving(well, protected, "127.0.0.2") as server:
        assert "mismatch" in refused(server.url, path)


def test_a_server_without_tls_is_named(path: Path) -> None:
    with serving(lambda request, send, count: send(b"HTTP/1.1 400 Bad\r\n\r\n")) as server:
        message = refused(server.url.replace("http:", "https:"), path)
    assert "TLS" in message


def test_tls_is_not_left_by_a_redirect(
    path: Path, protected: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    with serving(well) as plain, serving(_to(plain), protected) as server:
        assert "not protected by TLS" in refused(server.url, path)
        assert plain.requests == []


def _to(other: Server) -> Answer:
    return of_status("302 Found", Location=other.url)


# This machine.


def test_a_full_disk_is_not_called_a_network_failure_and_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BufferedRandom):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")  # without a name

    monkeypatch.setattr(os, "fdopen", lambda descriptor, _: Full(io.FileIO(descriptor, "r+")))
    with serving(well) as server, pytest.raises(DiskFullError, match=f"no space left at {path}"):
        get(server.url, path, copies=("http://127.0.0.1:1/",))
    assert list(path.parent.iterdir()) == []


def test_a_folder_that_can_not_be_written_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path.parent))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionError):
        get("http://127.0.0.1:1/", path)
    assert NotWritableError.exit_code == 7


def test_what_is_there_is_known_by_its_content(path: Path) -> None:
    assert not has_content(wanted("http://h/"), path)
    path.write_bytes(CONTENT)
    assert has_content(wanted("http://h/"), path)
    path.write_bytes(CONTENT[1:])
    assert not has_content(wanted("http://h/"), path)
