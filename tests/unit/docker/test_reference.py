from pathlib import Path

import pytest

from docker import reference
from docker.host.venv import VenvError
from stages.command_line import flag_name
from stages.errors import StageError
from stages.settings import env_name, specs


def test_the_committed_pages_are_what_the_code_says() -> None:
    stale = [path.name for path in reference.stale()]
    assert not stale, f"{stale} in docs/ is not what the code says; run `{reference.COMMAND}`"


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reference, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(reference, "SCHEMAS", tmp_path / "docs" / "schemas")
    return tmp_path / "docs"


def test_what_is_written_is_current_until_it_is_edited(docs: Path) -> None:
    with pytest.raises(StageError, match=r"settings.md, exit-codes.md.* `invoke docs --write`"):
        reference.require_current()
    reference.write()
    reference.require_current()
    page = docs / "settings.md"
    page.write_text(page.read_text().replace("batch_size", "batchsize"))
    assert reference.stale() == [page]


def test_a_schema_that_is_no_more_is_removed(docs: Path) -> None:
    reference.write()
    old = docs / "schemas" / "old.schema.json"
    old.write_text("{}")
    assert reference.stale() == [old]
    reference.write()
    assert not old.exists()


def test_every_setting_has_a_section_with_flag_variable_and_values(docs: Path) -> None:
    text = reference.pages()[docs / "settings.md"]
    for name, spec in specs().items():
        section = text.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        assert f"flag `{flag_name(name)}`, variable `{env_name(name)}`" in section
        assert all(f"  - `{value}`: " in section for value in spec.values)


def test_every_kind_of_failure_has_a_row_with_its_remedy(docs: Path) -> None:
    text = reference.pages()[docs / "exit-codes.md"]
    kinds = reference.kinds()
    assert VenvError in kinds
    assert len({kind.remedy for kind in kinds}) >= len(kinds) - 1
    for kind in kinds:
        assert f"\n| {kind.exit_code} | `{kind.__name__}` | " in text
        assert f" | {kind.remedy} |" in text
