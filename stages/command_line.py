"""Settings as they are given: by the environment, and by a program's command line on top."""

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any, NoReturn

from stages import __version__
from stages.errors import SettingsError
from stages.program import streams
from stages.program.printable import printable
from stages.program.quiet import hush
from stages.setting.addresses import name_in
from stages.setting.prefix import meant_by
from stages.setting.spec import Spec, as_text
from stages.setting.suggestion import MAX_SHOWN, did_you_mean, quoted
from stages.settings import ENV_PREFIX, Settings, env_name, refusal, specs, specs_of

# What a model of one's own leaves nothing to do for.
WITHOUT_MODEL = ("backbone", "epochs", "learning_rate")
# What users of Neural Compressor's former notebook vgg19_ibean made BF16 by.
OLD_BF16_SWITCHES = ("FORCE_BF16", "MIX_PRECISION_TEST")
# Shown for defaults that have no text to give; no setting takes these as a value.
WORDS_FOR_DEFAULTS = ALL, NOT_GIVEN = ("all of them", "not given")


def load(environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Settings:
    """Build Settings from the environment, with `overrides` on top.

    An empty variable counts as unset, an empty override is refused. Raises SettingsError for a
    value that can't be read, and for a variable with this project's prefix that names no setting.
    """
    known = specs()
    texts = {name: environ[env_name(name)] for name in known if environ.get(env_name(name))}
    _refuse_unknown(environ, known)
    texts.update(overrides or {})
    _refuse_beside_model(texts)
    return Settings(**{name: _read(name, text, known[name]) for name, text in texts.items()})


def _refuse_beside_model(texts: Collection[str]) -> None:
    """Raise SettingsError if what makes a model is given beside one that is trained already."""
    if "model" in texts:
        for name in WITHOUT_MODEL:
            if name in texts:
                raise SettingsError(
                    f"{name} contradicts model, of which nothing is trained; leave out "
                    f"{flag_name(name)} and {env_name(name)}, or the model"
                )


def for_stage(stage: str, argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Build Settings for `python -m stages.<stage> ARGV`; `--help` prints what can be set.

    From then on the program is quiet if the environment asks for that.
    Raises SettingsError for a flag that there is not, and as `load` does.
    """
    doc = import_module(f"stages.{stage}").__doc__
    # An abbreviation would mean something else as soon as there is a new setting.
    parser = _Parser(f"python -m stages.{stage}", description=doc, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    for name, spec in specs_of(stage).items():
        form: dict[str, Any] = (
            {"action": "store_const", "const": "1"} if spec.is_switch else {"action": _Once}
        )
        # argparse takes a percent sign for a placeholder.
        parser.add_argument(flag_name(name), help=help_text(name).replace("%", "%%"), **form)
    given, unknown = parser.parse_known_args(argv)
    if unknown:
        raise SettingsError(_no_flag(unknown[0], stage))
    texts = {name: text for name, text in vars(given).items() if text is not None}
    if "force_bf16" in specs_of(stage):
        texts = _old_bf16_switches(environ) | texts
    hush(environ)
    return load(environ, texts)


class _Once(argparse.Action):
    """Keeps a flag's value, and refuses a second one, of which argparse would take the last."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Raise SettingsError if the flag was there before."""
        if getattr(namespace, self.dest) is not None:
            raise SettingsError(f"{option_string} is there twice; give it once")
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message}; `{self.prog} --help` shows all flags")

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse's own takes a pipe that nobody reads for no failure, and loses the rest.
        (file or sys.stderr).write(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        streams.flush()
        super().exit(status, message)


def _no_flag(text: str, stage: str) -> str:
    # It may be an address with its password, whose flag was left out.
    shown = quoted(name_in(text), map(flag_name, specs_of(stage)))
    return f"{stage} has no flag {shown}; `python -m stages.{stage} --help` shows all flags"


def flag_name(name: str) -> str:
    """Return the flag that gives a setting on a command line."""
    return "--" + name.replace("_", "-")


def default_in_words(name: str) -> str:
    """Return a setting's default as it would be given, or one of WORDS_FOR_DEFAULTS."""
    (value,) = (field.default for field in fields(Settings) if field.name == name)
    if isinstance(value, bool):
        return NOT_GIVEN
    if value and isinstance(value, tuple) and value == tuple(specs()[name].values):
        return ALL
    return f"{value:g}" if isinstance(value, float) else as_text(value) or NOT_GIVEN


def help_text(name: str) -> str:
    """Return what a flag's help says: meaning, what may be given, default, variable."""
    default = default_in_words(name)
    return f"{specs()[name].in_words()} (default: {default}; variable: {env_name(name)})"


def _old_bf16_switches(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the old switches ask for, and say so."""
    for name in OLD_BF16_SWITCHES:
        if environ.get(name) == "1":
            meaning = f"{name}=1 now means {env_name('force_bf16')}=1"
            print(f"{meaning}: BF16 variants are produced on any CPU", file=sys.stderr)
            return {"force_bf16": "1"}
    return {}


def _refuse_unknown(environ: Mapping[str, str], known: Mapping[str, Spec]) -> None:
    names = {env_name(name) for name in known}
    for variable in sorted({*environ} - names):
        # A name in small letters, or with another prefix, sets nothing, which nobody would notice.
        ours, meant = variable.upper().startswith(ENV_PREFIX), meant_by(variable, names)
        if ours or meant:
            hint = f"did you mean {meant}?" if meant else did_you_mean(variable, names)
            raise SettingsError(
                f"{printable(variable, MAX_SHOWN)} is no setting"
                + (f" ({hint}); unset it" if hint else f"; known are {', '.join(sorted(names))}")
            )


def _read(name: str, text: str, spec: Spec) -> Any:
    try:
        return spec.value_of(text)
    except ValueError as error:
        raise refusal(name, text, str(error)) from None
