"""What is made from the code, so that it says what that does: pages, schemas, cloud user-data."""

import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from docker.host import variables
from docker.host.venv import VenvError
from docker.options import NO_FLAGS
from docker.paths import CLOUD, DOCS, ROOT, SCHEMAS
from docker.share import columns, schemas
from stages.command_line import WORDS_FOR_DEFAULTS, default_in_words, flag_name
from stages.errors import INTERNAL_EXIT_CODE, INTERRUPTED_EXIT_CODE, StageError
from stages.program.streams import UNREAD_EXIT_CODE
from stages.setting.programs import PROGRAMS
from stages.setting.spec import Spec
from stages.settings import env_name, specs

COMMAND = "invoke docs --write"
MADE = f"<!-- Made by `{COMMAND}` from {{source}}; not edited by hand. -->"

SETTINGS = """\
# Which settings are there, what do they mean, and what may be given?

Give a setting as a flag of a stage, as a flag of the whole pipeline, or as a variable. Only the
variable works for `docker compose`, too:

```
invoke profile --batch-size 16
invoke pipeline --batch-size 16
VGG19_BATCH_SIZE=16 docker compose up
```

A flag wins over a variable. An empty variable counts as unset; a flag with an empty value is
refused. A switch is a flag without a value; as a variable it is `1` or `0`. Names of values may be
in any case of letters, numbers are plain digits (those that need not be whole may have an exponent:
`5e-4`). No part of a list may be there twice, and their order means nothing, unless the setting
says so. A default in code font may be given as it stands; "all of them" and "not given" are words,
not values. A path that is not absolute is taken from where
you are as a flag of `invoke`, as are other files on a command line (`verify BUNDLE`, `--output`);
as a variable it is taken from the clone, wherever you are.

`invoke` refuses a value that is not allowed before anything starts, with
[exit code 2](exit-codes.md), and names the nearest one that is. It also refuses a variable that
starts with `VGG19_`, or `vgg19_`, and names no setting, and one that has a setting's name behind a
slip in that prefix, such as `VVG19_` or `VGG_19_`; so it does with a slip in the name of a variable
that is no setting, such as `GIVEN_DTA`.

Variables may also be kept in the file `.env` beside `compose.yaml`, a `VGG19_NAME=value` on a line;
one of the shell wins. `invoke` and `docker compose` both read it, and both refuse there what is
misspelt or not allowed. Single quotes keep a value as it is, over several lines, too; `invoke`
refuses a `$` outside them, and a line that is neither `NAME=value` nor `NAME: value`, with the
line's number. A misspelt variable of the shell is refused by `invoke` alone: compose passes on only
the variables that `compose.yaml` names, so it can't see others. `invoke` writes to `.env`
[what `docker compose` must know beside the settings](#what-env-says-beside-the-settings).

`invoke --help profile` shows the same for one stage, and so does `python -m stages.profile --help`.

`FORCE_BF16=1` and `MIX_PRECISION_TEST=1`, which Neural Compressor's former notebook `vgg19_ibean`
used, still work: quantize takes either as `force_bf16`, and says so. Variables for proxies, mirrors
and package indexes are no settings: see
[Networks, mirrors and proxies](reproducing.md#networks-mirrors-and-proxies).
"""

BESIDE = """\
## What .env says beside the settings

`invoke build`, and each `invoke` that starts a container, writes these to `.env`, where
`docker compose` finds them:
"""

FROM_SHELL = """\
These are yours to set, as variables of the shell:
"""

NO_FLAG = "\\* No flag of `invoke`: the images, or `invoke` itself, set it."

EXIT_CODES = """\
# Which exit codes are there, and what to do after each?

Each stage and each task ends with 0 if it has done its work. If not, it prints one line that begins
with `NAME: error:` and gives the cause and the remedy, and it ends with the code of that kind of
failure. What earlier runs left stays as it was, but for 23: there, all was done and is kept, and
what was measured is not to be trusted. Four print something else: a fault of this project (70) its
traceback, an interruption (130) a line of its own, doctor (18) a line without `error` if all that
is missing is an instruction set, and a program whose output nobody reads any more (141) nothing.

`invoke pipeline` stops at the first stage that fails, and ends with that stage's code. With 23 it
stops at nothing: compare and all tasks after it are run, and invoke then ends with it.
`docker compose up` has no code for each kind: it is 0 if all stages did their work and the run is
to be trusted, else another; the line of the stage says why. Under compose, profile itself does not
end with 23, which would stop compare.

[Troubleshooting](troubleshooting.md) has the messages themselves, by symptom.
"""

OTHERS = """\
## Codes that are not this project's

- **1** from `invoke lint`, `invoke check` and `invoke test`: a check found something, and the lines
  above say what. From `invoke` itself: it can't read its own flags; or, if it is another than the
  one that `./bootstrap.py` makes, it found no `tasks.py`, for which that one ends with 2.
- **125**, **126**, **127**: the engine could not start the container; its own line says why.
- **128 and a signal's number**: a signal ended it, once it had cleaned up: 129 a terminal that
  closed (SIGHUP), 131 Ctrl-\\ (SIGQUIT), 143 `kill`, `timeout` or a scheduler (SIGTERM); 141 that
  nobody reads its output any more.
- **137**: something ended the process by SIGKILL: a person, `docker kill`, or a program that
  watches over memory. If the kernel did, for want of memory, the code is 17, and a line says at
  which limit; but 137 under `docker compose`, which
  [does not say why](troubleshooting.md#other-runs-and-runs-that-were-ended), and from an engine
  that does not know.
"""


def pages() -> dict[Path, str]:
    """Return the text of each page by its path."""
    own = {DOCS / "settings.md": _settings(), DOCS / "exit-codes.md": _exit_codes()}
    own |= {CLOUD / "cloud-init.yaml": _cloud_init(), DOCS / "columns.md": columns.page(COMMAND)}
    return own | schemas.texts(SCHEMAS)


def stale() -> list[Path]:
    """Return the pages that are missing, differ from what the code gives, or are no more."""
    texts = pages()
    gone = [path for path in SCHEMAS.glob(f"*{schemas.SUFFIX}") if path not in texts]
    return [*(path for path, text in texts.items() if not _is(path, text)), *gone]


def write() -> None:
    """Write the pages that are not current, and say which."""
    texts = pages()
    for path in stale():
        if path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
        else:
            path.unlink()
        print(f"docs: wrote {path}" if path in texts else f"docs: removed {path}")
    require_current()


def require_current() -> None:
    """Say that the pages are what the code gives; raise StageError if one is not."""
    names = ", ".join(path.name for path in stale())
    if names:
        raise StageError(f"{names} in {ROOT} differ from what the code says; run `{COMMAND}`")
    print(f"docs: {', '.join(path.name for path in pages())} are what the code says")


def kinds() -> list[type[StageError]]:
    """Return the kinds of failure by exit code, the one that stands for any kind first."""
    # VenvError is defined beside what raises it; a test's own error is no kind of this project.
    known: set[type[StageError]] = {VenvError, *StageError.__subclasses__()}
    own = [kind for kind in known if kind.__module__.partition(".")[0] in ("stages", "docker")]
    return [StageError, *sorted(own, key=lambda kind: kind.exit_code)]


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _settings() -> str:
    made = MADE.format(source="stages/settings.py and docker/host/variables.py")
    head = ["setting", "default", *PROGRAMS]
    rows = [_marks(name, spec) for name, spec in specs().items()]
    sections = ["\n".join(_section(name, spec)) for name, spec in specs().items()]
    overview = ["## Which program reads which", _table(head, rows), NO_FLAG]
    beside = [BESIDE, _meanings(variables.WRITTEN), FROM_SHELL, _meanings(variables.GIVEN)]
    return _joined([made, SETTINGS, *overview, "## Each setting", *sections, *beside])


def _meanings(of_variables: Mapping[str, str]) -> str:
    rows = [[f"`{name}`", meaning] for name, meaning in of_variables.items()]
    return _table(["variable", "what it is"], rows)


def _marks(name: str, spec: Spec) -> list[str]:
    return [
        f"[`{name}`](#{name})" + (" \\*" if name in NO_FLAGS else ""),
        _default(name),
        *("x" if program in spec.programs else "" for program in PROGRAMS),
    ]


def _default(name: str) -> str:
    """Return a default, in code font only if it may be given."""
    words = default_in_words(name)
    return words if words in WORDS_FOR_DEFAULTS else f"`{words}`"


def _section(name: str, spec: Spec) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{spec.help[0].upper()}{spec.help[1:]}.\n"
    yield f"- flag `{flag_name(name)}`, variable `{env_name(name)}`"
    yield f"- read by {', '.join(spec.programs)}"
    yield f"- default: {_default(name)}"
    if spec.allowed:
        yield f"- allowed: {spec.allowed}"
    yield from (f"  - `{value}`: {meaning}" for value, meaning in spec.values.items())


def _exit_codes() -> str:
    made = MADE.format(source="stages/errors/kinds.py and docker/host/venv.py")
    rows = [
        ["0", "", "All went well.", ""],
        *(_row(kind) for kind in kinds()),
        [
            str(INTERNAL_EXIT_CODE),
            "",
            "A fault of this project, with its traceback.",
            "report the lines above",
        ],
        [str(INTERRUPTED_EXIT_CODE), "", "You interrupted it (Ctrl-C).", "run it again"],
        [
            str(UNREAD_EXIT_CODE),
            "",
            "Whoever read its output ended, as `head -1` does.",
            "read all of it, or write it to a file",
        ],
    ]
    table = _table(["code", "name", "meaning", "what to do"], rows)
    return _joined([made, EXIT_CODES, table, OTHERS])


def _row(kind: type[StageError]) -> list[str]:
    meaning = (inspect.getdoc(kind) or "").partition("\n")[0]
    return [str(kind.exit_code), f"`{kind.__name__}`", meaning, kind.remedy]


def _cloud_init() -> str:
    """Return the user-data: the template, with the script in it, by the indentation of YAML."""
    script = (CLOUD / "run.sh").read_text(encoding="utf-8")
    template = (CLOUD / "cloud-init.in").read_text(encoding="utf-8")
    return template.replace("@run.sh\n", textwrap.indent(script, " " * 6))


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
