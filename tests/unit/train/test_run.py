"""Features that were computed before are those of as many images, or they are refused."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.errors import InputCorruptError

pytestmark = pytest.mark.image


@pytest.mark.parametrize(
    "stored",
    [np.zeros((2, 8), np.float32), np.zeros((3, 8), np.float64), np.array([{}, 1, 2], object)],
)
def test_others_are_refused_in_one_line(tmp_path: Path, stored: NDArray[np.generic]) -> None:
    from stages.train.run import load_features

    np.save(tmp_path / "test.npy", stored, allow_pickle=True)
    with pytest.raises(InputCorruptError, match="has not the features of 3 images; remove"):
        load_features(tmp_path / "test.npy", 3)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array", b"PK\x03\x04"])
def test_what_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    from stages.train.run import load_features

    (tmp_path / "test.npy").write_bytes(content)
    with pytest.raises(InputCorruptError, match=r"remove .* and run train again"):
        load_features(tmp_path / "test.npy", 3)
