"""Which texts name data, and which of our own sets was meant."""

import pytest

from stages.command_line import load
from stages.errors import SettingsError
from stages.setting.values import is_data_path, is_downloaded, recorded_data


@pytest.mark.parametrize(
    ("text", "path", "downloaded", "recorded"),
    [
        ("embedded", False, False, "embedded"),
        ("Beans", False, True, "beans"),
        ("tf_flowers", False, True, "tf_flowers"),
        ("imagenette/320px-v2:1.0.0", False, True, "imagenette/320px-v2:1.0.0"),
        ("/home/ann/my flowers/", True, False, "given/my_flowers"),
        ("./flowers", True, False, "given/flowers"),
        ("~/flowers", True, False, "given/flowers"),
        ("file:///home/ann/flowers", True, False, "given/flowers"),
        ("/", True, False, "given/data"),
    ],
)
def test_data_are_a_name_or_a_path(text: str, path: bool, downloaded: bool, recorded: str) -> None:
    data = load({}, {"data": text}).data
    assert (is_data_path(data), is_downloaded(data)) == (path, downloaded)
    assert recorded_data(data) == recorded


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("bean", "did you mean beans"),
        ("imbedded", "did you mean embedded"),
        ("My Pictures", "or a path that begins with"),
        ("huggingface:flowers", "or a path that begins with"),
        ("tf_flowers:latest", "or a path that begins with"),
        ("https://host/flowers", "or a path that begins with"),
        ("file://host/flowers", "an address of another machine"),
    ],
)
def test_what_can_be_neither_is_refused(text: str, cause: str) -> None:
    with pytest.raises(SettingsError, match=cause):
        load({}, {"data": text})
