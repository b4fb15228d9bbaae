"""The page of the columns that the table of results has, whatever it is written as."""

from stages.records.summary import COLUMNS, Column

HEAD = """\
# Which columns does the table of results have?

[The table](publishing.md) has a row for each cell of each machine. What is not known, or does not
exist, is empty: the figures of a cell that was not run, and the ends of an interval if there was a
single round. The unit 1 is that of a fraction, a ratio or a probability; Parquet has the same units
in the metadata of its columns.

| column | type | unit | meaning |
| --- | --- | --- | --- |
"""
OF_SEVERAL = """
`invoke diff --output DIR` has more, behind these, each with its interval in two columns that end in
`_low` and `_high`:

| column | type | unit | meaning |
| --- | --- | --- | --- |
| `throughput_ratio_to_first_machine` | number | 1 | images/s by those of the first machine |
| `cost_per_million_images_EUR` | number | EUR | what a million images cost, by `--prices` |
"""
TYPES = {
    "text": "text",
    "count": "whole number",
    "number": "number",
    "truth": "true or false",
    "moment": "time",
}


def page(command: str) -> str:
    """Return the page, which `command` makes, as Markdown."""
    made = f"<!-- Made by `{command}` from stages/records/summary.py; not edited by hand. -->\n\n"
    return made + HEAD + "".join(map(_row, COLUMNS)) + OF_SEVERAL


def _row(column: Column) -> str:
    return f"| `{column.name}` | {TYPES[column.kind]} | {column.unit} | {column.meaning} |\n"
