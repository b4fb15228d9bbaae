"""Pictures as people see them: of any format, upright, without what is transparent."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.image

RED, WHITE = [255, 0, 0], [255, 255, 255]


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + checksum


WITHOUT_PALETTE = b"".join(
    [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 20, 8, 3, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(bytes(21 * 20))),
    ]
)


def picture(mode: str = "RGB") -> Any:
    """A picture of 64x32, whose left half is red and whose right half is blue."""
    from PIL import Image

    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32, 0] = pixels[:, 32:, 2] = 255
    return Image.fromarray(pixels).convert(mode)


def content(image: Any, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "P"),
        ("PNG", "RGBA"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("BMP", "RGBA"),
        ("WEBP", "RGB"),
    ],
)
def test_formats_look_alike(form: str, mode: str) -> None:
    from stages.train.decoding import decoded

    found = decoded(content(picture(mode), form))
    assert found.pixels.shape == (32, 64, 3)
    assert not found.on_white
    assert np.abs(found.pixels[16, 4].astype(int) - RED).max() < 25
    assert np.abs(found.pixels[16, 60].astype(int) - [0, 0, 255]).max() < 25


@pytest.mark.parametrize(("form", "mode"), [("JPEG", "L"), ("PNG", "L"), ("PNG", "I;16")])
def test_grey_is_grey_in_all_channels(form: str, mode: str) -> None:
    from stages.train.decoding import decoded

    found = decoded(content(picture("L").convert(mode), form)).pixels
    assert found.shape == (32, 64, 3)
    assert (found[..., 0] == found[..., 2]).all()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_was_taken_with_a_turned_camera_is_upright(form: str) -> None:
    from PIL import Image

    from stages.train.decoding import decoded

    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    found = decoded(content(picture(), form, exif=exif)).pixels
    assert found.shape == (64, 32, 3)
    assert np.abs(found[4, 16].astype(int) - RED).max() < 25


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_what_is_transparent_is_white(form: str) -> None:
    from stages.train.decoding import decoded

    image = picture("RGBA")
    image.paste((0, 255, 0, 0), (32, 0, 64, 32))
    found = decoded(content(image, form))
    assert found.on_white
    assert found.pixels[16, 60].tolist() == WHITE
    assert np.abs(found.pixels[16, 4].astype(int) - RED).max() < 25


def test_an_image_has_the_size_that_is_asked_for() -> None:
    from stages.train.decoding import image_of

    assert image_of(content(picture(), "PNG"), (32, 48, 3)).pixels.shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"", "empty"),
        (b"no picture at all", "no picture"),
        (b"\x89PNG\r\n\x1a\n", "no picture|damaged"),
        (b"\xff\xd8\xff", "no picture|damaged"),
        (WITHOUT_PALETTE, "damaged"),
    ],
)
def test_what_is_no_picture_is_said(bad: bytes, why: str) -> None:
    from stages.train.decoding import UnreadableError, decoded

    with pytest.raises(UnreadableError, match=why):
        decoded(bad)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "WEBP", "GIF"])
def test_what_was_cut_is_unreadable(form: str) -> None:
    from PIL import Image

    from stages.train.decoding import UnreadableError, decoded

    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    image = Image.fromarray(noise).convert("P" if form == "GIF" else "RGB")
    whole = content(image, form)
    with pytest.raises(UnreadableError):
        decoded(whole[: len(whole) // 2])


def test_what_would_fill_the_memory_is_left_out() -> None:
    from PIL import Image

    from stages.train.decoding import UnreadableError, decoded

    with pytest.raises(UnreadableError, match="more than 64 megapixels"):
        decoded(content(Image.new("1", (10_000, 10_000)), "PNG"))


def test_what_tfds_reads_comes_out_as_its_image_folder_has_it(tmp_path: Path) -> None:
    import tensorflow_datasets as tfds

    from stages.train.decoding import decoded

    for label in ("a", "b"):
        (tmp_path / "train" / label).mkdir(parents=True)
        for form, mode in (("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "P")):
            path = tmp_path / "train" / label / f"{mode}.{form.lower()}"
            path.write_bytes(content(picture(mode), form))
    examples = [*tfds.as_numpy(tfds.ImageFolder(str(tmp_path)).as_dataset("train"))]
    assert len(examples) == 8
    for example in examples:
        ours = decoded(Path(example["image/filename"].decode()).read_bytes())
        assert (ours.pixels == example["image"]).all()
