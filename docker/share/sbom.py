"""Show what an image contains, as CycloneDX (https://cyclonedx.org) and as a list of licences."""

import os
import subprocess
import uuid
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TypedDict

import msgspec
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from docker.build import base
from docker.containers import labels
from docker.host.environment import engine_environment
from stages.common.text import aligned
from stages.errors import EngineError
from stages.setting import foreign_words

INVENTORY = Path(__file__).with_name("inventory.py")
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "vgg19-xeon-inference")
DISTRIBUTIONS = {"deb": "debian", "pypi": None}


class Package(TypedDict, total=False):
    """A package as docker/share/inventory.py prints it."""

    kind: str
    name: str
    version: str
    licence: str
    sha256: str


def inventory(image: str) -> list[Package]:
    """Return the packages of an image; EngineError if it does not run."""
    options = [*labels(), "--rm", "--network=none", "--entrypoint=python3"]
    command = ["docker", "run", *options, image]
    environment = engine_environment(os.environ)
    done = subprocess.run(
        [*command, "-c", INVENTORY.read_text(encoding="utf-8")],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        why = foreign_words.last_line(done.stderr)
        raise EngineError(f"{image} can't list its packages ({why}); build it again")
    try:
        return msgspec.json.decode(done.stdout, type=list[Package])
    except (msgspec.MsgspecError, ValueError) as error:
        raise EngineError(f"{image} lists its packages in another form ({error})") from None


def cyclonedx(image: str, digest: str, packages: Sequence[Package]) -> str:
    """Return the bill of materials of an image, the same for the same image."""
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, f"{image} {digest}"))
    bom.metadata.timestamp = datetime.fromtimestamp(int(base.SOURCE_DATE_EPOCH), timezone.utc)
    bom.metadata.component = Component(
        name=image, version=digest, type=ComponentType.CONTAINER, bom_ref=image
    )
    bom.components.update(_component(package) for package in packages)
    bom.register_dependency(bom.metadata.component, bom.components)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return text + "\n"


def _component(package: Package) -> Component:
    kind, name, version = package["kind"], package["name"], package["version"]
    sha256 = package.get("sha256")
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        purl=PackageURL(kind, DISTRIBUTIONS[kind], name, version),
        bom_ref=f"{kind}/{name}@{version}",
        licenses=[LicenseFactory().make_from_string(package["licence"])],
        hashes=hashes,
    )


def licences(images: Mapping[str, Sequence[Package]]) -> str:
    """Return a line for each package: its licence, and the images that have it."""
    images_of: dict[tuple[str, str, str, str], list[str]] = {}
    for image, packages in images.items():
        for package in packages:
            key = (package["kind"], package["name"], package["version"], package["licence"])
            images_of.setdefault(key, []).append(image)
    rows = [(*key, " ".join(names)) for key, names in sorted(images_of.items())]
    return aligned([("kind", "package", "version", "licence", "images"), *rows]) + "\n"
