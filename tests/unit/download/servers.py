"""Servers on loopback that answer as hubs, portals and proxies do, or fail to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Gets the head of a request and what sends bytes, and how many requests came before.
Answer = Callable[[str, Callable[[bytes], None], int], None]


class Server:
    """A server of one thread per connection; it closes each after its answer."""

    def __init__(
        self, answer: Answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.requests: list[str] = []
        self._answer, self._context, self._host = answer, context, host
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://{self._host}:{self.port}"

    def wait(self) -> None:
        """Say nothing until the test ends."""
        self._ended.wait(30)

    def close(self) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer_one, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer_one(self, plain: socket.socket) -> None:
        try:
            with plain, self._wrapped(plain) as connection:
                head = b""
                # What is no text is a greeting by TLS.
                while (
                    not head.startswith(b"\x16")
                    and b"\r\n\r\n" not in head
                    and (part := connection.recv(4096))
                ):
                    head += part
                self.requests.append(head.decode(errors="replace"))
                self._answer(self.requests[-1], connection.sendall, len(self.requests) - 1)
                connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client hung up

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        return self._context.wrap_socket(plain, server_side=True) if self._context else plain


@contextmanager
def serving(
    answer: Answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Server]:
    server = Server(answer, context, host)
    try:
        yield server
    finally:
        server.close()


def head(status: str = "200 OK", **headers: Any) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "\r\n"]).encode()


def whole(content: bytes, **headers: Any) -> bytes:
    return head(Content_Length=len(content), **headers) + content


def of_status(status: str, **headers: Any) -> Answer:
    """Return an answer that always has this status."""
    return lambda request, send, count: send(head(status, Content_Length=0, **headers))
