"""What the emulator's tests share: the library, built once, as it is shipped and for tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.building import build_library, build_program, why_not


@pytest.fixture(scope="session", autouse=True)
def can_be_tried() -> None:
    if why_not():
        pytest.skip(f"the emulator can't be tried here: {why_not()}")


@pytest.fixture(scope="session")
def library(can_be_tried: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(tmp_path_factory.mktemp("shipped"))


@pytest.fixture(scope="session")
def test_library(can_be_tried: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(tmp_path_factory.mktemp("for_tests"), "--test")


@pytest.fixture(scope="session")
def program(can_be_tried: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    folder = tmp_path_factory.mktemp("programs")

    def get(name: str, *options: str) -> Path:
        return folder / name if (folder / name).exists() else build_program(folder, name, *options)

    return get
