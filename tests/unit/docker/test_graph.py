from pathlib import Path
from typing import Any

import pytest
import yaml

from docker.build.graph import (
    NOTEBOOK,
    Stage,
    expanded,
    read_all,
    read_extra,
    read_service,
    read_stages,
)
from docker.host import network
from docker.paths import COMPOSE_FILE, DOCKERFILE
from stages.command_line import OLD_BF16_SWITCHES
from stages.errors import InputCorruptError
from stages.runtimes import RUNTIME_NAMES
from stages.runtimes import RUNTIME_NAMES as RUNTIMES
from stages.setting.programs import (
    DOCTOR,
    DOWNLOAD,
    EXTRAS,
    MEASURING,
    PEERS,
    PROGRAMS,
    REHEARSE,
    STAGES,
    SWEEP,
)
from stages.settings import env_name, specs, specs_of

BACKBONE, DATA = env_name("backbone"), env_name("data")
MIRROR = env_name("download_mirror")
# What may hold a password, and reaches no container that does not read it.
# What only the services that measure have.
FIRST = {"cgroup_parent", "cpu_shares"}
SECRET = ("backbone", "download_mirror", "model")
STOCK = {env_name("runtime"): "stock"}

OUT_OF_ORDER = """
services:
  last: {image: c, depends_on: {middle: {condition: service_completed_successfully}}}
  closing:
    image: c
    entrypoint: [echo, done]
    depends_on: {last: {condition: service_completed_successfully}}
  opening: {image: c, entrypoint: [check]}
  first: {image: a, depends_on: {opening: {condition: service_completed_successfully}}}
  middle:
    image: "${STAGES_IMAGE:-b-${HOW:-so}}"
    depends_on: {first: {condition: service_completed_successfully}}
  beside: {image: d, profiles: [beside]}
"""


def services() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return loaded


def test_stages_come_in_the_order_of_their_dependencies(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(OUT_OF_ORDER)
    stages = [Stage("first", "a"), Stage("middle", "b-so"), Stage("last", "c")]
    assert read_stages({}, file) == stages


@pytest.mark.parametrize(("how", "image"), [("other", "b-other"), ("", "b-so")])
def test_a_variable_chooses_an_image(how: str, image: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(OUT_OF_ORDER)
    assert read_stages({"HOW": how}, file)[1] == Stage("middle", image)


def test_an_image_that_one_run_was_given_is_not_the_stages(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(OUT_OF_ORDER)
    assert read_stages({"STAGES_IMAGE": "sha256:1"}, file)[1] == Stage("middle", "b-so")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A} and ${NONE}", "a and "),
        ("${NONE:-x}${EMPTY:-y}${A:-z}", "xya"),
        ("${NONE-x}${EMPTY-y}${A-z}", "xa"),
        ("${NONE:+x}${EMPTY:+y}${A:+z}", "z"),
        ("${NONE+x}${EMPTY+y}${A+z}", "yz"),
        ("${EMPTY:-${A:+/given/${NONE:-name}}}", "/given/name"),
        ("${TEMPLATE}", "${A}"),
        ("${A", "${A"),
    ],
)
def test_variables_are_replaced_as_compose_replaces_them(text: str, value: str) -> None:
    assert expanded(text, {"A": "a", "EMPTY": "", "TEMPLATE": "${A}"}) == value


def test_what_a_container_is_given_is_read_of_all_programs() -> None:
    for program in PROGRAMS:
        service = read_service(program)
        assert service.environment == services()[program]["environment"]
        assert "/artifacts" in {mount.target for mount in service.volumes}
        assert (service.network_mode == "none") == (program != DOWNLOAD)
    with pytest.raises(InputCorruptError, match="there is no service trian"):
        read_service("trian")


def test_compose_runs_the_stages_of_the_settings() -> None:
    assert tuple(stage.name for stage in read_stages()) == STAGES


def test_the_runtime_chooses_the_images_of_quantize_and_profile() -> None:
    itex = [stage.target for stage in read_stages({})]
    stock = [stage.target for stage in read_stages(STOCK)]
    assert itex == ["train", "quantize-itex", "profile-itex", "compare"]
    assert stock == ["train", "quantize-stock", "profile-stock", "compare"]


def test_peers_is_beside_the_pipeline() -> None:
    assert read_extra(PEERS) == Stage("peers", "vgg19-peers")


def test_the_doctor_and_a_sweep_are_in_the_image_of_profile_whichever_that_is() -> None:
    for runtime in RUNTIMES:
        environ = {env_name("runtime"): runtime}
        (profile,) = [stage for stage in read_stages(environ) if stage.name == "profile"]
        assert read_extra(DOCTOR, environ) == Stage("doctor", profile.image)
        assert read_extra(SWEEP, environ) == Stage("sweep", profile.image)
    assert services()["peers"]["profiles"] == ["peers"]


def test_every_image_is_made_once() -> None:
    images = [stage.image for stage in read_all()]
    of_runtimes = [f"{stage}-{name}" for name in RUNTIME_NAMES for stage in ("quantize", "profile")]
    others = ("train", "compare", PEERS, REHEARSE, NOTEBOOK)
    assert sorted(images) == sorted(f"vgg19-{name}" for name in (*others, *of_runtimes))


def test_every_image_has_a_target_that_runs_its_program() -> None:
    for stage in (stage for stage in read_all() if stage.name != NOTEBOOK):
        target = DOCKERFILE.read_text().partition(f" AS {stage.target}\n")[2].partition("FROM")[0]
        assert f'"-m", "stages.{stage.name}"' in target


def test_every_setting_reaches_every_container() -> None:
    # No container can use an interpreter, or a library, of the host: images name their own.
    known = {env_name(name) for name in specs() if name not in ("itex_python", "emulator")}
    for program in PROGRAMS:
        environment = services()[program]["environment"]
        assert isinstance(environment, dict)
        secret = {env_name(name) for name in SECRET if name not in specs_of(program)}
        assert {name for name in environment if name.startswith("VGG19_")} == known - secret


def test_only_download_gets_a_handle_with_its_password_which_check_reads_before() -> None:
    environments = {name: service.get("environment", {}) for name, service in services().items()}
    as_given = {name for name, them in environments.items() if them.get(BACKBONE, "") is None}
    assert as_given == {DOWNLOAD, "check"}
    # At most one of them is given, as check sees to it.
    by_compose = "${VGG19_BACKBONE:+downloaded}${GIVEN_BACKBONE:+/given/backbone}"
    assert environments["train"][BACKBONE] == f"${{STAGES_BACKBONE-{by_compose}}}"
    seeing = {name for name, them in environments.items() if BACKBONE in them}
    assert seeing == {*as_given, "train", NOTEBOOK}
    assert environments[NOTEBOOK][BACKBONE] == environments["train"][BACKBONE]
    assert {name for name, them in environments.items() if MIRROR in them} == as_given


def test_train_alone_gets_the_path_of_pictures_from_compose() -> None:
    given = {name: service.get("environment", {}) for name, service in services().items()}
    as_named = {name for name, them in given.items() if them.get(DATA, "") is None}
    assert "train" not in as_named
    assert DOWNLOAD in as_named
    assert given["train"][DATA] == "${VGG19_DATA:-${GIVEN_DATA:+/given-data/data}}"


def test_the_old_switches_reach_quantize() -> None:
    environment = services()["quantize"]["environment"]
    assert isinstance(environment, dict)
    assert set(OLD_BF16_SWITCHES) <= set(environment)


def test_nothing_of_the_pipeline_runs_before_peers_or_the_doctor() -> None:
    for extra in EXTRAS:
        needed = services()[extra]["depends_on"]
        assert not set(STAGES) & set(needed)


def test_only_what_measures_sees_the_locks_of_the_machines_cores() -> None:
    def sees_locks(service: dict[str, Any]) -> bool:
        return any(volume["target"] == "/locks" for volume in service.get("volumes", []))

    seeing = {name for name, service in services().items() if sees_locks(service)}
    assert seeing == {*MEASURING, REHEARSE, NOTEBOOK, "locks"}


def test_every_container_is_limited_and_kept_in() -> None:
    limits = ("mem_limit", "memswap_limit", "pids_limit", "ulimits", "tmpfs", "init")
    walls = ("read_only", "cap_drop", "security_opt", "network_mode", "user")
    for service in services().values():
        assert {*limits, *walls} <= service.keys()
        assert service["mem_limit"] == service["memswap_limit"]


def test_all_else_waits_until_settings_and_folder_are_checked() -> None:
    graph = {name: set(service.get("depends_on", {})) for name, service in services().items()}
    for name in {*PROGRAMS, "done"}:
        needed: set[str] = set()
        to_see = [name]
        while to_see:
            needed |= (new := graph[to_see.pop()] - needed)
            to_see += new
        assert "check" in needed
        assert "locks" in needed or name in (DOWNLOAD, "train", DOCTOR)


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_beside_the_pipeline_is_kept_in_as_the_stages_are(extra: str) -> None:
    # cap_add: only the profile stage, and the doctor for it, count the processor's events.
    own = {"image", "profiles", "depends_on", "environment", "entrypoint", "cap_add", "volumes"}
    own |= FIRST
    beside, profile = (
        {key: value for key, value in services()[name].items() if key not in own}
        for name in (extra, "profile")
    )
    assert beside == profile


def test_what_measures_gets_its_cores_first() -> None:
    first = {name for name, service in services().items() if service.keys() & FIRST}
    assert first == {*MEASURING, NOTEBOOK}
    assert all(services()[name].keys() >= FIRST for name in first)


def test_only_download_has_a_network() -> None:
    modes = {name: service["network_mode"] for name, service in services().items()}
    assert modes.pop(DOWNLOAD) == "${DOWNLOAD_NETWORK:-bridge}"
    assert set(modes.values()) == {"none"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "services:",
        "services: [a]",
        "services: {a: 1}",
        "services: {a: {image: 1}}",
        "services: {a: {image: x, depends_on: [b]}}",
        "services: {a: {image: x, depends_on: [b]}, b: {image: y, depends_on: [a]}}",
        "{",
        "a: \t- *b",
        "[" * 900,
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_compose_file_of_another_form_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(text)
    with pytest.raises(
        InputCorruptError, match=r"compose.yaml can't be read .*; restore it"
    ) as got:
        read_stages({}, path)
    assert str(got.value).isprintable()
    with pytest.raises(InputCorruptError, match=r"there is no service c|can't be read"):
        read_extra("c", {}, path)


def test_download_is_in_the_image_of_train_and_before_it() -> None:
    assert read_extra(DOWNLOAD) == Stage("download", "vgg19-train")
    needs = services()["train"]["depends_on"]
    assert isinstance(needs, dict)
    assert needs[DOWNLOAD] == {"condition": "service_completed_successfully"}


def test_what_runs_a_strangers_module_first_sees_the_artifacts_and_that_module_alone() -> None:
    volumes = services()["train"]["volumes"]
    assert isinstance(volumes, list)
    targets = {volume["target"]: volume for volume in volumes}
    for name in (
        "given/${STAGES_GIVEN:-backbone}",
        "given-model/${STAGES_GIVEN_MODEL:-model}",
        "given-data/${STAGES_GIVEN_DATA:-data}",
    ):
        given = targets.pop(f"/{name}")
        # The engine would make a folder, as root, where a misspelt path leads.
        assert (given["read_only"], given["bind"]) == (True, {"create_host_path": False})
    assert [*targets] == ["/artifacts"]


def test_nothing_else_sees_a_backbone_of_the_users_own() -> None:
    seeing = {
        name for name, service in services().items() if "GIVEN_" in str(service.get("volumes"))
    }
    assert seeing == {"train", NOTEBOOK}


def test_the_notebook_is_kept_in_as_train_is_and_reached_through_one_folder() -> None:
    own = {"image", "profiles", "depends_on", "environment", "entrypoint", "volumes"} | FIRST
    notebook, train = (
        {key: value for key, value in services()[name].items() if key not in own}
        for name in (NOTEBOOK, "train")
    )
    assert notebook == train
    volumes = {volume["target"]: volume for volume in services()[NOTEBOOK]["volumes"]}
    own_volumes = {"/artifacts", "/locks", "/run/notebook"}
    writable = {target for target, volume in volumes.items() if not volume.get("read_only")}
    assert writable == own_volumes
    assert volumes["/notebook.ipynb"]["source"] == "./docs/vgg19_spr.ipynb"
    assert services()[NOTEBOOK]["profiles"] == [NOTEBOOK]
    # With a rootless engine, the user is root there, whom Jupyter would refuse.
    assert {"--allow-root", "--ServerApp.sock=/run/notebook/jupyter.sock"} <= {
        *services()[NOTEBOOK]["entrypoint"]
    }


def test_proxies_reach_download_alone() -> None:
    # Not even those that the engine's client would add, from its own configuration.
    for program in PROGRAMS:
        environment = services()[program]["environment"]
        assert isinstance(environment, dict)
        values = {environment[name] for name in network.PROXIES}
        assert values == ({None} if program == DOWNLOAD else {""})
