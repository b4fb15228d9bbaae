"""What the task `compare` does: it runs the stage, then sets other machines beside its result."""

from docker.ending import end_with
from docker.how import How
from docker.running import COMPARE, artifacts_of, run_chosen
from docker.share.machines import Asked, side_by_side
from stages.errors import NotTrustedError, exit_code_of
from stages.folder.usable import resolved

# The flag is --with, which is a word of Python's own.
WITH = "with_"
OWN = {WITH: "bundles or artifacts folders, as A,B: set them beside this, as `invoke diff` does"}


def run_compare(runner: str, given: dict[str, str], how: How) -> None:
    """Run the stage by a runner with the settings `given`, and set those of WITH beside it."""
    others = [one for one in given.pop(WITH, "").split(",") if one]
    code = run_chosen([COMPARE], COMPARE, runner, given, how)
    if others and code in (0, NotTrustedError.exit_code):
        artifacts = resolved(artifacts_of(given.get("artifacts", "")))

        def show() -> None:
            for text in side_by_side(Asked([str(artifacts), *others]), artifacts):
                print(text)

        code = exit_code_of(COMPARE, show) or code
    end_with(code)
