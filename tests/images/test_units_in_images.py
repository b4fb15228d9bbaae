"""The unit tests of each program, in its own images, with the packages that it runs with."""

import re
import sysconfig
from collections.abc import Callable

import pytest

from docker.build.graph import Stage
from docker.develop.checks import cores
from stages.setting.programs import DOCTOR, DOWNLOAD, SWEEP
from tests.commands import ROOT, Done
from tests.images.conftest import of_a_program

pytestmark = pytest.mark.usefixtures("built")

RunIn = Callable[..., Done]
WHERE_PACKAGES_ARE = "import sysconfig; print(sysconfig.get_path('purelib'))"
UNITS = ROOT / "tests" / "unit"
# These use stages/common to measure; the images of train and compare lack what that needs.
MEASURING = ("quantize", "profile", "peers", "rehearse")
# What needs a package that not all of them have.
PEERS_BACKENDS, LOADGEN = "common/backends/test_peers.py", "common/worker/test_loadgen.py"
IGNORED = {"quantize": (PEERS_BACKENDS, LOADGEN), "profile": (PEERS_BACKENDS,)}
# Some kernels let only root count events; then the code that counts them can't be tried.
KERNEL_REFUSES = "the kernel lets this user count nothing"
# Programs that run in the image of another.
GUESTS = {"profile": (DOCTOR, SWEEP), "train": (DOWNLOAD,)}


def pytest_arguments(program: str) -> list[str]:
    common = ["common"] if program in MEASURING else []
    folders = [f"tests/unit/{name}" for name in (program, *GUESTS.get(program, ()), *common)]
    ignored = [f"--ignore=tests/unit/{path}" for path in IGNORED.get(program, ())]
    return ["-q", "-rs", "-n", str(cores()), "-p", "no:cacheprovider", "-m", "", *ignored, *folders]


def engine_options(packages: str) -> tuple[str, ...]:
    """Return the options that bring the tests and pytest into an image with these packages."""
    return (
        "--workdir=/app",
        "--cap-add=PERFMON",  # as compose.yaml gives the profile stage
        "--tmpfs=/tmp:exec",  # some tests write a stand-in for a program and run it
        f"--volume={UNITS}:/app/tests/unit:ro",
        f"--volume={ROOT / 'tests' / 'data'}:/app/tests/data:ro",
        f"--volume={ROOT / 'pyproject.toml'}:/app/pyproject.toml:ro",
        # This machine's pytest; last in PYTHONPATH, so that the image's own packages come first.
        f"--volume={sysconfig.get_path('purelib')}:/host:ro",
        f"--env=PYTHONPATH=/app:{packages}:/host",
    )


@of_a_program
def test_unit_tests_pass_in_the_image(stage: Stage, run_in: RunIn) -> None:
    if not (UNITS / stage.name).is_dir():
        pytest.fail(f"{UNITS / stage.name} is missing: no unit test covers {stage.name}")
    packages = run_in(stage, "python3", "-c", WHERE_PACKAGES_ARE).output.strip()
    arguments = ("-m", "pytest", *pytest_arguments(stage.name))
    done = run_in(stage, "python3", *arguments, options=engine_options(packages))
    assert done.code == 0, done
    assert re.search(r"\d+ passed", done.output), done
    skipped = [line for line in done.output.splitlines() if line.startswith("SKIPPED")]
    assert all(KERNEL_REFUSES in line for line in skipped), done
