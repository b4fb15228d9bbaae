from pathlib import Path

import yaml

from docker.graph import COMPOSE_FILE, Stage, read_stages
from docker.images import DOCKERFILE
from stages.settings import STAGES, env_name, specs

OUT_OF_ORDER = """
services:
  last: {image: c, depends_on: {middle: {condition: service_completed_successfully}}}
  closing: {image: c, depends_on: {last: {condition: service_completed_successfully}}}
  first: {image: a}
  middle: {image: b, depends_on: {first: {condition: service_completed_successfully}}}
"""


def services() -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return loaded


def test_stages_come_in_the_order_of_their_dependencies(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(OUT_OF_ORDER)
    assert read_stages(file) == [Stage("first", "a"), Stage("middle", "b"), Stage("last", "c")]


def test_compose_runs_the_stages_of_the_settings() -> None:
    assert tuple(stage.name for stage in read_stages()) == STAGES


def test_every_stage_has_a_target_that_runs_it() -> None:
    dockerfile = DOCKERFILE.read_text()
    for stage in read_stages():
        assert f" AS {stage.name}\n" in dockerfile
        assert f'"stages.{stage.name}"]' in dockerfile


def test_every_setting_reaches_every_container() -> None:
    known = {env_name(name) for name in specs()}
    for stage in read_stages():
        environment = services()[stage.name]["environment"]
        assert isinstance(environment, dict)
        assert {name for name in environment if name.startswith("VGG19_")} == known


def test_only_train_has_a_network() -> None:
    modes = {name: service["network_mode"] for name, service in services().items()}
    assert modes.pop("train") == "bridge"
    assert set(modes.values()) == {"none"}
