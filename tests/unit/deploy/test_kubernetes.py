"""The manifests of deploy/kubernetes, by Kubernetes' own schemas and by what compose.yaml says."""

from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from docker.paths import COMPOSE_FILE, ROOT
from stages.settings import env_name, specs

FOLDER = ROOT / "deploy" / "kubernetes"
BASE, AMX = FOLDER / "base", FOLDER / "amx"
VERSIONS = ("1.28", "1.32", "1.37")
COMPOSE = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES = COMPOSE["services"]
JOBS = ("doctor", "download", "pipeline", "results")
# What these need is little, so that they find room beside others.
SMALL = ("download", "results")

Manifest = dict[str, Any]


def kustomization(name: str) -> Manifest:
    content: Manifest = yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text())
    return content


def manifests() -> Iterator[Manifest]:
    for name in kustomization("base")["resources"]:
        yield from yaml.safe_load_all((BASE / name).read_text())


def job(name: str) -> Manifest:
    return next(
        manifest
        for manifest in manifests()
        if manifest["kind"] == "Job" and manifest["metadata"]["name"] == name
    )


def pod(name: str) -> Manifest:
    content: Manifest = job(name)["spec"]["template"]["spec"]
    return content


def containers(name: str) -> list[Manifest]:
    return [*pod(name).get("initContainers", []), *pod(name)["containers"]]


def merged(target: Manifest, patch: Manifest) -> Manifest:
    """Return a manifest with a patch of mappings alone merged into it, as Kustomize does."""
    both = {
        key: merged(target[key], value) if isinstance(target.get(key), dict) else value
        for key, value in patch.items()
    }
    return target | both


def with_amx(name: str) -> Manifest:
    (patch,) = kustomization("amx")["patches"]
    return merged(job(name), yaml.safe_load(patch["patch"]) | {"metadata": {"name": name}})


def image_of(service: str) -> str:
    """Return the image of a service as compose.yaml names it, for the default runtime."""
    image: str = SERVICES[service]["image"]
    name = image.removeprefix("${STAGES_IMAGE:-").removesuffix("}")
    return name.replace("${VGG19_RUNTIME:-itex}", "itex")


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_each_manifest(version: str) -> None:
    listed = list(manifests())
    assert {manifest["kind"] for manifest in listed} >= {
        "Job",
        "PersistentVolumeClaim",
        "NetworkPolicy",
    }
    for manifest in listed:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_kubernetes_takes_what_the_overlay_makes_of_the_jobs() -> None:
    for name in JOBS:
        changed = with_amx(name)
        kubernetes_validate.validate(changed, VERSIONS[0], strict=True)
        spec = changed["spec"]["template"]["spec"]
        label = "feature.node.kubernetes.io/cpu-cpuid."
        features = {key.removeprefix(label) for key in spec["nodeSelector"] if label in key}
        assert features == {"AMXTILE", "AMXINT8", "AMXBF16"}
        assert spec["containers"] == pod(name)["containers"]


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    wrong = merged(job("pipeline"), {"spec": {"backOffLimit": 0}})
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_the_overlay_names_every_image_and_no_other() -> None:
    used = {container["image"] for name in JOBS for container in containers(name)}
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    overlay = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    assert {image["name"] for image in overlay["images"]} == used
    # On top of either: one that renamed them would leave nothing for the user's own to match.
    assert not any("images" in kustomization(name) for name in ("base", "amx"))


def test_the_stages_run_in_the_order_of_compose_with_its_images() -> None:
    names = [container["name"] for container in containers("pipeline")]
    assert names == ["check", "train", "quantize", "profile", "compare"]
    for container in (*containers("pipeline"), *containers("doctor"), *containers("download")):
        service = SERVICES[container["name"]]
        assert container["image"] == image_of(container["name"])
        assert container.get("command") == service.get("entrypoint")


def test_profile_leaves_it_to_compare_to_say_that_a_run_is_not_to_be_trusted() -> None:
    profile = next(stage for stage in containers("pipeline") if stage["name"] == "profile")
    assert {"name": "STAGES_COMPARED", "value": "1"} in profile["env"]


@pytest.mark.parametrize("name", JOBS)
def test_a_pod_is_guaranteed_its_cores_which_are_whole(name: str) -> None:
    for container in containers(name):
        resources = container["resources"]
        assert resources["requests"] == resources["limits"]
        assert resources["limits"]["cpu"].isdecimal()
    if name not in SMALL:
        assert len({str(container["resources"]) for container in containers(name)}) == 1


@pytest.mark.parametrize("name", JOBS)
def test_a_pod_may_do_as_little_as_a_container_of_compose(name: str) -> None:
    spec, contained = pod(name), COMPOSE["x-contained"]
    user = int(contained["user"].partition(":-")[2].partition("}")[0])
    security = spec["securityContext"]
    assert (security["runAsUser"], security["fsGroup"], security["runAsNonRoot"]) == (
        *(user, user, True),
    )
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    assert not any("hostPath" in volume for volume in spec["volumes"])
    for container in containers(name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": contained["cap_drop"]},
            "readOnlyRootFilesystem": contained["read_only"],
        }
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/artifacts", "/tmp"}


def test_only_download_has_a_network() -> None:
    none, _ = (manifest for manifest in manifests() if manifest["kind"] == "NetworkPolicy")
    (rule,) = none["spec"]["podSelector"]["matchExpressions"]
    assert rule == {"key": "network", "operator": "DoesNotExist"}
    assert none["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & {*none["spec"]}
    labels = {name: job(name)["spec"]["template"]["metadata"]["labels"] for name in JOBS}
    assert [name for name in JOBS if "network" in labels[name]] == ["download"]
    assert [labels[name]["step"] for name in JOBS] == [*JOBS]


def test_nothing_runs_before_its_turn_nor_twice_nor_beside_another() -> None:
    for name in JOBS:
        spec = job(name)["spec"]
        assert spec["suspend"]
        assert spec["backoffLimit"] == 0
        (rule,) = pod(name)["affinity"]["podAntiAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        labels = spec["template"]["metadata"]["labels"]
        assert rule["labelSelector"]["matchLabels"].items() <= labels.items()


def test_the_settings_are_ones_that_there_are() -> None:
    settings = next(manifest for manifest in manifests() if manifest["kind"] == "ConfigMap")
    assert {*settings["data"]} <= {env_name(name) for name in specs()}
