"""Small sets that tensorflow-datasets knows by name while tests run, and where their file is."""

from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds


class TinyFlowers(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
    """Pictures of two classes, from a zip at `url`; of a third there is none."""

    VERSION = tfds.core.Version("1.2.3")
    url = ""

    def _info(self) -> Any:
        features = {
            "image": tfds.features.Image(),
            "label": tfds.features.ClassLabel(names=["roses", "tulips", "never"]),
            "image/filename": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(Path(manager.download_and_extract(self.url)))}

    def _generate_examples(self, folder: Path) -> Any:
        for path in sorted(folder.rglob("*.jpg")):
            name = f"{path.parent.name}/{path.name}"
            yield name, {"image": str(path), "label": path.parent.name, "image/filename": name}


class TinyBoxes(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
    """A set for the detection of objects."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        boxes = tfds.features.Sequence({"bbox": tfds.features.BBoxFeature()})
        features = {"image": tfds.features.Image(), "objects": boxes}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, _: Any) -> dict[str, Any]:
        return {}

    def _generate_examples(self) -> Any:
        yield from ()
