from pathlib import Path

import pytest

from docker.build.graph import read_all
from docker.build.layers import build_stages_of, layers_of
from docker.paths import DOCKERFILE
from stages.errors import InputCorruptError

TEXT = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS base
FROM base AS builder
WORKDIR /build
FROM base AS user
WORKDIR /tmp
FROM builder AS code-layer
COPY stages /rootfs
FROM user AS image
COPY --from=code-layer /rootfs/ /
ENTRYPOINT ["true"]
"""


def test_levels_and_layers_go_from_the_lowest_up(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(TEXT)
    assert build_stages_of("image", dockerfile) == ["user", "image"]
    assert layers_of("image", dockerfile) == ["base", "user", "code"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("FROM base AS user", "FROM image AS user", "has image stand on itself"),
        ("FROM base AS user", "FROM user AS user", "has user stand on itself"),
        ("FROM user AS image", "FROM nothing AS image", "has no build stage nothing that"),
        ("COPY --from=code-layer", "COPY", "has no build stage image that adds one layer"),
        ("AS image", "AS other", "has no build stage image that"),
    ],
)
def test_a_dockerfile_that_is_none_of_ours_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(TEXT.replace(old, new))
    with pytest.raises(InputCorruptError, match=f"{dockerfile} {said}.*; restore it"):
        layers_of("image", dockerfile)


@pytest.mark.parametrize("target", [stage.target for stage in read_all()])
def test_every_stage_of_ours_adds_one_layer(target: str) -> None:
    assert layers_of(target)[:2] == ["base", "user"]
    assert layers_of(target)[-1] == "app"
    assert build_stages_of(target)[-1] == target


def test_no_level_is_left_out() -> None:
    names = {
        line.rpartition(" ")[2] for line in DOCKERFILE.read_text().splitlines() if " AS " in line
    }
    used = {name for stage in read_all() for name in build_stages_of(stage.target)}
    rest = names - used
    assert rest == {name for name in names if name.endswith("-layer")} | {"base", "builder"}
