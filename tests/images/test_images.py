"""What is in each stage's image, and what is not."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from docker import base, lock
from docker.graph import Stage, read_stages
from tests.commands import Done, run
from tests.unit.tasks.test_lock import pins

pytestmark = pytest.mark.usefixtures("built")
RunIn = Callable[..., Done]
IMPORTS = {
    "train": "tensorflow, intel_extension_for_tensorflow, tensorflow_hub, tensorflow_datasets, PIL",
    "quantize": "tensorflow, intel_extension_for_tensorflow, neural_compressor.tensorflow",
    "profile": "tensorflow, intel_extension_for_tensorflow, msgspec",
    "compare": "matplotlib.pyplot, numpy, msgspec",
}
LIST_PACKAGES = """
import importlib.metadata as metadata, json

print(json.dumps({each.name.lower().replace("_", "-"): each.version
                  for each in metadata.distributions()}))
"""


def inspect(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("docker", "image", "inspect", image).output)[0]
    return found


def layers_of(stage: Stage) -> list[str]:
    if stage.name in lock.LAYERS:
        return [*lock.LAYERS[stage.name], stage.name]
    return [*lock.LAYERS["tensorflow"], "tensorflow"]


def test_it_runs_as_no_root(stage: Stage, run_in: RunIn) -> None:
    assert run_in(stage, "id", "-u").output.strip() == "10001"


def test_it_imports_what_it_needs_without_a_warning(stage: Stage, run_in: RunIn) -> None:
    done = run_in(stage, "python3", "-c", f"import {IMPORTS[stage.name]}")
    assert done.code == 0, done
    assert not re.search(r"\b(\w*Warning|WARNING|\w*Error|ERROR)\b", done.output), done


def test_it_has_the_locked_versions_and_nothing_else(stage: Stage, run_in: RunIn) -> None:
    expected = {
        package: each for layer in layers_of(stage) for package, each in pins(layer).items()
    }
    assert json.loads(run_in(stage, "python3", "-c", LIST_PACKAGES).output) == expected


def test_any_user_may_run_it(stage: Stage, run_in: RunIn) -> None:
    code = "import getpass, pathlib; print(getpass.getuser(), pathlib.Path.home())"
    done = run_in(stage, "python3", "-c", code, options=("--user=54321:54321",))
    assert done.output.split() == ["stages", "/tmp"]


def test_its_code_can_not_be_changed(stage: Stage, run_in: RunIn) -> None:
    done = run_in(stage, "sh", "-c", "find /app /opt -writable -not -type l")
    assert (done.code, done.output) == (0, "")


def test_its_help_lists_its_settings(stage: Stage) -> None:
    done = run("docker", "run", "--rm", "--network=none", stage.image, "--help")
    assert done.code == 0, done
    assert "VGG19_ARTIFACTS" in done.output


@pytest.mark.parametrize("reader", read_stages()[1:], ids=lambda each: each.name)
def test_a_missing_input_is_one_line_and_its_own_exit_code(reader: Stage) -> None:
    options = ("--rm", "--network=none", "--tmpfs=/artifacts:mode=1777")
    done = run("docker", "run", *options, "--env=VGG19_ARTIFACTS=/artifacts", reader.image)
    assert done.code == 3, done
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
    compare = read_stages()[-1]
    assert run_in(compare, "python3", "-c", "import tensorflow").code == 1


def test_profile_can_pin_cores(run_in: RunIn) -> None:
    profile = next(stage for stage in read_stages() if stage.name == "profile")
    done = run_in(profile, "numactl", "--physcpubind=+0", "nproc")
    assert (done.code, done.output.strip()) == (0, "1")


def test_the_images_share_their_layers() -> None:
    train, quantize, profile, compare = (
        inspect(stage.image)["RootFS"]["Layers"] for stage in read_stages()
    )
    base_common_tensorflow, base_common, app = 4, 3, -1
    assert train[:base_common_tensorflow] == quantize[:base_common_tensorflow]
    assert train[:base_common_tensorflow] == profile[:base_common_tensorflow]
    assert train[:base_common] == compare[:base_common]
    assert {each[app] for each in (train, quantize, profile, compare)} == {train[app]}
