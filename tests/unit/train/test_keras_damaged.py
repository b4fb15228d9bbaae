"""Files of Keras that can't be read: neither Keras nor TensorFlow is asked for them."""

import errno
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.errors import ModelError, NotWritableError
from stages.files.given_module import KERAS_MODEL, KERAS_VERSION
from stages.train.keras_file import checked

DEEP = "[" * 100_000


def archive(path: Path, config: str, about: str = "{}") -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(KERAS_MODEL, config)
        made.writestr(KERAS_VERSION, about)


def encrypted(path: Path) -> None:
    """Write an archive whose members say that a password is needed."""
    archive(path, "{}")
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(signature, place + 1)
    path.write_bytes(content)


def of_another_content(path: Path) -> None:
    archive(path, "{ }")
    path.write_bytes(path.read_bytes().replace(b"{ }", b"[ ]"))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "endless number": lambda path: archive(path, '{"a": ' + "1" * 5000 + "}"),
    "deep": lambda path: archive(path, DEEP),
    "deep beside the model": lambda path: archive(path, "{}", DEEP),
    "no JSON": lambda path: archive(path, "{"),
    "encrypted": encrypted,
    "other content": of_another_content,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_can_not_be_read_is_damaged_whatever_python_says_of_it(
    damage: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    DAMAGES[damage](path)
    message = "^is damaged, or no model of Keras; save it again, by `model.save`$"
    with pytest.raises(ModelError, match=message):
        checked(path)


def test_what_the_disk_refuses_is_no_damage_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.keras"
    archive(path, "{}")
    monkeypatch.setattr(zipfile.ZipFile, "read", refused_by_disk)
    with pytest.raises(NotWritableError, match="Input/output error"):
        checked(path)


def refused_by_disk(*_: object) -> bytes:
    raise OSError(errno.EIO, "Input/output error")
