"""The unit tests of each stage, in its own image: TensorFlow is there."""

import re
import sysconfig
from collections.abc import Callable

import pytest

from docker.graph import Stage
from tests.commands import ROOT, Done

pytestmark = pytest.mark.usefixtures("built")

RunIn = Callable[..., Done]
IMAGE_PACKAGES = "/opt/stages/lib/python3.11/site-packages"


def test_unit_tests_pass_in_the_image(stage: Stage, run_in: RunIn) -> None:
    folder = ROOT / "tests" / "unit" / stage.name
    if not folder.is_dir():
        pytest.fail(f"{folder} is missing: no unit test covers {stage.name}")
    options = (
        "--workdir=/tests",
        "--tmpfs=/tmp:exec",  # some tests write a stand-in for a program and run it
        f"--volume={ROOT / 'tests' / 'unit'}:/tests/tests/unit:ro",
        f"--volume={ROOT / 'tests' / 'data'}:/tests/tests/data:ro",
        f"--volume={ROOT / 'pyproject.toml'}:/tests/pyproject.toml:ro",
        # The host's pytest, after the image's own packages and before none of them.
        f"--volume={sysconfig.get_path('purelib')}:/host:ro",
        f"--env=PYTHONPATH=/app:{IMAGE_PACKAGES}:/host",
    )
    flags = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "", f"tests/unit/{stage.name}")
    done = run_in(stage, "python3", *flags, options=options)
    assert done.code == 0, done
    assert re.search(r"\d+ passed", done.output), done
    assert "skipped" not in done.output, done
