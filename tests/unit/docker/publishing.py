"""A stand-in for the REST calls of an MLflow server that publish makes, on this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts/"


class Server(ThreadingHTTPServer):
    """What it was sent: runs by number, files by path, and the headers that name a user."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.runs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.users: set[str] = set()
        self.experiments: list[str] = []
        self.storage = "mlflow-artifacts:/1"
        # Answered in place of all else, if it is any; `parts` one after the other, without end.
        self.status, self.text = 200, ""
        self.parts, self.pause_s = b"", 0.0
        self.headers: dict[str, str] = {}
        self.fails_at = ""
        # What is in the path of those calls that lead to another address, and that address.
        self.leads, self.status_of_leading = ("", ""), 308

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers as MLflow does."""

    server: Server

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _handle(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.users.add(self.headers.get("Authorization", ""))
        call = urlsplit(self.path).path
        if self.server.parts:
            self._answer_without_end()
        elif self.server.leads[1] and self.server.leads[0] in call:
            self._lead_elsewhere()
        elif self.server.status != 200 or self.server.text:
            self._answer(self.server.status, self.server.text.encode())
        elif self.server.fails_at and self.server.fails_at in call:
            self._answer(400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "too bad"}')
        elif call.startswith(FILES):
            self.server.files[call.removeprefix(FILES)] = content
            self._answer(200, b"{}")
        elif call.startswith(API):
            asked = dict(parse_qsl(urlsplit(self.path).query))
            answer = self._mlflow(call.removeprefix(API), json.loads(content or b"{}") | asked)
            code = 404 if "error_code" in answer else 200
            self._answer(code, json.dumps(answer).encode())
        else:
            self._answer(404, b"no such place")

    do_GET = do_POST = do_PUT = _handle

    def _answer(self, code: int, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _lead_elsewhere(self) -> None:
        self.send_response(self.server.status_of_leading)
        self.send_header("Location", self.server.leads[1] + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer_without_end(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(self.server.parts)
                time.sleep(self.server.pause_s)

    def _mlflow(self, call: str, given: dict[str, Any]) -> dict[str, Any]:
        server = self.server
        match call:
            case "experiments/get-by-name" if not server.experiments:
                return {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}
            case "experiments/get-by-name":
                found = {"experiment_id": "1", "name": server.experiments[0]}
                return {"experiment": {**found, "lifecycle_stage": "active"}}
            case "experiments/create":
                server.experiments.append(given["name"])
                return {"experiment_id": "1"}
            case "runs/search":
                wanted = given["filter"].partition("'")[2].rstrip("'")
                tags = [
                    (run, {tag["key"]: tag["value"] for tag in run["tags"]}) for run in self._runs()
                ]
                named = [run for run, own in tags if own.get("measurement_sha256") == wanted]
                return {"runs": [_shown(run) for run in named]}
            case "runs/create":
                return {"run": _shown(self._create(given))}
            case "runs/get":
                return {"run": _shown(server.runs[given["run_id"]])}
        self._change(call, given)
        return {}

    def _runs(self) -> list[dict[str, Any]]:
        return [run for run in self.server.runs.values() if run["status"] != "DELETED"]

    def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        number = f"{len(self.server.runs) + 1:032x}"
        storage = f"{self.server.storage}/{number}/artifacts"
        empty: dict[str, Any] = {"tags": [], "params": {}, "metrics": {}, "status": "RUNNING"}
        self.server.runs[number] = {**empty, **given, "id": number, "storage": storage}
        return self.server.runs[number]

    def _change(self, call: str, given: dict[str, Any]) -> None:
        run = self.server.runs[given["run_id"]]
        match call:
            case "runs/log-batch":
                run["params"] |= {it["key"]: it["value"] for it in given.get("params", [])}
                run["metrics"] |= {it["key"]: it["value"] for it in given.get("metrics", [])}
            case "runs/set-tag":
                run["tags"].append({"key": given["key"], "value": given["value"]})
            case "runs/update":
                run["status"] = given["status"]
            case "runs/delete":
                run["status"] = "DELETED"


def _shown(run: dict[str, Any]) -> dict[str, Any]:
    info = {
        "run_id": run["id"],
        "run_uuid": run["id"],
        "experiment_id": "1",
        "artifact_uri": run["storage"],
        "status": "FINISHED",
        "lifecycle_stage": "active",
    }
    return {"info": info, "data": {"tags": run["tags"]}}


@contextmanager
def serving() -> Iterator[Server]:
    """Yield a server, which runs meanwhile."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
