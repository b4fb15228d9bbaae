"""Whole commands on artifacts, caches and bundles that were damaged."""

import shutil
from pathlib import Path

from tests.campaigns.damage import REFUSALS, damage, files_of, source_of
from tests.campaigns.folders import SUMS, copied, snapshot
from tests.campaigns.judging import judge_end, judge_output
from tests.campaigns.product import LOCAL, bundle, ended, environment, invoke
from tests.campaigns.tries import WRONG, Bench

NAME = "bundle.tar"


class Command:
    """A whole command, as its user runs it."""

    def __init__(self, task: str) -> None:
        self.task = task

    def __call__(self, bench: Bench) -> None:
        bench.done.append(f"invoke {self.task}")
        if self.task == "verify":
            path = bench.folder / NAME
            shutil.copy(bundle(bench.options, bench.options.runners[-1]), path)
            damage(bench, path, NAME)
            self._judge(bench, [str(path)], bench.folder, "")
            return
        root = copied(source_of(bench), bench.folder / "artifacts")
        whole = ["[!.]*/**/*"] if self.task == "bundle" else ["profile/**/*", "[!.]*/SHA256SUMS"]
        files = files_of(root, whole)
        # What compare made itself, it doesn't read.
        read = [path for path in files if self.task == "bundle" or "compare" not in path.parts]
        path = bench.dice.choice(read)
        damage(bench, path, str(path.relative_to(root)))
        output = [f"--output={bench.folder / 'out.tar'}"] if self.task == "bundle" else []
        self._judge(bench, output, root, "" if path.name == SUMS else path.name)

    def _judge(self, bench: Bench, arguments: list[str], root: Path, names: str) -> None:
        runner = bench.options.runners[-1]
        argv = invoke(self.task, *arguments, runner=runner if self.task == "compare" else "")
        environ = environment(root, bench.folder / "tmp", LOCAL)
        code, output = ended(bench, argv, environ)
        if code == 0:
            judge_output(bench, output)
            bench.fault(WRONG, "accepted: " + "; ".join(bench.done))
        else:
            judge_end(bench, code, output, REFUSALS, names)


def train_from_cache(bench: Bench) -> None:
    """Any file of train's cache: train is refused, or makes the same data and model as before."""
    source, runner = source_of(bench), bench.options.runners[-1]
    root = copied(source, bench.folder / "artifacts")
    path = bench.dice.choice(files_of(root, [".cache/**/*"]))
    damage(bench, path, str(path.relative_to(root)))
    environ = environment(root, bench.folder / "tmp", runner)
    code, output = ended(bench, invoke("train", runner=runner), environ)
    judge_end(bench, code, output)
    same = [name for name in snapshot(source / "train") if name not in ("train.json", SUMS)]
    before, after = snapshot(source / "train"), snapshot(root / "train")
    changed = [name for name in same if before[name] != after.get(name)]
    if changed:
        bench.fault(WRONG, f"{', '.join(changed)} of {'; '.join(bench.done)}")
