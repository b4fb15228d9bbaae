"""`python -m stages.peers.convert JOB`: makes one peer's models, in a process of its own.

In the process that measures, the threads of the peers' tools would go on spinning, and what they
print would be mixed with its own output.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

import msgspec

from stages.common.child_output import ending_in_words, print_tail, shortage
from stages.common.host.oom_kills import OomKills
from stages.errors import ModelError, StageError, exit_code_of, of_kind
from stages.program.tether import tethered
from stages.samples import first_samples

TOOLS = ("nncf", "openvino", "onnx", "onnxruntime", "tf2onnx")
# In CI, OpenVINO and NNCF do not report their use over the network.
ENVIRONMENT = {"CI": "true", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What to make: the models of `peer` in `folder`, from a SavedModel.

    `calibration` is an .npz file, of which the first `calibration_samples` images are used.
    """

    peer: str
    saved_model: str
    calibration: str
    calibration_samples: int
    folder: str


def convert(conversion: Conversion) -> None:
    """Make a peer's models in a child process; what its tools print stays beside them.

    Raises ModelError if the tools fail, HostError if that is for want of memory, or the StageError
    that the child ended with; the end of the output is printed.
    """
    folder = Path(conversion.folder)
    folder.mkdir(parents=True)
    log, kills = folder / "convert.log", OomKills()
    code = _run_child(msgspec.json.encode(conversion).decode(), log)
    if code:
        what = f"making the models of {conversion.peer}"
        raise shortage(what, code, log, kills) or _failure(what, code, log)


def _run_child(job: str, log: Path) -> int:
    with log.open("wb") as output:
        return subprocess.run(
            tethered([sys.executable, "-m", "stages.peers.convert", job]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | ENVIRONMENT,
            check=False,
        ).returncode


def _failure(what: str, code: int, log: Path) -> StageError:
    message = f"{what} {ending_in_words(code)}; {print_tail(log)}"
    error = of_kind(code, message)
    return ModelError(message) if type(error) is StageError else error


def tool_versions() -> dict[str, str]:
    """Return the versions of the tools that make the peers' models, of those installed."""
    installed = {package.name: package.version for package in metadata.distributions()}
    return {tool: installed[tool] for tool in TOOLS if tool in installed}


def main() -> None:
    """Make the models that the Conversion in the first argument asks for."""
    job = msgspec.json.decode(sys.argv[1], type=Conversion)
    samples = first_samples(Path(job.calibration), job.calibration_samples)
    writer = import_module(f"stages.peers.{job.peer}_models")
    writer.write(Path(job.saved_model), samples, Path(job.folder))


if __name__ == "__main__":
    sys.exit(exit_code_of("peers", main))
