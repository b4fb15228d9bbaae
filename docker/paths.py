"""Where the parts of this checkout are. Standard library only, as bootstrap.py uses it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPOSE_FILE = ROOT / "compose.yaml"
ENV_FILE = ROOT / ".env"
# Made of a folder of certificates, for what takes a file.
CERTIFICATES = ROOT / ".certificates.pem"
# Where buildx keeps its own files if the user's home has no room for them.
OWN_BUILDX = ROOT / ".buildx"
# What was printed when images were built the last time.
BUILD_LOG = ROOT / "build.log"
DOCKERFILE = ROOT / "docker" / "Dockerfile"
REQUIREMENTS = ROOT / "docker" / "requirements"
IMAGES_LOCK = ROOT / "docker" / "images.lock"
CLOUD = ROOT / "deploy" / "cloud"
DOCS = ROOT / "docs"
LISTINGS = ROOT / "docker" / "listings"
LIST_PACKAGES = ROOT / "docker" / "list_packages.sh"
SCHEMAS = ROOT / "docs" / "schemas"
# Where MLflow keeps runs, if no other place is named.
MLRUNS = ROOT / "mlruns"
# What `invoke export` brings to a machine without a network; absent in a clone.
EXPORT = ROOT / "export"
# Its images in the form of Apptainer.
SIF_FILES = ROOT / ".sif"
