"""The tasks of invoke for what was measured: look at it, pack it, check it, set it side by side."""

from collections.abc import Sequence

from invoke.context import Context
from invoke.tasks import task

from docker.build.graph import read_stages
from docker.ending import end_with
from docker.host import engine
from docker.host.elsewhere import HOST, asking
from docker.options import ReplaceableTask, flags_given
from docker.reproduce import reproduction
from docker.running import artifacts_of, chosen_settings
from docker.share import schemas
from docker.share.export import write_export
from docker.share.output import require_writable
from docker.standing import from_here
from stages.artifacts import Artifacts
from stages.command_line import help_text, load
from stages.errors import exit_code_of
from stages.folder.usable import resolved
from stages.program.printable import printable

RUNTIME_HELP, ARTIFACTS_HELP = help_text("runtime"), help_text("artifacts")


@task(
    help={
        "output": "file to write (default: vgg19-export.tar.gz)",
        "runtime": RUNTIME_HELP,
        "artifacts": ARTIFACTS_HELP,
    },
    auto_shortflags=False,
)
def export(
    _: Context, output: str = "vgg19-export.tar.gz", runtime: str = "", artifacts: str = ""
) -> None:
    """Pack source, images, tools and downloads for a machine that reaches no network."""

    def write() -> None:
        settings = chosen_settings(flags_given(runtime=runtime, artifacts=artifacts))
        folder = Artifacts(resolved(load(settings).artifacts))
        path = from_here(output)
        require_writable(path, folder.root)
        engine.require("export")
        write_export(read_stages(settings), folder, path)
        print(f"export: {path.stat().st_size / 1e6:.0f} MB in {printable(output)}")

    end_with(exit_code_of("export", write))


@task(
    help={
        "output": "file to write (default: vgg19-bundle.tar)",
        "artifacts": ARTIFACTS_HELP,
        HOST: "ssh://USER@HOST: that machine's engine has the images (default: this one's)",
    },
    auto_shortflags=False,
)
def bundle(
    _: Context, output: str = "vgg19-bundle.tar", artifacts: str = "", host: str = ""
) -> None:
    """Pack the results with all they came from into one file that anyone can check."""

    def write() -> None:
        # Imported only now: it takes half a second, which every command would wait for.
        from docker.share.bundle import write_bundle

        path = from_here(output)
        folder = Artifacts(resolved(artifacts_of(artifacts)))
        with asking(host):
            lines = write_bundle(folder, path).lines
        size = path.stat().st_size / 1e6
        print(
            "\n".join(f"bundle: {line}" for line in [*lines, f"{printable(output)}, {size:.1f} MB"])
        )

    end_with(exit_code_of("bundle", write))


@task(
    help={
        "compare": "WHEN, or WHEN,WHEN: beginnings of times as listed, or current (the default)",
        "artifacts": ARTIFACTS_HELP,
    },
    auto_shortflags=False,
)
def history(_: Context, compare: str = "", artifacts: str = "") -> None:
    """List the measurements that are there, earlier ones too, or compare two of them."""

    def show() -> None:
        from docker.share.history import history_text

        folder = artifacts_of(artifacts)
        print(history_text(folder, compare))

    end_with(exit_code_of("history", show))


@task(
    iterable=["machines"],
    help={
        "machines": "PATH, or NAME=PATH: an artifacts folder, or a bundle, be it a .tar.xz",
        "prices": "CSV file of what machines cost by the hour, as docs/prices.csv",
        "latency_ms": "with prices: the latency that the cheapest cell must keep, in ms",
        "loss": "with prices: top-1 that it may lose relative to FP32's, as 0.01",
        "output": "folder to write summary.csv and summary.md to",
    },
    auto_shortflags=False,
)
def diff(
    _: Context,
    machines: Sequence[str],
    prices: str = "",
    latency_ms: str = "",
    loss: str = "",
    output: str = "",
) -> None:
    """Set machines side by side: `invoke diff A B...`, artifacts folders or bundles.

    The first is what the others are compared with. As all words behind it are machines, this is the
    last task of a command.
    """

    def show() -> None:
        from docker.share.machines import Asked, side_by_side

        asked = Asked(machines, prices, latency_ms, loss, output)
        for text in side_by_side(asked, artifacts_of()):
            print(text)

    end_with(exit_code_of("diff", show))


@task(
    iterable=["machines"],
    help={
        "machines": "PATH, or NAME=PATH: an artifacts folder, or a bundle (default: artifacts)",
        "parquet": "file to write the table of results to, as Parquet",
        "mlflow": "make a run of each measurement, where MLFLOW_TRACKING_URI says, else in "
        "mlruns in the clone",
        "tracking_uri": "the same, at this server's address, or in this folder",
    },
    auto_shortflags=False,
)
def publish(
    _: Context,
    machines: Sequence[str],
    parquet: str = "",
    mlflow: bool = False,
    tracking_uri: str = "",
) -> None:
    """Hand results to other tools, as Parquet and MLflow; compare leaves CSV and Markdown.

    The first time, it installs what that takes. This is the last task of a command, as all words
    behind it are artifacts folders or bundles.
    """

    def write() -> None:
        from docker.share.publish import Asked, publish

        asked = Asked(machines, parquet, mlflow, tracking_uri)
        for line in publish(asked, artifacts_of()):
            print(line, flush=True)

    end_with(exit_code_of("publish", write))


class _Verify(ReplaceableTask):
    replacements = ("rebuild",)


@task(
    klass=_Verify,
    help={
        "bundle": "file to check: every byte, and every figure by its samples",
        "rebuild": "build all images again, from nothing, and hold them against docker/images.lock",
    },
    auto_shortflags=False,
)
def verify(_: Context, bundle: str, rebuild: bool = False) -> None:
    """Check a bundle, which takes no network and no engine; or that images come out as locked."""

    def check() -> None:
        from docker.share.bundle import verify_bundle

        verdict = verify_bundle(from_here(bundle)) if bundle else None
        for line in verdict.lines if verdict else ():
            print(f"verify: {line}")
        if rebuild:
            engine.require("verify --rebuild")
            reproduction.verify_images()
        if verdict:
            verdict.require_trusted()

    end_with(exit_code_of("verify", check))


@task(
    help={"name": f"{schemas.ALL}, to list them, or {', '.join(schemas.titles())}"},
    auto_shortflags=False,
)
def schema(_: Context, name: str) -> None:
    """Print what a JSON file of the project has in it, as a JSON Schema."""
    end_with(exit_code_of("schema", lambda: print(schemas.answer(name))))
