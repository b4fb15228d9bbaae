"""The short form of `invoke fuzz`: the same inputs each time, a few for each parser."""

import pytest

from stages.errors import SettingsError
from stages.setting.programs import PROGRAMS
from stages.settings import specs
from tests.fuzz.catalogue import PARSERS
from tests.fuzz.parsers import Parser, check, try_one

EXAMPLES = 25


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_it_reads_an_input_or_refuses_it_by_its_kind(parser: Parser) -> None:
    outcome = check(parser, EXAMPLES)
    assert outcome.failures == []
    assert outcome.inputs >= 1


def test_every_setting_and_command_line_is_in_the_catalogue() -> None:
    names = [parser.name for parser in PARSERS]
    assert len(names) == len(set(names))
    assert {f"setting {name}" for name in specs()} <= {*names}
    assert {f"command line of {program}" for program in PROGRAMS} <= {*names}


def _raising(error: Exception) -> Parser:
    def read(_: object) -> None:
        raise error

    return Parser("it", PARSERS[0].inputs, read)


def test_what_it_may_not_do_is_found() -> None:
    assert check(_raising(KeyError("key")), 5).failures[0].startswith("KeyError: 'key', for ''")
    assert check(_raising(SettingsError("no")), 5).failures == []
    assert check(_raising(SettingsError("")), 5).failures
    with pytest.raises(AssertionError, match="it printed 'x"):
        try_one(Parser("it", PARSERS[0].inputs, print), "x")
