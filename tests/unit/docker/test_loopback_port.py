import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from docker.host.loopback_port import CHUNK, LOOPBACK, Listener, answers, passing_on
from stages.errors import SettingsError

TIMEOUT_S = 30


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as found:
        port: int = found.getsockname()[1]
        return port


def here(folder: Path) -> Listener:
    return Listener(folder / "s", os.getuid())


@contextmanager
def listening(path: Path, serve: Callable[[socket.socket], object]) -> Iterator[None]:
    """Have `serve` answer the first connection to a socket at a path, however long that is."""
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as server:
        patch.chdir(path.parent)
        server.bind(path.name)
        server.listen()
        server.settimeout(TIMEOUT_S)

        def first() -> None:
            connection, _ = server.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=first)
        thread.start()
        yield
        thread.join()


def all_of(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(CHUNK), b""))


def in_capitals(connection: socket.socket) -> None:
    connection.sendall(all_of(connection).upper())


def connected(port: int) -> socket.socket:
    return socket.create_connection((LOOPBACK, port), TIMEOUT_S)


def test_it_passes_on_both_ways_until_both_have_ended(tmp_path: Path) -> None:
    # Longer than an address of a socket may be.
    folder = tmp_path / ("long" * 50)
    folder.mkdir()
    port, said = free_port(), b"said " * CHUNK
    with (
        passing_on(port, here(folder)),
        listening(folder / "s", in_capitals),
        connected(port) as browser,
    ):
        saying = threading.Thread(target=say, args=(browser, said))
        saying.start()
        assert all_of(browser) == said.upper()
        saying.join()


def say(connection: socket.socket, said: bytes) -> None:
    connection.sendall(said)
    connection.shutdown(socket.SHUT_WR)


def test_a_connection_ends_at_once_while_nobody_listens(tmp_path: Path) -> None:
    port = free_port()
    with passing_on(port, here(tmp_path)), connected(port) as browser:
        assert all_of(browser) == b""


def test_a_connection_that_is_open_does_not_hold_up_the_end(tmp_path: Path) -> None:
    port, heard = free_port(), threading.Event()

    def hear(connection: socket.socket) -> None:
        connection.recv(1)
        heard.set()
        all_of(connection)

    with listening(tmp_path / "s", hear), socket.socket() as browser:
        with passing_on(port, here(tmp_path)):
            browser.connect((LOOPBACK, port))
            browser.sendall(b"still there")
            assert heard.wait(TIMEOUT_S)
        with pytest.raises(ConnectionRefusedError):
            connected(port)


def test_other_machines_do_not_reach_it(tmp_path: Path) -> None:
    port = free_port()
    with passing_on(port, here(tmp_path)), pytest.raises(ConnectionRefusedError):
        # All of 127.0.0.0/8 is this machine: it listens at one address of it alone.
        socket.create_connection(("127.0.0.2", port), TIMEOUT_S)


def test_a_port_that_is_taken_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        expected = rf"port {port} can't be used \(another program has it\); give another one by"
        with pytest.raises(SettingsError, match=expected), passing_on(port, here(tmp_path)):
            pytest.fail("nothing is passed on")


def test_it_answers_once_a_program_listens(tmp_path: Path) -> None:
    assert not answers(here(tmp_path))
    with listening(tmp_path / "s", all_of):
        assert answers(here(tmp_path))


def test_what_a_container_exchanges_its_socket_for_is_not_reached(tmp_path: Path) -> None:
    engine, port = tmp_path / "docker.sock", free_port()
    (tmp_path / "s").symlink_to(engine)
    with passing_on(port, here(tmp_path)), socket.socket(socket.AF_UNIX) as server:
        server.bind(str(engine))
        server.listen()
        with connected(port) as browser:
            browser.shutdown(socket.SHUT_WR)
            assert all_of(browser) == b""
        assert not answers(here(tmp_path))
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_socket_that_another_user_listens_at_is_not_passed_on_to(tmp_path: Path) -> None:
    engine, port = tmp_path / "docker.sock", free_port()
    container = Listener(tmp_path / "s", os.getuid() + 10001)

    def greet(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"an engine")

    with listening(engine, greet), passing_on(port, container):
        (tmp_path / "s").hardlink_to(engine)
        with connected(port) as browser:
            assert all_of(browser) == b""


def test_who_lets_connections_wait_holds_up_nobody_who_asks(tmp_path: Path) -> None:
    there = here(tmp_path)
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(there.path))
        server.listen(0)
        with suppress(BlockingIOError):
            while True:
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(str(there.path))
        asking = threading.Thread(target=answers, args=(there,), daemon=True)
        asking.start()
        asking.join(TIMEOUT_S)
        assert not asking.is_alive()
