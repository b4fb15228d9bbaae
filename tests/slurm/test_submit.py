"""Jobs on several kinds of nodes, through a real Slurm; only what a stage does is made up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stages.errors import (
    ArtifactsBusyError,
    DiskFullError,
    NotTrustedError,
    SchedulerError,
    SettingsError,
)
from tests.commands import run
from tests.slurm.cluster import wait_until
from tests.slurm.site import Site

# The bundles that the jobs leave are of short runs, which is said.
COMPARED = NotTrustedError.exit_code
LACKING = SchedulerError.exit_code
DISK_BYTES = 64 * 2**20


def test_each_kind_is_measured_on_its_node_and_all_are_compared(site: Site) -> None:
    done = site.submit("spr,icx")
    assert done.code == COMPARED, done
    for kind in ("spr", "icx"):
        assert [call.split()[1] for call in site.calls(kind)] == [
            *("doctor", "profile", "compare", "bundle")
        ], done
    assert site.jobs()["spr"][1] == "done"
    assert "AVX512_CORE_AMX" in done.output


def test_a_kind_that_there_is_not_is_refused_before_anything_is_made(site: Site) -> None:
    done = site.submit("spr,gnr")
    assert done.code == SettingsError.exit_code, done
    assert "has the feature gnr; there are: clx, icx, spr" in done.error_lines[-1]
    assert not site.artifacts.exists()


def test_one_job_that_fails_leaves_the_others_and_is_named(site: Site) -> None:
    site.let("fail-clx")
    done = site.submit("icx,clx")
    assert done.code == LACKING, done
    assert "without a result: clx (failed)" in done.error_lines[-1]
    number, standing, said = site.jobs()["clx"]
    assert standing == "failed"
    assert "profile: error: it died" in said
    assert f"clx-{number}.log" in said


def test_a_label_that_lies_is_reported_and_nothing_is_measured_there(site: Site) -> None:
    done = site.submit("spr,icx", CPUINFO=str(site.folder / "no-amx"))
    assert done.code == LACKING, done
    assert site.jobs()["spr"][1] == "unfit node"
    assert "is no spr: its CPU has no amx_tile" in site.jobs()["spr"][2]
    assert site.calls("spr") == []
    assert site.jobs()["icx"][1] == "done"


def test_a_job_for_a_node_that_is_down_waits_and_it_is_said_why(site: Site) -> None:
    site.slurm.ask("scontrol", "update", "nodename=clx1", "state=down", "reason=test")
    submitting = site.start("clx")
    wait_until(submitting.waits, "the job is sent")
    said = site.wait_for("clx", "pending")[2]
    assert "down" in said.lower() or "NotAvail" in said
    assert "`invoke cancel`, or ask who runs the cluster" in said
    assert site.invoke("cancel").code == 0
    assert submitting.done().code == LACKING
    assert site.jobs()["clx"][1] == "killed"
    assert site.calls("clx") == []


def test_a_job_that_slurm_was_asked_to_kill_can_be_sent_again(site: Site) -> None:
    site.let("wait-icx")
    submitting = site.start("icx")
    site.wait_for_profile("icx")
    site.slurm.ask("scancel", site.jobs()["icx"][0])
    assert submitting.done().code == LACKING, submitting.output
    number, standing, said = site.jobs()["icx"]
    assert (standing, "invoke submit --again" in said) == ("killed", True)
    site.no_more("wait-icx")
    assert site.invoke("submit", "--again").code == COMPARED
    assert site.jobs()["icx"][1] == "done"
    assert site.jobs()["icx"][0] != number


def test_cancel_ends_what_the_job_runs_before_the_job(site: Site) -> None:
    site.let("wait-spr")
    submitting = site.start("spr")
    site.wait_for_profile("spr")
    done = site.invoke("cancel")
    assert done.code == 0, done
    assert "killed" in done.output
    assert site.calls("spr")[-1] == "ended"
    assert "the scheduler ended the job" in next(site.submits().glob("*/spr-*.log")).read_text()
    assert submitting.done().code == LACKING


def test_two_submits_at_once_send_each_job_once(site: Site) -> None:
    site.let("wait-icx")
    both = [site.start("icx,spr") for _ in range(2)]
    wait_until(lambda: all(one.waits() for one in both), "both wait, or have ended")
    other = site.submit("clx")
    assert other.code == ArtifactsBusyError.exit_code, other
    site.no_more("wait-icx")
    codes = {one.done().code for one in both}
    assert COMPARED in codes
    assert codes <= {COMPARED, ArtifactsBusyError.exit_code}
    assert len(site.sent()) == 2


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("before-icx", {"icx": "not sent", "clx": "not sent"}),
        ("after-icx", {"icx": "running", "clx": "not sent"}),
        ("after-clx", {"icx": "running", "clx": "running"}),
    ],
)
def test_a_submit_that_was_killed_is_taken_up_and_no_job_is_sent_twice(
    site: Site, moment: str, shown: dict[str, str]
) -> None:
    for kind in shown:
        site.let(f"wait-{kind}")
    path = f"{site.clone / 'killer'}:{site.variables['PATH']}"
    real = shutil.which("sbatch", path=site.variables["PATH"]) or ""
    killed = site.submit("icx,clx", PATH=path, SBATCH=real, KILLED_AT=moment)
    assert killed.code == -9, killed
    for kind, standing in shown.items():
        site.wait_for(kind, standing)
    site.let("fail-clx")
    goes_on = site.start("icx,clx")
    wait_until(goes_on.waits, "the jobs are taken up")
    site.no_more("wait-icx")
    site.no_more("wait-clx")
    assert goes_on.done().code == LACKING, goes_on.output
    assert [site.jobs()[kind][1] for kind in shown] == ["done", "failed"]
    assert len(site.sent()) == 2


def test_jobs_outlive_the_submit_that_waits_for_them(site: Site) -> None:
    site.let("wait-icx")
    submitting = site.start("icx")
    site.wait_for_profile("icx")
    submitting.process.kill()
    submitting.process.wait()
    assert site.jobs()["icx"][1] == "running"
    site.no_more("wait-icx")
    assert site.wait_for("icx", "done")[2].startswith(str(site.submits()))


def test_a_full_disk_fails_a_job_and_a_submit_and_both_go_on_when_there_is_room(
    site: Site, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        site.artifacts = disk / "artifacts"
        site.let("wait-icx")
        submitting = site.start("icx")
        site.wait_for_profile("icx")
        fill(disk / "filler")
        site.no_more("wait-icx")
        assert submitting.done().code == LACKING, submitting.output
        assert site.jobs()["icx"][1] == "failed"
        full = site.invoke("submit", "--again")
        assert full.code == DiskFullError.exit_code, full
        assert len(site.sent()) == 1
        (disk / "filler").unlink()
        assert site.invoke("submit", "--again").code == COMPARED
        assert site.jobs()["icx"][1] == "done"
        site.stop()


def test_the_old_line_for_torque_goes_where_it_says_or_nowhere(site: Site) -> None:
    shutil.copy(site.clone / "deploy" / "batch" / "run_job.sh", site.clone)
    state, log, number = by_qsub(site)
    assert state == "COMPLETED", log
    assert "the scheduler did not read `-l nodes=1:spr:ppn=2`" in log
    assert (site.clone / f"vgg19-bundle-{number}.tar").is_file()
    state, log, _ = by_qsub(site, CPUINFO=str(site.folder / "no-amx"))
    assert state == "FAILED"
    assert "is no spr" in log


def by_qsub(site: Site, **variables: str) -> tuple[str, str, str]:
    """Submit by the literal line; return how the job ended, all that it said, and its number."""
    line = "qsub run_job.sh -d $(pwd) -l nodes=1:spr:ppn=2"
    given = {**site.variables, "RUNNER": "local", **variables}
    done = run("bash", "-c", line, variables=given, cwd=site.clone)
    assert done.code == 0, done
    number = done.output.split()[-1].partition(".")[0]
    ends = ("COMPLETED", "FAILED")
    wait_until(lambda: site.slurm.field(number, "JobState") in ends, f"job {number} ends")
    logs = (Path(site.slurm.field(number, name)) for name in ("StdOut", "StdErr"))
    said = "".join(path.read_text() for path in logs)
    return site.slurm.field(number, "JobState"), said, number


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system of this user's, which takes root."""
    become = [] if os.getuid() == 0 else ["sudo", "-n"]
    folder.mkdir()
    options = f"size={DISK_BYTES},uid={os.getuid()},mode=0755"
    subprocess.run([*become, "mount", "-t", "tmpfs", "-o", options, "tests", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*become, "umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as stream:
        for size in (2**16, 2**12, 1):
            with suppress(OSError):
                while True:
                    stream.write(bytes(size))
