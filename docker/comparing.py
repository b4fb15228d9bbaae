"""What the task `compare` does: it runs the stage, then sets other machines beside its result."""

from docker.ending import end_with
from docker.flags import refusal
from docker.how import How
from docker.running import COMPARE, artifacts_of, run_chosen
from docker.share.machines import Asked, read_given, require_there, side_by_side
from stages.errors import NotTrustedError, exit_code_of
from stages.folder.usable import resolved
from stages.setting.addresses import why_no_path
from stages.setting.suggestion import quoted

# The flag is --with, which is a word of Python's own.
WITH = "with_"
OWN = {WITH: "bundles or artifacts folders, as A,B: set them beside this, as `invoke diff` does"}


def run_compare(runner: str, given: dict[str, str], how: How) -> None:
    """Run the stage by a runner with the settings `given`, and set those of WITH beside it."""
    named = given.pop(WITH, "")
    if reason := why_no_path(named):  # split at a comma, a part of it may show a password
        raise refusal(f"compare: error: with can't be {quoted(named)} ({reason}); give A,B")
    others = [one for one in named.split(",") if one]
    if missing := exit_code_of(
        COMPARE, lambda: require_there([read_given(other) for other in others])
    ):
        end_with(missing)
    code = run_chosen([COMPARE], COMPARE, runner, given, how)
    if others and code in (0, NotTrustedError.exit_code):
        artifacts = resolved(artifacts_of(given.get("artifacts", "")))

        def show() -> None:
            shown = side_by_side(Asked([str(artifacts), *others]), artifacts)
            for number, text in enumerate(shown):
                if not how.quiet:
                    print(text)
                elif number == 0:
                    print(text.partition("\n\n")[0])  # the answer

        code = exit_code_of(COMPARE, show) or code
    end_with(code)
