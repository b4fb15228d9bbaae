"""A port of this machine alone whose connections are passed on to a socket in a folder.

So a browser reaches a container that has no network. Standard library only, as all that prepares
this machine.
"""

import errno
import os
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stages.errors import SettingsError

LOOPBACK = "127.0.0.1"
CHUNK = 1 << 16


@contextmanager
def passing_on(port: int, path: Path) -> Iterator[None]:
    """Pass on connections to `port` of 127.0.0.1 to the socket at `path`, within the context.

    There need be no such socket yet: until then, connections end at once. Raises SettingsError if
    the port is taken, or may not be used.
    """
    with _listening(port, path) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def answers(path: Path) -> bool:
    """Return whether a program listens at a socket."""
    with socket.socket(socket.AF_UNIX) as there:
        return _connected(there, path)


class _Server(socketserver.ThreadingTCPServer):
    """Has a thread for each connection, none of which holds up the end."""

    allow_reuse_address, daemon_threads, block_on_close = True, True, False

    def __init__(self, port: int, path: Path) -> None:
        self.path = path
        super().__init__((LOOPBACK, port), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that broke: whoever made it knows."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Pass on what either side says until both have ended."""
        with socket.socket(socket.AF_UNIX) as inner:
            if _connected(inner, self.server.path):
                _exchange(self.request, inner)


def _listening(port: int, path: Path) -> _Server:
    try:
        return _Server(port, path)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "another program has it" if taken else str(error.strerror)
        raise SettingsError(
            f"port {port} can't be used ({reason}); give another one by `--port`"
        ) from None


def _connected(there: socket.socket, path: Path) -> bool:
    """Connect to the socket at `path`, however long that is; return whether one listens there."""
    with suppress(OSError):
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            there.connect(f"/proc/self/fd/{folder}/{path.name}")
            return True
        finally:
            os.close(folder)
    return False


def _exchange(one: socket.socket, other: socket.socket) -> None:
    """Copy what each of two sockets says to the other, until both have ended."""
    other_end = {one: other, other: one}
    while other_end:
        for source in select.select([*other_end], [], [])[0]:
            if chunk := source.recv(CHUNK):
                other_end[source].sendall(chunk)
            else:
                with suppress(OSError):
                    other_end[source].shutdown(socket.SHUT_WR)
                del other_end[source]
