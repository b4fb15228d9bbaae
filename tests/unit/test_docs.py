"""What a reader follows: links, commands and messages of the pages must be there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.exceptions import ParseError
from invoke.parser import Parser

import tasks
from docker.flags import spelled_out
from docker.host.engine import EngineInfo
from docker.host.env_file import compose_variables
from docker.host.user import User
from docker.local_runner import VENVS
from docker.paths import DOCS, ROOT
from stages.forecast.duration import OF_README, in_words

README = ROOT / "README.md"
PAGES = [path for path in (README, ROOT / "CONTRIBUTING.md") if path.is_file()]
PAGES += sorted(DOCS.rglob("*.md"))
MAX_README_LINES, MAX_COLUMNS = 150, 100
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
SETTING = re.compile(r"^(?:[A-Z0-9_]+=\S+ )+")
# What comes before the task is bootstrap.py's own.
WAYS_IN = ("invoke ", "./bootstrap.py ")
# Options of bootstrap.py and of invoke itself.
NOT_A_TASKS = ("--yes", "--no-engine", "--dry")
SET_FOR_EACH_CONTAINER = {
    "STAGES_IMAGE",
    "STAGES_CONTAINER",
    "STAGES_CLIENT",
    "STAGES_TERMINAL",
    "STAGES_BACKBONE",
}
SET_FOR_EACH_CONTAINER |= {"STAGES_COMPARED", "STAGES_GIVEN", "STAGES_GIVEN_MODEL"}
SET_FOR_EACH_CONTAINER |= {"STAGES_GIVEN_DATA", "NOTEBOOK_FOLDER", "NOTEBOOK_TOKEN"}
SET_FOR_EACH_CONTAINER |= {"STAGES_COMPARED", "STAGES_GIVEN", "STAGES_QUIET", "STAGES_TZ"}
PLACEHOLDER = "TASK"
# What an implicit concatenation puts between the halves of a message.
BETWEEN_LITERALS = re.compile(r'"\s*\n\s*f?"')
# Printed by invoke, or no message.
OTHERS = ("Can't find any collection named 'tasks'!", "No idea what '...' is!", "docker compose")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def links(page: Path) -> list[str]:
    return [link for link in LINK.findall(prose(page)) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(page)))
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_settings_page_has_every_variable_that_compose_is_told() -> None:
    page = (DOCS / "settings.md").read_text()
    written = compose_variables(User(1, 2), EngineInfo(remaps_users=True), {})
    read = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    given = {name for name in read if not name.startswith("VGG19_") and name.upper() == name}
    proxies = {name for name in given if name.endswith("_PROXY")}
    for name in (given | {*written, "STAGES_OVERRIDE"}) - proxies - SET_FOR_EACH_CONTAINER:
        assert f"\n| `{name}` | " in page, name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = {README}, [README]
    while waiting:
        page = waiting.pop()
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        new = {target for target in targets if target.suffix == ".md"} - reached
        reached |= new
        waiting += new
    assert set(DOCS.rglob("*.md")) <= reached


def test_the_readme_is_for_the_first_minute() -> None:
    assert len(README.read_text().splitlines()) <= MAX_README_LINES


def test_no_block_of_the_readme_is_wider_than_a_terminal() -> None:
    lines = [line for block in FENCED.findall(README.read_text()) for line in block.splitlines()]
    assert lines
    assert [line for line in lines if len(line) > MAX_COLUMNS] == []


def commands(page: Path) -> Iterator[str]:
    """Return what a page lets its reader run: lines of blocks; in docs/, what is inline, too."""
    shown = [line for block in FENCED.findall(page.read_text()) for line in block.splitlines()]
    if DOCS in page.parents:
        shown += INLINE.findall(prose(page))
    for text in shown:
        command = SETTING.sub("", text.strip())
        if command.startswith(WAYS_IN):
            yield command


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_is_one_that_there_is(page: Path) -> None:
    for command in commands(page):
        words = [word for word in shlex.split(command)[1:] if word not in NOT_A_TASKS]
        if words[0] == "--help":
            assert words[1] in (*tasks.ns.task_names, PLACEHOLDER), command
            continue
        try:
            contexts = {str(context.name): context for context in tasks.ns.to_contexts()}
            Parser([*contexts.values()]).parse_argv(spelled_out(words, contexts))
        except ParseError as error:
            pytest.fail(f"{command}: {error}")


def test_the_readme_says_how_large_each_environment_is() -> None:
    row = next(line for line in README.read_text().splitlines() if line.startswith("| disk |"))
    folders = {folder.name for folder, _ in VENVS.values()} | {".venv"}
    assert {*re.findall(r"`(\.venv[\w-]*)` \d", row)} == folders


def test_the_readme_says_how_long_a_run_takes_as_a_forecast_by_it_does() -> None:
    said = re.search(
        r"\| time \| (\d+ minutes) .*: train ([\d.]+), quantize ([\d.]+), profile ([\d.]+);",
        README.read_text(),
    )
    assert said
    total, *minutes = said.groups()
    stages = [OF_README[name] / 60 for name in ("train", "quantize", "profile")]
    assert [float(one) for one in minutes] == stages
    assert in_words(sum(OF_README.values())) == total


def test_every_message_that_is_explained_is_one_that_there_is() -> None:
    paths = [ROOT / "bootstrap.py", ROOT / "tasks.py", ROOT / "compose.yaml"]
    paths += [path for folder in ("stages", "docker") for path in (ROOT / folder).rglob("*.py")]
    code = BETWEEN_LITERALS.sub("", "\n".join(path.read_text() for path in paths))
    rows = re.findall(r"^\| (.*?) \|", prose(DOCS / "troubleshooting.md"), re.MULTILINE)
    messages = [text for row in rows for text in INLINE.findall(row) if text not in OTHERS]
    assert len(messages) > 40
    for message in messages:
        parts = [part.strip() for part in message.split("...")]
        assert [part for part in parts if part not in code] == [], message
