"""Write the table of results as Parquet: `parquet.py < DOCUMENT`, whose JSON has all it needs.

Each column has its type, and its unit and meaning as metadata of the field.
"""

import json
import sys
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

TYPES = {
    "text": pa.string(),
    "count": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
    "moment": pa.timestamp("ms", tz="UTC"),
}
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def main() -> None:
    """Write the table that a document describes to the path that it names."""
    document = json.load(sys.stdin.buffer)
    columns = document["columns"]
    schema = pa.schema([_field(column) for column in columns], metadata=document["metadata"])
    arrays = [_array(column, document["rows"]) for column in columns]
    table = pa.table(arrays, schema=schema)
    pyarrow.parquet.write_table(table, document["path"])


def _field(column: dict[str, str]) -> Any:
    about = {name: column[name] for name in ("unit", "meaning") if column[name]}
    return pa.field(column["name"], TYPES[column["kind"]], metadata=about)


def _array(column: dict[str, str], rows: list[dict[str, Any]]) -> Any:
    values = [row[column["name"]] for row in rows]
    if column["kind"] != "moment":
        return pa.array(values, TYPES[column["kind"]])
    times = pyarrow.compute.strptime(pa.array(values, pa.string()), MOMENT, "ms")
    return times.cast(TYPES["moment"])


if __name__ == "__main__":
    main()
