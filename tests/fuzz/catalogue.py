"""All parsers and settings that take what a user, a file or a machine gives."""

from tests.fuzz import of_files, of_hosts, of_machines, of_records, of_schedulers, of_settings
from tests.fuzz.parsers import Parser

PARSERS: tuple[Parser, ...] = (
    *of_settings.parsers(),
    *of_hosts.parsers(),
    *of_files.parsers(),
    *of_records.parsers(),
    *of_machines.parsers(),
    *of_schedulers.parsers(),
)
