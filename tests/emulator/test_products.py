"""The tiles' arithmetic against plain C, in threads, rewritten and trapped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.building import build_library, run

Program = Callable[..., Path]


def test_products_equal_plain_c_when_rewritten(library: Path, program: Program) -> None:
    done = run(library, program("products"), "4", "3000", "fp16", AMXEMU_FP16="1")

    assert (done.stdout, done.stderr) == ("12000 products, 0 failures\n", "")


def test_products_equal_plain_c_when_each_instruction_traps(
    library: Path, program: Program
) -> None:
    settings = {"AMXEMU_TRAP": "1", "AMXEMU_FP16": "1"}
    done = run(library, program("products"), "2", "120", "fp16", **settings)

    assert (done.stdout, done.stderr) == ("240 products, 0 failures\n", "")


@pytest.mark.parametrize("threads", ["2", "4"])
def test_threads_run_the_code_that_is_rewritten(
    library: Path, program: Program, threads: str
) -> None:
    done = run(library, program("hammer"), threads, "150")

    assert (done.stdout, done.stderr) == (f"{int(threads) * 300} runs, 0 wrong\n", "")


def test_children_forked_while_code_is_rewritten_run_it(library: Path, program: Program) -> None:
    done = run(library, program("hammer"), "3", "100", "fork")

    assert (done.stdout, done.stderr) == ("600 runs, 0 wrong\n", "")


def test_a_thread_that_is_cancelled_leaves_no_code_half_rewritten(
    library: Path, program: Program
) -> None:
    done = run(library, program("hammer"), "1", "100", "cancel")

    assert (done.stdout, done.stderr) == ("0 wrong\n", "")


def test_a_stack_that_ends_is_met_at_its_guard_page(library: Path, program: Program) -> None:
    assert run(library, program("guarded")).stdout == "guarded\n"


def test_nothing_need_be_writable_and_executable(library: Path, program: Program) -> None:
    done = run(library, program("hammer"), "2", "50", "mdwe")
    if done.returncode == 3:
        pytest.skip("this kernel has no PR_SET_MDWE")

    assert (done.stdout, done.stderr) == ("200 runs, 0 wrong\n", "")


def test_code_that_can_not_be_rewritten_traps_each_time_and_says_so(
    library: Path, program: Program
) -> None:
    done = run(library, program("hammer"), "2", "10", "shared")

    assert done.stdout == "40 runs, 0 wrong\n"
    assert done.stderr == "amxemu: not all instructions are rewritten, some trap each time: EIO\n"


def test_full_pools_of_thunks_are_said_and_slow_but_right(tmp_path: Path, program: Program) -> None:
    small = build_library(tmp_path, "-DMAX_POOLS=1")
    done = run(small, program("hammer"), "2", "20")

    assert done.stdout == "80 runs, 0 wrong\n"
    assert done.stderr.endswith("some trap each time: all pools of thunks are full\n")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("code", "not all instructions are rewritten, some trap each time: {} refuses new code"),
        ("membarrier", "each instruction traps, since membarrier is refused: EPERM"),
    ],
)
def test_what_a_policy_refuses_is_named_and_slow_but_right(
    library: Path, program: Program, kind: str, said: str
) -> None:
    sandbox = program("sandboxed")
    done = run(None, sandbox, kind, library, program("hammer"), "2", "20")

    assert done.stdout == "80 runs, 0 wrong\n"
    selinux = Path("/sys/fs/selinux/enforce").exists()
    expected = said.format("SELinux" if selinux else "a seccomp filter")
    assert done.stderr.replace(" (execmem)", "") == f"amxemu: {expected}\n"
