"""What a bundle says of itself."""

from typing import Annotated

import msgspec
from msgspec import Meta

from stages.records.fields import END, Sha256, doc


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """manifest.json: what the results in a bundle came from."""

    version: Annotated[str, doc("Version of the project that packed the bundle, such as 0.1.0.")]
    commit: Annotated[
        str,
        Meta(pattern=f"^([0-9a-f]{{40,64}})?{END}"),
        doc("Commit of the source; empty if the source was no clone."),
    ]
    inputs: Annotated[
        dict[str, Sha256],
        doc("sha256 of all that the images are made from, by path; base is the base's recipe."),
    ]
    images: Annotated[
        dict[str, str],
        doc("Digest of the configuration of each image, as sha256:..., by the image's name."),
    ]
    sources: Annotated[
        dict[str, Sha256],
        doc("sha256 of the source of each program that leaves a record, as records name it."),
    ]
