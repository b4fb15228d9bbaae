"""The checks: each gives a result with its evidence, and the remedy if something is missing."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from stages.common.figures import percent_beside
from stages.common.host.cores import NUMACTL_S, choose_cores
from stages.common.host.facts import cpu_flags, quota_shortage, why_impossible
from stages.common.host.interference import MAX_BUSY, MAX_STEAL, look
from stages.common.host.perf_events import trust_in_count
from stages.common.host.topology import HERE, Sysfs
from stages.errors import PinningError
from stages.isa import AMX, can_stand_in, rank
from stages.records.base import UNKNOWN, Host
from stages.records.cpu_features import contradiction
from stages.records.cpu_generations import full_name
from stages.setting.cpu_list import format_list

OK, NO, NOTE = "ok", "NO", "note"
SAMPLE_S = 1.0
TENSORFLOW_PACKAGES = {"tensorflow", "tensorflow-cpu"}


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is as it should be, and the evidence.

    `state` is OK, NO if a full comparison is not possible, or NOTE if figures will be noisy or
    mean something else than on bare metal, or may be so, as the machine does not show it.
    """

    name: str
    state: str
    evidence: str


def cap_name(isa: str) -> str:
    """Return the name of the check of an instruction set."""
    return f"isa {isa}"


def check_isas(isas: Sequence[str]) -> list[Check]:
    """Return whether each of `isas` can run here, from the lowest up."""
    flags = cpu_flags()
    reasons = {isa: why_impossible(isa, flags) for isa in sorted(isas, key=rank)}
    return [
        Check(cap_name(name), NO, f"{reason}{_hint(name, flags)}")
        if reason
        else Check(cap_name(name), OK, "can run")
        for name, reason in reasons.items()
    ]


def _hint(isa: str, flags: frozenset[str]) -> str:
    """Return what can be done about an instruction set that can't run, empty if nothing."""
    return "; `invoke rehearse` emulates its cells" if isa == AMX and can_stand_in(flags) else ""


def check_counter() -> Check:
    """Return whether the processor's own count of AMX's work can be read, and is right."""
    trust = trust_in_count()
    if not trust.why_not:
        return Check("AMX counter", OK, "counts tile work")
    evidence = trust.why_not if trust.opened else f"not available: {trust.why_not}"
    return Check("AMX counter", NOTE, f"{evidence}; the kernels' names must do")


def check_cores(asked: str) -> tuple[Check, list[int]]:
    """Return whether pinning works, and the cores that a run would take, none if it does not."""
    try:
        cores = choose_cores(asked)
    except PinningError as error:
        return Check("pinning", NO, str(error)), []
    return Check("pinning", OK, f"numactl pins to {format_list(cores)}"), cores


def check_memory_policy() -> Check:
    """Return whether numactl may choose the memory node."""
    command = ["numactl", "--localalloc", "true"]
    allowed = _ends_well(command)
    evidence = "can be set" if allowed else "can't be set, which takes CAP_SYS_NICE in a container"
    # The kernel's default is local memory, and nothing here needs another.
    return Check("memory policy", OK if allowed else NOTE, f"{evidence}; the default is local")


def _ends_well(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=NUMACTL_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def check_host(host: Host, sysfs: Sysfs = HERE) -> list[Check]:
    """Return what the machine's form and settings mean for a measurement on its pinned cores."""
    return [
        *_features(host),
        _threads(host, sysfs),
        _nodes(host),
        _governor(host),
        _machine(host),
        _quota(host),
    ]


def check_neighbours(cores: Sequence[int], seconds: float = SAMPLE_S) -> list[Check]:
    """Return what others take of `cores` during `seconds`, and of the machine."""
    steal, busy = look(cores, seconds)
    evidence = (
        f"others took {percent_beside(busy, MAX_BUSY)} of the cores' time in {seconds:g} s; "
        f"{os.getloadavg()[0]:.2f} processes on average of the last minute"
    )
    taken = percent_beside(steal, MAX_STEAL, digits=1)
    return [
        Check("steal", NOTE if steal > MAX_STEAL else OK, f"{taken} of {seconds:g} s"),
        Check("load", NOTE if busy > MAX_BUSY else OK, evidence),
    ]


def check_software(host: Host) -> Check:
    """Return what is installed, and whether TensorFlow is among it."""
    software = ", ".join(f"{name} {version}" for name, version in host.versions.items())
    if TENSORFLOW_PACKAGES & set(host.versions):
        return Check("software", OK, software)
    return Check("software", NO, f"no TensorFlow beside {software}; run it as `invoke doctor`")


def _features(host: Host) -> list[Check]:
    """Return that the CPU can't have the flags that it shows, if that is so."""
    problem = contradiction(host.cpu_model, host.cpu_flags, host.cpu_id)
    return [Check("CPU flags", NO, f"{problem}; nothing measured here counts")] if problem else []


def _threads(host: Host, sysfs: Sysfs) -> Check:
    surplus = len(host.cores_pinned) - sysfs.physical_cores(host.cores_pinned)
    topology = host.topology
    evidence = (
        f"{topology.sockets} sockets, {topology.physical_cores} cores, "
        f"{topology.threads_per_core:g} threads each; cpuset {format_list(host.cores_allowed)}"
    )
    if surplus:
        return Check("topology", NOTE, f"{evidence}; {surplus} of those to pin share a core")
    return Check("topology", OK, evidence)


def _nodes(host: Host) -> Check:
    if not host.numa_nodes:
        return Check("NUMA nodes", NOTE, "not shown here")
    evidence = f"cores on {format_list(host.numa_nodes)}, of {host.topology.numa_nodes}"
    if len(host.numa_nodes) > 1:
        return Check("NUMA nodes", NOTE, f"{evidence}; `--num-instances auto` tries one for each")
    return Check("NUMA nodes", OK, evidence)


def _governor(host: Host) -> Check:
    if host.governor == UNKNOWN:
        return Check("governor", NOTE, "not shown here, as on most virtual machines")
    if host.governor != "performance":
        return Check("governor", NOTE, f"{host.governor}; set it to performance")
    return Check("governor", OK, host.governor)


def _machine(host: Host) -> Check:
    kind = f"virtual ({host.hypervisor_vendor or UNKNOWN})" if host.hypervisor else "physical"
    container = ", in a container" if host.container else ""
    known = "" if host.machine_type in (UNKNOWN, *host.machine.split()) else host.machine_type
    name = " ".join(filter(None, (host.machine, known)))
    cpu = full_name(host.cpu_model, host.cpu_id)
    evidence = f"{cpu}, {kind}, {name}; Linux {host.kernel}{container}"
    return Check("machine", NOTE if host.hypervisor else OK, evidence)


def _quota(host: Host) -> Check:
    shared = _sharing(host)
    if shortage := quota_shortage(host):
        return Check("CPU quota", NO, shortage + shared)
    quota = "none" if host.cpu_quota is None else f"{host.cpu_quota:g} CPUs"
    return Check("CPU quota", NOTE if shared else OK, quota + shared)


def _sharing(host: Host) -> str:
    """Return that a quota limits the time on cores, but not others' use of them; else empty."""
    if host.cpu_quota is None or len(host.cores_allowed) <= ceil(host.cpu_quota):
        return ""
    remedy = "a cpuset sets some apart, in Kubernetes the static CPU manager"
    return f"; others may use the same {len(host.cores_allowed)} cores: {remedy}"
