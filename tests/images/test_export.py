"""An export of one image: its tools install and its image loads where nothing can be reached."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from docker.build.graph import read_all
from docker.reproduce.locked_images import digest_of
from docker.share import export
from stages.artifacts import Artifacts
from tests.commands import run

pytestmark = pytest.mark.usefixtures("built")

# Proxies that lead nowhere: whatever needs a network fails.
NOWHERE = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://[::1]:9"
)


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an export of the image of compare unpacks to on another machine."""
    folder = tmp_path_factory.mktemp("export")
    artifacts = Artifacts(folder / "artifacts")
    (artifacts.cache / "data").mkdir(parents=True)
    (artifacts.cache / "data" / "leaf").write_text("leaf")
    (artifacts.cache / "features").mkdir()
    (compare,) = (stage for stage in read_all() if stage.name == "compare")
    export.write_export([compare], artifacts, folder / "export.tar.gz")
    with tarfile.open(folder / "export.tar.gz") as tar:
        tar.extractall(folder, filter="data")
    return folder / "vgg19"


def test_it_has_the_source_the_image_and_the_data(brought: Path) -> None:
    assert (brought / "export" / "cache" / "data" / "leaf").read_text() == "leaf"
    assert not (brought / "export" / "cache" / "features").exists()
    assert (brought / "stages" / "compare" / "__main__.py").is_file()
    with tarfile.open(brought / "export" / "images.tar") as images:
        names = images.getnames()
    digest = digest_of("vgg19-compare").removeprefix("sha256:")
    assert any(digest in name for name in names), names


def test_the_hosts_tools_install_without_a_network(brought: Path) -> None:
    done = subprocess.run(
        [sys.executable, "bootstrap.py", "--yes"],
        cwd=brought,
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **NOWHERE},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pipeline" in done.stdout
    listed = run(str(brought / ".venv" / "bin" / "python"), "-m", "pip", "list")
    assert "cyclonedx-python-lib" in listed.output
