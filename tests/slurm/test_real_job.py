"""The smallest pipeline through a real Slurm: nothing of it is made up."""

from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.common.host.facts import cpu_flags
from stages.files.checksums import sha256
from tests.commands import invoke
from tests.slurm.cluster import Slurm
from tests.smallest import ONE_ROUND, smallest

# The job is one for any CPU with VNNI.
KIND = "icx"

pytestmark = [
    pytest.mark.timeout(7200),  # which the images take that are not built yet
    pytest.mark.usefixtures("built"),
]


@pytest.mark.skipif(
    "avx512_vnni" not in cpu_flags(), reason="this CPU has no VNNI: a job of no kind measures on it"
)
def test_a_job_measures_in_containers_what_was_trained_here_and_hands_its_bundle_over(
    slurm: Slurm, tmp_path: Path
) -> None:
    artifacts = Artifacts(tmp_path / "artifacts")
    given = {"VGG19_ARTIFACTS": str(artifacts.root), **slurm.variables}
    done = invoke("submit", "--kinds", KIND, variables={**smallest(), **given})
    assert done.code == ONE_ROUND, done
    (bundle,) = tmp_path.glob(f"artifacts-submits/*/{KIND}.tar")
    checked = invoke("verify", str(bundle))
    assert checked.code == ONE_ROUND, checked
    (measured,) = tmp_path.glob(f"artifacts-submits/*/{KIND}")
    of_job = Artifacts(measured)
    assert not artifacts.profile("itex").path.exists()
    for ours, its in (
        (artifacts.train, of_job.train),
        (artifacts.quantize("itex"), of_job.quantize("itex")),
    ):
        assert sha256(ours.path / "SHA256SUMS") == sha256(its.path / "SHA256SUMS")
    log = next(tmp_path.glob(f"artifacts-submits/*/{KIND}-*.log")).read_text()
    assert "in containers" in log
    assert of_job.compare.log.read_text() in log
