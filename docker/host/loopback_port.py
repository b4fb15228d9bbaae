"""A port of this machine alone whose connections are passed on to a socket in a folder.

So a browser reaches a container that has no network. The container writes to that folder, so what
is at the socket's path may be exchanged at any time, for a link to another socket of this machine:
each connection looks again at what it is led to. Standard library only, as all that prepares this
machine.
"""

import errno
import os
import select
import socket
import socketserver
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from stages.errors import SettingsError

LOOPBACK = "127.0.0.1"
CHUNK = 1 << 16
# What the kernel says of who listens: numbers of the process, the user and the group.
PEER = struct.Struct("iII")


@dataclass(frozen=True, slots=True)
class Listener:
    """The path of a socket, and the number of the user who alone may listen there."""

    path: Path
    uid: int


@contextmanager
def passing_on(port: int, to: Listener) -> Iterator[None]:
    """Pass on connections to `port` of 127.0.0.1 to a listener, within the context.

    It need not be there yet: until then, or if something else is, connections end at once. Raises
    SettingsError if the port is taken, or may not be used.
    """
    with _listening(port, to) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def answers(listener: Listener) -> bool:
    """Return whether it listens, at once: it may take no more connections, and let them wait."""
    with socket.socket(socket.AF_UNIX) as there:
        there.setblocking(False)
        return _connected(there, listener)


class _Server(socketserver.ThreadingTCPServer):
    """Has a thread for each connection, none of which holds up the end."""

    allow_reuse_address, daemon_threads, block_on_close = True, True, False

    def __init__(self, port: int, listener: Listener) -> None:
        self.listener = listener
        super().__init__((LOOPBACK, port), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that broke: whoever made it knows."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Pass on what either side says until both have ended."""
        with socket.socket(socket.AF_UNIX) as inner:
            if _connected(inner, self.server.listener):
                _exchange(self.request, inner)


def _listening(port: int, listener: Listener) -> _Server:
    try:
        return _Server(port, listener)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "another program has it" if taken else str(error.strerror)
        raise SettingsError(
            f"port {port} can't be used ({reason}); give another one by `--port`"
        ) from None


def _connected(there: socket.socket, listener: Listener) -> bool:
    """Connect to a listener, however long its path is; return whether it is there, and it alone."""
    with suppress(OSError):
        found = os.open(listener.path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if stat.S_ISSOCK(os.fstat(found).st_mode):
                # What was looked at itself: by its path, a link might have taken its place by now.
                there.connect(f"/proc/self/fd/{found}")
                return _uid_of_peer(there) == listener.uid
        finally:
            os.close(found)
    return False


def _uid_of_peer(there: socket.socket) -> int:
    """Return the number of the user who listens at the other end of a connection."""
    peer = there.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    uid: int = PEER.unpack(peer)[1]
    return uid


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
