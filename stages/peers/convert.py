"""`python -m stages.peers.convert JOB`: makes one peer's models, in a process of its own.

The peers' tools print a lot, and their threads would go on spinning beside what is measured.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

import msgspec

from stages.common.child_output import print_tail
from stages.errors import ModelError, StageError, exit_code_of, of_kind
from stages.samples import first_samples

TOOLS = ("nncf", "openvino", "onnx", "onnxruntime", "tf2onnx")
# OpenVINO and NNCF report their use over the network, but not from here.
ENVIRONMENT = {"CI": "true", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Whose models to make from which SavedModel, with how many images of a file, and where."""

    peer: str
    saved_model: str
    calibration: str
    calibration_samples: int
    folder: str


def convert(conversion: Conversion) -> None:
    """Make a peer's models in a child process; what its tools print stays beside them.

    Raises ModelError where the tools fail, or what the child told; the end of their output is
    printed.
    """
    folder = Path(conversion.folder)
    folder.mkdir(parents=True)
    log = folder / "convert.log"
    job = msgspec.json.encode(conversion).decode()
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "stages.peers.convert", job],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | ENVIRONMENT,
            check=False,
        )
    if done.returncode:
        raise _failure(conversion.peer, done.returncode, log)


def _failure(peer: str, code: int, log: Path) -> StageError:
    message = f"making the models of {peer} ended with code {code}; {print_tail(log)}"
    error = of_kind(code, message)
    return ModelError(message) if type(error) is StageError else error


def tool_versions() -> dict[str, str]:
    """Return the versions of what makes the peers' models, where it is installed."""
    installed = {each.name: each.version for each in metadata.distributions()}
    return {tool: installed[tool] for tool in TOOLS if tool in installed}


def main() -> None:
    """Do what the Conversion in the first argument says."""
    job = msgspec.json.decode(sys.argv[1], type=Conversion)
    samples = first_samples(Path(job.calibration), job.calibration_samples)
    writer = import_module(f"stages.peers.{job.peer}_models")
    writer.write(Path(job.saved_model), samples, Path(job.folder))


if __name__ == "__main__":
    sys.exit(exit_code_of("peers", main))
