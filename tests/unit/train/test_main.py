"""What train makes of its settings before it imports TensorFlow."""

from pathlib import Path

import pytest

from stages.common.provenance import maker
from stages.errors import InputMissingError
from stages.folder.cache import Cache, note_backbone
from stages.settings import Settings
from stages.train.__main__ import _with_backbone


def test_the_backbone_is_the_one_that_download_was_asked_for(tmp_path: Path) -> None:
    cache, asked = Cache(tmp_path), Settings(backbone="downloaded")
    with pytest.raises(InputMissingError, match="run download first"):
        _with_backbone(asked, cache)
    note_backbone(cache, "https://me:secret@h/m")
    found = _with_backbone(asked, cache)
    assert maker(found, "train").settings["backbone"] == found.backbone == "https://***@h/m"


def test_a_backbone_that_is_given_is_taken_whatever_was_downloaded(tmp_path: Path) -> None:
    note_backbone(Cache(tmp_path), "https://h/m")
    assert _with_backbone(Settings(), Cache(tmp_path)).backbone == "embedded"
