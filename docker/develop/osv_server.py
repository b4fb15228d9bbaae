"""OSV's query (https://google.github.io/osv.dev/post-v1-query), answered on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec

from docker.develop.advisories import Advisory, Database, Package

LOOPBACK = "127.0.0.1"


class Query(msgspec.Struct):
    """What OSV is asked: which advisories are of this version of a package."""

    package: Package
    version: str


class Answer(msgspec.Struct, omit_defaults=True):
    """What OSV answers: nothing at all if there is none."""

    vulns: list[Advisory] = []


@contextmanager
def serving(database: Database) -> Iterator[str]:
    """Answer from a database, at the address that is yielded, while the context is open."""
    with ThreadingHTTPServer((LOOPBACK, 0), partial(_Handler, database)) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/v1/query"
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, database: Database, *args: Any) -> None:
        self.database = database
        super().__init__(*args)

    def do_POST(self) -> None:
        """Answer one query."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query = msgspec.json.decode(body, type=Query)
        advisories = self.database.query(query.package.name, query.version)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(msgspec.json.encode(Answer(advisories)))

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing of what is asked."""
