import ast
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from stages import __version__
from stages.common.provenance import PACKAGES, maker
from stages.common.source import source_sha256
from stages.setting.values import PRODUCTS
from stages.settings import Settings


def test_a_record_says_what_made_it_and_when() -> None:
    found = maker(Settings(image="sha256:1", epochs=7), "train")
    assert (found.version, found.image) == (__version__, "sha256:1")
    assert found.source == source_sha256("train")
    assert found.settings["epochs"] == 7
    made = datetime.strptime(found.made, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - made) < timedelta(minutes=1)


@pytest.mark.parametrize("program", PRODUCTS)
def test_it_says_by_which_packages(program: str) -> None:
    packages = maker(Settings(), program).packages
    assert re.fullmatch(r"3\.\d+\.\d+.*", packages["python"])
    assert packages.keys() <= {"python", *PACKAGES[program]}


def test_it_names_all_packages_that_compare_imports() -> None:
    trees = [ast.parse(path.read_text()) for path in Path("stages/compare").glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for it in nodes if isinstance(it, ast.Import) for alias in it.names}
    packages = {module.partition(".")[0] for module in modules} - {"stages"}
    assert "scipy" in packages
    assert packages - sys.stdlib_module_names <= {*PACKAGES["compare"]}
