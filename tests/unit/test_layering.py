"""Rules of the layout that only hold while something checks them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "module",
    [
        *("tasks", "stages.settings", "stages.artifacts", "stages.train", "stages.runtimes"),
        *(
            "stages.common.worker.client",
            "stages.common.worker.__main__",
            "stages.profile.__main__",
        ),
        "stages.compare.effects",
    ],
)
def test_importing_it_imports_no_tensorflow(module: str) -> None:
    code = f"import sys, {module}; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_stages_know_nothing_of_containers() -> None:
    for path in (ROOT / "stages").rglob("*.py"):
        text = path.read_text().lower()
        assert "docker" not in text, path
        assert "compose" not in text.replace("composed", ""), path


STAGES = ("train", "quantize", "profile", "compare")
SHARED = ("common", "records")
# In an import, or in a string, as importlib takes it.
NAMED = re.compile(r"(?:^\s*(?:import|from) |[\"'])stages\.(\w+)", re.MULTILINE)


@pytest.mark.parametrize("package", [*STAGES, "peers", "doctor", *SHARED])
def test_a_stage_is_imported_by_itself_alone(package: str) -> None:
    others = {*STAGES, "peers", "doctor"} - {package}
    paths = list((ROOT / "stages" / package).rglob("*.py"))
    assert paths
    for path in paths:
        assert not others & set(NAMED.findall(path.read_text())), path
