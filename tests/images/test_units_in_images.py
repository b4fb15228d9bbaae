"""The unit tests of each program, in its own images: TensorFlow is there."""

import re
import sysconfig
from collections.abc import Callable

import pytest

from docker.build.graph import Stage
from stages.settings import DOCTOR
from tests.commands import ROOT, Done

pytestmark = pytest.mark.usefixtures("built")

RunIn = Callable[..., Done]
WHERE_PACKAGES_ARE = "import sysconfig; print(sysconfig.get_path('purelib'))"
UNITS = ROOT / "tests" / "unit"
# What measures shares the code for that, which imports nothing that train and compare have.
MEASURING = ("quantize", "profile", "peers")
# Some kernels let nobody but root count events; then what counts them can't be tried.
KERNEL_REFUSES = "the kernel lets this user count nothing"
# Run in the image of another.
GUESTS = {"profile": [DOCTOR]}


def folders_of(program: str) -> list[str]:
    names = [program, *GUESTS.get(program, []), *(["measure"] if program in MEASURING else [])]
    return [f"tests/unit/{name}" for name in names]


def test_unit_tests_pass_in_the_image(stage: Stage, run_in: RunIn) -> None:
    if not (UNITS / stage.name).is_dir():
        pytest.fail(f"{UNITS / stage.name} is missing: no unit test covers {stage.name}")
    packages = run_in(stage, "python3", "-c", WHERE_PACKAGES_ARE).output.strip()
    options = (
        "--workdir=/app",
        "--cap-add=PERFMON",  # as compose.yaml gives the profile stage
        "--tmpfs=/tmp:exec",  # some tests write a stand-in for a program and run it
        f"--volume={UNITS}:/app/tests/unit:ro",
        f"--volume={ROOT / 'tests' / 'data'}:/app/tests/data:ro",
        f"--volume={ROOT / 'pyproject.toml'}:/app/pyproject.toml:ro",
        # The host's pytest, after the image's own packages and before none of them.
        f"--volume={sysconfig.get_path('purelib')}:/host:ro",
        f"--env=PYTHONPATH=/app:{packages}:/host",
    )
    flags = (
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-p",
        "no:cacheprovider",
        "-m",
        "",
        *folders_of(stage.name),
    )
    done = run_in(stage, "python3", *flags, options=options)
    assert done.code == 0, done
    assert re.search(r"\d+ passed", done.output), done
    skipped = [line for line in done.output.splitlines() if line.startswith("SKIPPED")]
    assert all(KERNEL_REFUSES in line for line in skipped), done
