"""What an image contains, by its packages' metadata, as CycloneDX and as a list of licences."""

import json
from pathlib import Path

import pytest

from docker.containers import labels
from docker.share.inventory import packages
from docker.share.sbom import Package, cyclonedx, inventory, licences

NUMPY: Package = {
    "kind": "pypi",
    "name": "numpy",
    "version": "1.26.4",
    "licence": "BSD-3-Clause",
}
LIBC: Package = {
    "kind": "deb",
    "name": "libc6",
    "version": "2.36",
    "licence": "GPL-2, LGPL-2.1",
    "sha256": "a" * 64,
}


def test_a_container_that_lists_packages_is_known_if_it_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tmp_path / "docker"
    client.write_text(f'#!/bin/sh\necho "$*" > {tmp_path}/asked\necho "[]"\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert inventory("vgg19-train") == []
    asked = (tmp_path / "asked").read_text()
    assert all(label in asked for label in labels())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file system with two Debian packages and two Python ones."""
    document = tmp_path / "usr/share/doc/libc6/copyright"
    document.parent.mkdir(parents=True)
    document.write_text("Files: *\nLicense: LGPL-2.1\n\nFiles: x\nLicense: GPL-2\n more\n")
    listed = tmp_path / "usr/share/base/packages"
    listed.parent.mkdir(parents=True)
    listed.write_text(f"libc6 2.36 {'a' * 64}\nodd 1 {'b' * 64}\n")
    for name, lines in {
        "numpy": "License: Copyright (c)\n        all of the text\n"
        "Classifier: License :: OSI Approved :: BSD License",
        "wrapt": "License-Expression: BSD-2-Clause",
        "plain": "License: MIT",
        "none": "License: UNKNOWN",
    }.items():
        folder = tmp_path / f"opt/stages/lib/python3.11/site-packages/{name}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n{lines}\n")
    return tmp_path


def test_each_packages_licence_is_what_its_own_metadata_says(root: Path) -> None:
    licence_of = {package["name"]: package["licence"] for package in packages(root)}
    assert licence_of == {
        "libc6": "GPL-2, LGPL-2.1",
        "odd": "unknown",
        "numpy": "BSD License",
        "wrapt": "BSD-2-Clause",
        "plain": "MIT",
        "none": "unknown",
    }


def test_a_bill_has_every_package_by_its_purl_and_is_the_same_each_time() -> None:
    text = cyclonedx("vgg19-train", "sha256:1", [NUMPY, LIBC])
    assert text == cyclonedx("vgg19-train", "sha256:1", [LIBC, NUMPY])
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == "sha256:1"
    by_name = {component["name"]: component for component in bill["components"]}
    assert by_name["numpy"]["purl"] == "pkg:pypi/numpy@1.26.4"
    assert by_name["numpy"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert by_name["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36"
    assert by_name["libc6"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]


def test_another_image_has_another_serial_number() -> None:
    one, other = (json.loads(cyclonedx("vgg19-train", digest, [NUMPY])) for digest in ("1", "2"))
    assert one["serialNumber"] != other["serialNumber"]


def test_licences_are_listed_once_with_the_images_that_have_them() -> None:
    lines = licences({"vgg19-train": [NUMPY, LIBC], "vgg19-compare": [NUMPY]}).splitlines()
    assert [line.split() for line in lines] == [
        ["kind", "package", "version", "licence", "images"],
        ["deb", "libc6", "2.36", "GPL-2,", "LGPL-2.1", "vgg19-train"],
        ["pypi", "numpy", "1.26.4", "BSD-3-Clause", "vgg19-train", "vgg19-compare"],
    ]
