"""How the machine is built and how it is set up, from sysfs.

Sources: Linux, Documentation/admin-guide/cputopology.rst and mm/transhuge.rst.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stages.common.host.kernel_text import cpus_of, name_of, text_of, whole_of
from stages.records.base import UNKNOWN


@dataclass(frozen=True, slots=True)
class Sysfs:
    """A machine as its files under `root` show it."""

    root: Path = Path("/sys")

    def online(self) -> list[int]:
        """Return the CPUs that are switched on; those of this process if that is not shown."""
        return self._cpus("online") or sorted(os.sched_getaffinity(0))

    def offline(self) -> list[int]:
        """Return the CPUs that are there, and switched off."""
        return self._cpus("offline")

    def isolated(self) -> list[int]:
        """Return the CPUs that the scheduler leaves to those who ask for them (`isolcpus`)."""
        return self._cpus("isolated")

    def siblings(self, cpu: int) -> str:
        """Return the kernel's list of the threads of the physical core that `cpu` belongs to.

        That is `cpu` alone if the kernel shows none, or none that it is among.
        """
        text = self._text(f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        return text if cpu in cpus_of(text) else str(cpu)

    def physical_cores(self, cpus: Iterable[int]) -> int:
        """Return the number of physical cores that `cpus` are on."""
        return len({self.siblings(cpu) for cpu in cpus})

    def sockets(self, cpus: Iterable[int]) -> int:
        """Return the number of sockets that `cpus` are in."""
        name = "devices/system/cpu/cpu{}/topology/physical_package_id"
        return len({self._text(name.format(cpu)) for cpu in cpus})

    def numa_nodes(self, cpus: Iterable[int]) -> list[int]:
        """Return the memory nodes that `cpus` are next to."""
        wanted = set(cpus)
        nodes = (self.root / "devices/system/node").glob("node[0-9]*")
        numbers = {whole_of(node.name[4:]): text_of(node / "cpulist") for node in nodes}
        return sorted(
            number
            for number, text in numbers.items()
            if number is not None and wanted & set(cpus_of(text))
        )

    def governor(self, cpus: Iterable[int]) -> str:
        """Return what sets the frequency of `cpus`; unknown if the machine does not show it."""
        name = "devices/system/cpu/cpu{}/cpufreq/scaling_governor"
        governors = {self._text(name.format(cpu)) for cpu in cpus}
        return name_of(", ".join(sorted(filter(None, governors)))) or UNKNOWN

    def throttle_events(self, cpus: Iterable[int]) -> int:
        """Return how often `cpus` were slowed down for their heat; 0 if that is not shown."""
        name = "devices/system/cpu/cpu{}/thermal_throttle/core_throttle_count"
        return sum(whole_of(self._text(name.format(cpu))) or 0 for cpu in cpus)

    def frequency_mhz(self, cpus: Iterable[int]) -> float | None:
        """Return the mean frequency of `cpus` at the moment; None if that is not shown."""
        name = "devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq"
        shown = (whole_of(self._text(name.format(cpu))) for cpu in cpus)
        khz = [frequency for frequency in shown if frequency]
        return sum(khz) / len(khz) / 1000 if khz else None

    def huge_pages(self) -> str:
        """Return when memory comes in huge pages: always, madvise or never."""
        chosen = re.search(r"\[(\w+)\]", self._text("kernel/mm/transparent_hugepage/enabled"))
        return chosen[1] if chosen else UNKNOWN

    def machine(self) -> str:
        """Return the vendor's and the machine's name, as its firmware has them."""
        names = [self.firmware(name) for name in ("sys_vendor", "product_name")]
        return name_of(" ".join(filter(None, names))) or UNKNOWN

    def firmware(self, name: str) -> str:
        """Return what the firmware says of itself or of the machine, empty if it does not."""
        return self._text(f"class/dmi/id/{name}")

    def _cpus(self, name: str) -> list[int]:
        return cpus_of(self._text(f"devices/system/cpu/{name}"))

    def _text(self, name: str) -> str:
        return text_of(self.root / name)


HERE = Sysfs()
