"""What the Python of `.venv-publish` runs, each file by itself: it has none of this project's."""
