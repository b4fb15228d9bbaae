"""Files and messages: logs, records, archives, locks, lines of a worker."""

import gzip
import hashlib
import io
import json
import lzma
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from docker.build.graph import read_extra, read_stages
from docker.lockfile import read_listing, read_lock
from docker.paths import COMPOSE_FILE, IMAGES_LOCK
from docker.remote import fetching
from docker.remote.volume import BROKEN
from docker.reproduce.differences import differences, shortened
from docker.reproduce.locked_images import diff_ids_of
from docker.reproduce.saved import parse_archive
from stages.artifacts import verify
from stages.common.onednn.kernels import kernel_isa, primitive_of, reference_share
from stages.common.onednn.log import OnednnLog, parse_log
from stages.common.worker import protocol
from stages.common.worker.client import answer_of
from stages.common.worker.loadgen import RATES, rate_of, read_answers, read_detail, reasons_of
from stages.errors import StageError
from stages.evidence.opening import opened
from stages.files.given_module import require_module
from stages.files.module_archive import holds_model, unpack
from stages.machines.prices import COLUMNS, read_prices
from stages.records.measure import Primitive
from stages.samples import Samples, load_samples
from stages.train.keras_config import require_known
from tests.fuzz.inputs import contents, mutated_texts
from tests.fuzz.parsers import Parser
from tests.unit.records import SHA256

LOGS = Path(__file__).parents[1] / "data" / "onednn"
MLLOG = b':::MLLOG {"key": "result_validity", "value": "VALID", "time_ms": 1.5}\n'
MLLOG += b':::MLLOG {"key": "result_samples_per_second", "value": 3.5}\n'
ANSWERS = b'[{"seq_id": 0, "qsl_idx": 1, "data": "0100000000000000"}]'
ANSWER_LINES = (
    b'{"cores": [0, 1], "load_seconds": 1.5, "versions": {"python": "3.11"}}\n',
    b'{"type":"refusal","exit_code":2,"message":"no"}\n',
    b'{"batch_seconds": [0.1, 0.2]}\n',
)
_PRICES = f"""# comment
{",".join(COLUMNS)}
m7i.large,Amazon,eu-west-1,EUR,0.25,2,2026-11-20,"a list, of that day"
"""
KERAS = b"""{"class_name": "Functional", "module": "keras.src.engine.functional", "config":
{"layers": [{"class_name": "Dense", "module": "keras.layers", "registered_name": null,
"config": {"activation": "softmax", "bias_initializer": {"class_name": "Zeros", "config": {}}}},
{"class_name": "TFOpLambda", "config": {"name": "add", "function": "math.add"}}]}}"""
NO_JSON = (StageError, ValueError, RecursionError)
LISTING = b"etc/a\t0\t644\t0:0\t7\t1\tabc\netc/b\t2\t777\t0:0\t7\t0\t-> a\n"


def parsers() -> Iterator[Parser]:
    yield Parser("oneDNN's log", contents(*_onednn_logs()), _onednn)
    yield of_file("LoadGen's log", _detail, MLLOG)
    yield of_file("LoadGen's answers", read_answers, ANSWERS)
    yield Parser("lines of a worker", contents(*ANSWER_LINES), _line, (StageError, ValueError))
    yield of_file("images as .npz", _samples, _npz())
    yield of_file("SHA256SUMS", _sums, f"{SHA256}  SHA256SUMS\n".encode())
    yield of_file("table of prices", _prices, _PRICES.encode())
    yield of_file("bundles that xz compressed", _opened, lzma.compress(b"SHA256SUMS"))
    yield of_file("images.lock", read_lock, IMAGES_LOCK.read_bytes()[:4000])
    yield of_file("listings", _listing, lzma.compress(LISTING))
    yield Parser("lines of listings", contents(LISTING), _differences)
    yield of_file("compose.yaml", _compose, COMPOSE_FILE.read_bytes())
    yield Parser("saved images", contents(*_archives()), _saved)
    yield of_file("archives of a module", _module, *_modules())
    yield Parser(
        "folders of another machine", contents(_fetched()), _unpacked, (StageError, *BROKEN)
    )
    yield Parser("architecture of Keras", contents(KERAS), _keras, NO_JSON)
    yield Parser("docker image inspect", mutated_texts('["sha256:1"]', "null"), diff_ids_of)


def of_file(name: str, read: Callable[[Path], object], *seeds: bytes) -> Parser:
    def write_and_read(content: bytes) -> None:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = Path(folder, "file")
            path.write_bytes(content)
            read(path)

    return Parser(name, contents(*seeds), write_and_read)


def _onednn_logs() -> Iterator[bytes]:
    """Yield the head of each recorded log: its template, and some of its primitives."""
    for path in sorted(LOGS.glob("*.txt")):
        yield b"\n".join(path.read_bytes().splitlines()[:40])


def _onednn(content: bytes) -> None:
    log: OnednnLog = parse_log(content.decode(errors="replace").splitlines())
    for execution in log.executions:
        primitive = primitive_of(execution)
        encoded = msgspec.json.encode(primitive)
        assert msgspec.json.decode(encoded, type=Primitive) == primitive
        kernel_isa(execution.implementation)
    assert 0 <= reference_share(log.executions) <= 1


def _detail(path: Path) -> None:
    detail = read_detail(path)
    reasons_of(detail)
    for scenario in RATES:
        assert rate_of(scenario, detail) >= 0


def _line(line: bytes) -> None:
    for kind in (protocol.Ready, protocol.TurnAnswer, protocol.LoadgenAnswer, protocol.TraceAnswer):
        answer_of(line, kind)


def _npz() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.npz")
        Samples(np.zeros((1, 224, 224, 3), np.uint8), np.zeros(1, np.int64)).save(path)
        return path.read_bytes()


def _samples(path: Path) -> None:
    samples = load_samples(path)
    assert samples.batch(0, 8).shape == (len(samples), 224, 224, 3)


def _sums(path: Path) -> None:
    verify(path.rename(path.with_name("SHA256SUMS")).parent)


def _keras(content: bytes) -> None:
    require_known(json.loads(content))


def _prices(path: Path) -> None:
    for name, price in read_prices(path, date(2026, 11, 27)).prices.items():
        assert price.machine_type == name
        assert 0 < price.per_hour < float("inf")
        assert price.vcpus > 0


def _opened(path: Path) -> None:
    with opened(path) as stream:
        stream.read()


def _listing(path: Path) -> None:
    path.rename(path.with_name("layer.xz"))
    read_listing("layer", path.parent)


def _differences(content: bytes) -> None:
    lines = content.decode(errors="surrogateescape").split("\n")
    shortened(differences(LISTING.decode().splitlines(), lines))


def _compose(path: Path) -> None:
    read_stages({}, path)
    read_extra("doctor", {}, path)


def _saved(content: bytes) -> None:
    parse_archive(io.BytesIO(content))


def _archives() -> Iterator[bytes]:
    layer = _tar({"etc/a": b"1"})
    for blob in (layer, gzip.compress(layer, mtime=0)):
        manifest: list[dict[str, Any]] = [
            {
                "Config": "config",
                "RepoTags": ["x:latest"],
                "Layers": [hashlib.sha256(blob).hexdigest()],
            }
        ]
        files = {manifest[0]["Layers"][0]: blob, "config": b"{}"}
        yield _tar({**files, "manifest.json": json.dumps(manifest).encode()})


def _modules() -> Iterator[bytes]:
    archive = _tar({"./mine/saved_model.pb": b"graph", "./mine/variables/a": b"1"})
    yield from (archive, gzip.compress(archive, mtime=0))


def _module(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        unpack(path, Path(folder, "module"), "the archive")
        assert holds_model(Path(folder, "module"))
    # What is unpacked was also found before.
    require_module(path)


def _fetched() -> bytes:
    return _tar({"train/train.json": b"{}", "train/SHA256SUMS": f"{SHA256}  train.json".encode()})


def _unpacked(content: bytes) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name, "outer", "inner")
        folder.mkdir(parents=True)
        try:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as tar:
                fetching.unpack(tar, "train", folder)
        finally:
            made = [path for path in Path(name).rglob("*") if path.parent != folder.parent]
            assert all(path == folder.parent or folder in path.parents for path in made)
            assert not any(path.is_symlink() for path in made)


def _tar(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()
