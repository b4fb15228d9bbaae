"""What is in each stage's image, and what is not."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from docker.build import base
from docker.build.graph import NOTEBOOK, Stage, read_all, read_extra
from docker.build.requirements import LAYERS_BELOW
from stages.common.host.facts import cpu_flags
from stages.errors import HostError, IncompleteHostError, InputMissingError
from stages.isa import AMX_STAND_IN, ISA_NAMES, missing_flags
from stages.rehearse.host import NOTHING_TO_DO, has_amx
from stages.setting.programs import PEERS, REHEARSE
from stages.settings import Settings
from tests.commands import Done, run
from tests.images.conftest import of_a_program
from tests.unit.docker.test_requirements import pins

pytestmark = pytest.mark.usefixtures("built")
RunIn = Callable[..., Done]
ITEX = "tensorflow, intel_extension_for_tensorflow"
STOCK = "tensorflow, tf_keras, neural_compressor.tensorflow, msgspec"
IMPORTS = {
    "train": f"{ITEX}, tensorflow_hub, tensorflow_datasets, PIL",
    "quantize-itex": f"{ITEX}, neural_compressor.tensorflow",
    "profile-itex": f"{ITEX}, msgspec, mlperf_loadgen",
    "quantize-stock": STOCK,
    "profile-stock": f"{STOCK}, mlperf_loadgen",
    "compare": "jinja2, matplotlib.pyplot, scipy.stats, numpy, msgspec",
    "peers": f"{STOCK}, openvino, nncf, onnx, onnxruntime.quantization, tf2onnx",
    "rehearse": f"{STOCK}, openvino, onnxruntime",
    NOTEBOOK: f"{ITEX}, tensorflow_hub, tensorflow_datasets, neural_compressor.tensorflow, "
    "mlperf_loadgen, jinja2, matplotlib.pyplot, scipy.stats, jupyterlab, nbclient, ipykernel",
}
# The top layer of each image's packages.
TOP_LAYERS = {
    "train": "train",
    "quantize-itex": "quantize",
    "profile-itex": "profile",
    "quantize-stock": "stock",
    "profile-stock": "stock",
    "compare": "compare",
    "peers": "peers",
    "rehearse": "peers",
    NOTEBOOK: "notebook",
}
IMAGES = {stage.target: stage for stage in read_all()}
OTHER_PYTHON_OF_PEERS = "/opt/stages/bin/python3"
# TensorFlow 2.21 prints this above its informational messages, unless TF_CPP_MIN_LOG_LEVEL hides
# those.
BEFORE_ABSL = "WARNING: All log messages before absl::InitializeLog() is called"
LIST_PACKAGES = """
import importlib.metadata as metadata, json

print(json.dumps({package.name.lower().replace("_", "-"): package.version
                  for package in metadata.distributions()}))
"""


def inspect(image: str) -> dict[str, Any]:
    inspected: dict[str, Any] = json.loads(run("docker", "image", "inspect", image).output)[0]
    return inspected


def locked_with(layer: str) -> dict[str, str]:
    names = (*LAYERS_BELOW.get(layer, ()), layer)
    return {package: version for name in names for package, version in pins(name).items()}


def test_it_runs_as_no_root(stage: Stage, run_in: RunIn) -> None:
    assert run_in(stage, "id", "-u").output.strip() == "10001"


def test_it_imports_what_it_needs_without_a_warning(stage: Stage, run_in: RunIn) -> None:
    done = run_in(stage, "python3", "-c", f"import {IMPORTS[stage.target]}")
    assert done.code == 0, done
    output = done.output.replace(BEFORE_ABSL, "")
    assert not re.search(r"\b(\w*Warning|WARNING|\w*Error|ERROR)\b", output), done


def test_it_has_the_locked_versions_and_nothing_else(stage: Stage, run_in: RunIn) -> None:
    listed = json.loads(run_in(stage, "python3", "-c", LIST_PACKAGES).output)
    assert listed == locked_with(TOP_LAYERS[stage.target])


def test_peers_has_the_other_runtime_too(run_in: RunIn) -> None:
    python = OTHER_PYTHON_OF_PEERS
    listed = json.loads(run_in(read_extra(PEERS), python, "-c", LIST_PACKAGES).output)
    assert listed == locked_with("tensorflow")
    done = run_in(read_extra(PEERS), python, "-c", f"import {ITEX}")
    assert done.code == 0, done


def test_peers_says_where_the_other_runtime_is() -> None:
    entry_point = inspect(read_extra(PEERS).image)["Config"]["Entrypoint"]
    assert f"--itex-python={OTHER_PYTHON_OF_PEERS}" in entry_point


def test_rehearse_has_what_peers_has_and_the_emulator(run_in: RunIn) -> None:
    rehearse, peers = (inspect(read_extra(name).image) for name in (REHEARSE, PEERS))
    packages = peers["RootFS"]["Layers"][:-1]
    assert rehearse["RootFS"]["Layers"][:-2] == packages
    assert f"--itex-python={OTHER_PYTHON_OF_PEERS}" in rehearse["Config"]["Entrypoint"]
    library = str(Settings().emulator)
    options = (f"--env=LD_PRELOAD={library}", "--env=AMXEMU_REPORT=1")
    # Whatever this CPU is, the library says what it does there.
    done = run_in(read_extra(REHEARSE), "true", options=options)
    assert done.output.startswith("amxemu: "), done


@pytest.mark.parametrize("target", ["quantize-stock", "profile-stock"])
def test_a_stock_image_defaults_to_its_runtime(target: str, run_in: RunIn) -> None:
    code = "import os; from stages.command_line import load; print(load(os.environ).runtime)"
    assert run_in(IMAGES[target], "python3", "-c", code).output.strip() == "stock"


def test_any_user_may_run_it(stage: Stage, run_in: RunIn) -> None:
    code = "import getpass, pathlib; print(getpass.getuser(), pathlib.Path.home())"
    done = run_in(stage, "python3", "-c", code, options=("--user=54321:54321",))
    assert done.output.split() == ["stages", "/tmp"]


def test_its_code_can_not_be_changed(stage: Stage, run_in: RunIn) -> None:
    done = run_in(stage, "sh", "-c", "find /app /opt -writable -not -type l")
    assert (done.code, done.output) == (0, "")


@of_a_program
def test_its_help_lists_its_settings(stage: Stage) -> None:
    done = run("docker", "run", "--rm", "--network=none", stage.image, "--help")
    assert done.code == 0, done
    assert "VGG19_ARTIFACTS" in done.output


def run_without_input(target: str) -> Done:
    options = ("--rm", "--network=none", "--tmpfs=/artifacts:mode=1777")
    return run("docker", "run", *options, "--env=VGG19_ARTIFACTS=/artifacts", IMAGES[target].image)


@pytest.mark.parametrize("target", sorted({*IMAGES} - {"train", REHEARSE, NOTEBOOK}))
def test_a_missing_input_is_one_line_and_its_own_exit_code(target: str) -> None:
    done = run_without_input(target)
    assert done.code == InputMissingError.exit_code, done
    assert len(done.error_lines) == 1, done


def test_rehearse_asks_for_its_input_only_where_it_can_rehearse() -> None:
    done = run_without_input(REHEARSE)
    flags = cpu_flags()
    if has_amx(flags):
        assert (done.code, done.output.strip()) == (0, NOTHING_TO_DO)
        return
    cause = HostError if missing_flags(AMX_STAND_IN, flags) else InputMissingError
    assert done.code == cause.exit_code, done
    assert len(done.error_lines) == 1, done


def test_no_measured_axis_is_baked_in(stage: Stage) -> None:
    names = [variable.partition("=")[0] for variable in inspect(stage.image)["Config"]["Env"]]
    assert not [name for name in names if name.startswith(("ONEDNN", "DNNL", "OMP", "KMP", "TF_"))]


def test_the_hosts_certificates_stay_out(stage: Stage, run_in: RunIn) -> None:
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    of_base = run("docker", "run", "--rm", base.tag_of({}), "sha256sum", bundle)
    assert of_base.code == 0, of_base
    assert run_in(stage, "sha256sum", bundle).output == of_base.output


def test_compare_has_no_tensorflow(run_in: RunIn) -> None:
    assert run_in(IMAGES["compare"], "python3", "-c", "import tensorflow").code == 1


@pytest.mark.parametrize("target", ["profile-itex", "profile-stock"])
def test_the_doctor_is_at_hand_where_it_is_measured(target: str, run_in: RunIn) -> None:
    done = run_in(IMAGES[target], "python3", "-m", "stages.doctor")
    assert done.code in (0, IncompleteHostError.exit_code), done
    for name in ISA_NAMES:
        assert re.search(rf"^isa {name} +(ok|NO) ", done.output, re.MULTILINE), done
    assert re.search(r"^isa AVX2 +ok ", done.output, re.MULTILINE), done
    assert re.search(r"^software +ok ", done.output, re.MULTILINE), done


@pytest.mark.parametrize("target", sorted({*IMAGES} - {"train", "compare"}))
def test_what_measures_can_pin_cores(target: str, run_in: RunIn) -> None:
    done = run_in(IMAGES[target], "numactl", "--physcpubind=+0", "nproc")
    assert (done.code, done.output.strip()) == (0, "1")


def test_the_images_share_their_layers() -> None:
    layers = {target: inspect(stage.image)["RootFS"]["Layers"] for target, stage in IMAGES.items()}
    user, common, tensorflow, app = 2, 3, 4, -1
    for target in ("quantize-itex", "profile-itex", "peers", NOTEBOOK):
        assert layers[target][:tensorflow] == layers["train"][:tensorflow]
    assert layers["compare"][:common] == layers["train"][:common]
    assert layers["quantize-stock"] == layers["profile-stock"]
    stock = layers["quantize-stock"]
    assert stock[:user] == layers["train"][:user]
    assert stock[user] == layers["peers"][tensorflow]
    assert {names[app] for names in layers.values()} == {stock[app]}
