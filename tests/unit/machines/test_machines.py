"""What `invoke diff` shows of several machines, and which it refuses to set side by side."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docker.share.machines import Asked, read_given, side_by_side
from stages.common.text import WIDTH
from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    NotTrustedError,
    SettingsError,
)
from stages.files.checksums import sha256, write_checksums
from stages.records.base import Provenance
from stages.records.cell import Reason, Validity
from tests.commands import ROOT, invoke
from tests.unit.machines.parts import (
    FLAGS,
    RATES,
    cell,
    figures,
    leave,
    measure,
    prices,
    read,
    row,
    shown,
)
from tests.unit.records import HOST, SOURCE, exactly, profile, repeat, same_as

AMX, VNNI = "AVX512_CORE_AMX", "AVX512_CORE_VNNI"
LONG = ("a-machine-of-a-cloud-with-a-very-long-name", "another-of-them-with-an-even-longer-name")
SLOW, FAST = RATES, [2 * rate for rate in RATES]


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return measure(tmp_path / "a", cell("fp32", "AVX2", *SLOW), cell("int8", "AVX2", *FAST))


@pytest.fixture
def b(tmp_path: Path) -> Path:
    cells = [cell("fp32", "AVX2", *FAST, top1=0.9), cell("int8", AMX, *FAST, top1=0.9)]
    return measure(tmp_path / "b", *cells, machine_type="m7i.xlarge", cpu_model="Other CPU")


def test_the_first_line_says_how_fast_each_is_beside_the_first(a: Path, tmp_path: Path) -> None:
    slow = measure(tmp_path / "c", cell("int8", AMX, *SLOW))
    first, second = " ".join(shown(a, slow).split("\n\n")[0].split()).split(", each ")
    assert re.fullmatch(r"c runs 0\.50 times \(0\.4\d to 0\.5\d\) as fast as a", first)
    assert second == (
        f"at its fastest: int8 capped at {AMX}, against int8 capped at AVX2; the interval holds "
        "for these runs: other runs may lie outside"
    )
    same = measure(tmp_path / "d", cell("int8", "AVX2", *FAST))
    said = " ".join(shown(a, slow, same).split("\n\n")[0].split())
    assert "c runs 0.50 times" in said
    assert "as fast as a, which may be no difference, each at its fastest: both int8" in said
    start = "Most images/s first, each at its fastest: a 20.00, d 20.00, c 10.00 "
    assert said.startswith(start) or said.startswith(start.replace("a 20.00, d", "d 20.00, a"))
    assert said.count("the interval holds for these runs") == 1
    assert said.endswith(
        "For each of these: the interval holds for these runs: other runs may lie outside"
    )
    assert shown(a).startswith("a runs 20.00 images/s at its fastest, int8 capped at AVX2\n")


def test_a_name_has_as_many_characters_as_the_tables_have_room_for(a: Path) -> None:
    assert read_given(f"{'n' * 60}={a}").path == a
    with pytest.raises(SettingsError, match=r"^the name n{20}\.\.\. has more than 60 characters"):
        read_given(f"{'n' * 61}={a}")


def of_few_rounds(root: Path, *rates: float) -> Path:
    timed, host = cell("int8", "AVX2", *rates), replace(HOST, boot_id=str(root))
    few = Reason(kind="few_rounds", numbers={"rounds": len(rates)})
    again = repeat(trusted=False, reasons=[few], measurement=timed.measurement)
    return leave(root, replace(profile(timed, host=host), repeat=again))


def test_runs_of_one_round_have_no_interval_to_explain(a: Path, tmp_path: Path) -> None:
    once = [of_few_rounds(tmp_path / name, rate) for name, rate in (("c", 20.0), ("d", 21.0))]
    text = shown_in_doubt(*once)
    assert "(from-to)" not in text
    assert "95%" not in text
    few = of_few_rounds(tmp_path / "e", 20.0, 21.0, 20.5)
    assert "(from-to) what the rounds of a machine span; " in shown_in_doubt(once[0], few)
    assert "(from-to) 95% interval of chance" in shown_in_doubt(once[0], a)


def shown_in_doubt(*folders: Path) -> str:
    """Return what is shown, on one line, before it is said that not all are to be trusted."""
    texts = side_by_side(Asked([*map(str, folders)]), Path("/nowhere"))
    return " ".join(next(texts).split())


def test_too_few_rounds_make_no_interval_of_95_percent(a: Path, tmp_path: Path) -> None:
    few = of_few_rounds(tmp_path / "c", 20.0, 21.0, 20.5)
    text = shown_in_doubt(a, few)
    assert "both int8 capped at AVX2; 3 rounds are too few for an interval of 95% " in text
    assert "(from-to) 95% interval of chance over the rounds of a machine" in text
    assert "c, itex: 3 rounds are too few for an interval of 95%" in text
    assert "(from-to) what the rounds of a machine span; " in shown_in_doubt(few)


def test_each_cell_of_each_machine_stands_below_that_of_the_first(a: Path, b: Path) -> None:
    text = shown(a, b)
    assert row(text, "a")[1:5] == ["A", "CPU;", "type", "not"]
    assert row(text, "m7i.xlarge", "Other")[2:4] == ["CPU;", "m7i.xlarge;"]
    heads = ["images/s", "/", "first", "p50", "ms", "top-1", "status"]
    assert row(text, "isa", "cap,")[3:] == heads
    first, other = (figures(text, "AVX2 fp32", name) for name in ("a", "m7i.xlarge"))
    assert first[:3] == ["10.00", "±2.0%", "100.0"]
    assert first[4:] == ["100.0%", "native"]
    assert other[:3] == ["20.00", "±2.0%", "2.00x"]
    low, high = map(float, other[3].strip("()").split("-"))
    assert 1.9 < low < 2.0 < high < 2.1
    assert (other[4], *other[6:]) == ("50.0", "90.0%", "native")


def test_a_cell_that_one_of_them_did_not_run_says_so(a: Path, b: Path) -> None:
    text = shown(a, b)
    assert figures(text, "AVX2 int8", "m7i.xlarge") == ["not", "measured", "there"]
    assert figures(text, f"{AMX} int8", "a") == ["not", "measured", "there"]
    assert figures(text, f"{AMX} int8", "m7i.xlarge")[2] == "-"


def test_a_cell_with_anothers_figures_has_no_row_unless_it_has_its_own_elsewhere(
    tmp_path: Path,
) -> None:
    same = [same_as("fp32", isa, "AVX2") for isa in (VNNI, AMX)]
    one = measure(tmp_path / "a", *same, cell("fp32", "AVX2", *SLOW))
    other = measure(tmp_path / "b", same[0], cell("fp32", AMX, *FAST), cell("fp32", "AVX2", *SLOW))
    text = shown(one, other)
    assert f"{VNNI} fp32" not in text
    said = " ".join(text[text.index("same-as AVX2  fp32 at ") :].split())
    assert said.startswith(f"same-as AVX2 fp32 at {VNNI}: the same kernels")
    assert "on a:" not in said
    assert figures(text, f"{AMX} fp32", "a")[-2:] == ["same-as", "AVX2"]
    assert figures(text, f"{AMX} fp32", "b")[-1] == "native"


def test_whose_kernels_a_cell_ran_is_said_by_machine_if_they_differ(tmp_path: Path) -> None:
    bf16 = "AVX512_CORE_BF16"
    cells = [cell("fp32", "AVX2", *SLOW), cell("fp32", VNNI, *FAST)]
    one = measure(tmp_path / "a", same_as("fp32", bf16, "AVX2"), *cells)
    other = measure(tmp_path / "b", same_as("fp32", bf16, VNNI), *cells)
    third = measure(tmp_path / "c", same_as("fp32", bf16, VNNI), *cells)
    text = " ".join(shown(one, other, third).split())
    assert f"same-as AVX2 on a: fp32 at {bf16}: the same kernels" in text
    assert f"same-as {VNNI} on b and c: fp32 at {bf16}: the same kernels" in text


@pytest.mark.parametrize("names", [("a", "b"), ("m7i.metal-24xl", "emerald-rapids-16-cpus"), LONG])
def test_no_line_is_wider_than_a_terminal(tmp_path: Path, names: tuple[str, ...]) -> None:
    evil = {"cpu_model": "CPU of many words " * 9, "machine_type": "type " * 9}
    folders = []
    for number, name in enumerate(names):
        cells = [cell("int8_bf16", VNNI, *(700 * rate for rate in RATES), verdict="emulated")]
        host: dict[str, Any] = {**evil, "kernel": f"6.{number} " * 12, "cpu_flags": FLAGS[number:]}
        folders.append(f"{name}={measure(tmp_path / str(number), *cells, **host)}")
    path = prices(tmp_path, names)
    lines = shown(*folders, prices=path).splitlines()
    assert any(line.startswith("kernel") or "kernel" in line for line in lines)
    assert [line for line in lines if len(line) > WIDTH] == []


def test_rounds_of_two_machines_are_not_paired_though_they_have_the_same_numbers(
    a: Path, tmp_path: Path
) -> None:
    same = measure(tmp_path / "same", cell("fp32", "AVX2", *SLOW))
    words = figures(shown(a, same), "AVX2 fp32", "same")
    assert words[2] == "1.00x"
    assert words[3] != "(1.00-1.00)"


def test_what_differs_has_a_column_for_each_machine(tmp_path: Path) -> None:
    made = profile(cell("int8", "AVX2", *SLOW))
    again = repeat(measurement=made.cells[0].measurement)
    folders = []
    for name, number, version in (("a", 8, "3.11.2"), ("b", 16, "3.12.0")):
        maker = Provenance(made="2026-11-26T17:24:05Z", settings={"batch_size": number})
        host = replace(HOST, versions={"python": version}, boot_id=name, kernel="6.1")
        record = replace(made, maker=maker, host=host, repeat=again)
        folders.append(leave(tmp_path / name, record))
    text = shown(*folders)
    assert row(text, "setting:")[1:] == ["batch_size", "8", "16"]
    assert row(text, "version:")[1:] == ["python", "3.11.2", "3.12.0"]
    assert "machine: kernel" not in text
    assert "one machine" not in text


def test_models_made_twice_do_not_differ_if_they_have_the_same_bytes(tmp_path: Path) -> None:
    made = profile(cell("int8", "AVX2", *SLOW))
    made = replace(made, repeat=repeat(measurement=made.cells[0].measurement))
    later = Provenance(made="2026-11-26T18:00:00Z")
    first, again, other = (replace(made, host=replace(HOST, boot_id=it)) for it in "abc")
    leave(tmp_path / "a", first)
    leave(tmp_path / "b", again, trained=later)
    leave(tmp_path / "c", other, images=b"others")
    assert "differs" not in shown(tmp_path / "a", tmp_path / "b")
    text = shown(tmp_path / "a", tmp_path / "c")
    assert row(text, "data:")[1:3] == ["test", "images"]
    assert "origin of the model" not in text


def test_of_long_lists_that_differ_each_machine_has_what_not_all_have(
    a: Path, tmp_path: Path
) -> None:
    flags = [one for one in FLAGS if one != "avx512f"]
    other = measure(tmp_path / "c", cell("fp32", "AVX2", *SLOW), cpu_flags=[*flags, "sse9"])
    assert row(shown(a, other), "machine:", "CPU", "flags")[3:] == ["avx512f", "sse9"]


def test_two_measurements_of_one_boot_are_said_to_be_of_one_machine(tmp_path: Path) -> None:
    first = measure(tmp_path / "a", cell("fp32", "AVX2", *SLOW), boot_id="d0e3")
    made = "2026-11-26T18:00:00Z"
    other = measure(
        tmp_path / "c", cell("fp32", "AVX2", *FAST), made=made, boot_id="d0e3", cores_pinned=[0]
    )
    text = shown(first, other)
    assert "a and c: one machine, not started again in between" in text
    assert "; both are runs of one machine, not started" in " ".join(text.split("\n\n")[0].split())
    assert row(text, "machine:")[1:] == ["cores", "0,1", "0"]


def test_how_much_of_its_memory_a_run_might_use_is_among_what_differs(
    a: Path, tmp_path: Path
) -> None:
    small = measure(tmp_path / "c", cell("fp32", "AVX2", *SLOW), memory_limit_gib=4.0)
    assert row(shown(a, small), "limit:")[1:] == ["memory", "none", "4.0", "GiB"]
    container = measure(tmp_path / "d", cell("fp32", "AVX2", *SLOW), container=True)
    assert row(shown(a, container), "runner:")[1:] == ["in", "a", "container", "off", "on"]


def test_machines_of_one_name_have_numbers(tmp_path: Path) -> None:
    cells = [cell("fp32", "AVX2", *SLOW)]
    folders = [measure(tmp_path / name / "artifacts", *cells, kernel=name) for name in "ab"]
    assert [one.name for one in read(*folders)] == ["artifacts", "artifacts#2"]
    assert [one.name for one in read(*(f"x={path}" for path in folders))] == ["x", "x#2"]
    second = measure(tmp_path / "c" / "artifacts#2", *cells, kernel="c")
    names = [one.name for one in read(second, *folders)]
    assert names == ["artifacts#2", "artifacts", "artifacts#3"]


def test_a_name_that_is_given_is_taken_unless_a_file_is_called_so(
    a: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docker.standing.PLACE", tmp_path)
    assert [one.name for one in read(f"m7i.large={a}")] == ["m7i.large"]
    odd = measure(tmp_path / "x=y", cell("fp32", "AVX2", *SLOW))
    assert [one.name for one in read(odd)] == ["x=y"]


def test_another_model_is_refused_with_both_hashes(a: Path, tmp_path: Path) -> None:
    other = measure(tmp_path / "c", cell("fp32", "AVX2", *SLOW), weights=b"others")
    with pytest.raises(InputStaleError, match=r"a and c measured other models by itex: .* FP32 "):
        read(a, other)


def test_other_data_are_refused_with_both_hashes(a: Path, tmp_path: Path) -> None:
    beans = replace(SOURCE, name="beans", sha256="1" * 64)
    other = measure(tmp_path / "c", cell("fp32", "AVX2", *SLOW), data=beans)
    said = r"a and c measured other data: embedded \(000000000000\) and beans \(111111111111\)"
    with pytest.raises(InputStaleError, match=said):
        read(a, other)


def test_one_measurement_given_twice_is_refused(a: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(a)
    with pytest.raises(SettingsError, match="a and link have rounds of one measurement"):
        read(a, tmp_path / "link")


def test_a_measurement_is_refused_beside_that_which_its_rounds_were_added_to(
    tmp_path: Path,
) -> None:
    made = profile(cell("int8", "AVX2", *SLOW))
    made = replace(made, repeat=repeat(measurement=made.cells[0].measurement))
    later = replace(made.maker, made="2026-11-26T18:00:00Z")
    added = replace(made, maker=later, added_to=[made.maker.made])
    folders = [leave(tmp_path / "a", made), leave(tmp_path / "b", added)]
    with pytest.raises(SettingsError, match="a and b have rounds of one measurement"):
        read(*folders)


def test_what_is_in_doubt_is_marked(a: Path, tmp_path: Path) -> None:
    invalid = Validity(
        valid=False, reasons=[Reason(kind="spread", scenario="offline", numbers={"spread": 0.3})]
    )
    cells = [
        cell("fp32", "AVX2", *SLOW),
        cell("int8", "AVX2", *FAST, validity=invalid),
    ]
    few = Reason(kind="few_rounds", numbers={"rounds": 6.0})
    record = profile(*cells, host=replace(HOST))
    record = replace(
        record, repeat=repeat(trusted=False, reasons=[few], measurement=cells[1].measurement)
    )
    other = leave(tmp_path / "c", record)
    texts = side_by_side(Asked([str(a), str(other)]), Path("/nowhere"))
    text = next(texts)
    assert text.startswith("INVALID: images/s of c. c runs 1.00 times")
    assert figures(text, "AVX2 int8", "c")[-1] == "INVALID"
    assert figures(text, "AVX2 fp32", "c")[-4:] == ["NOT", "TO", "BE", "TRUSTED"]
    with pytest.raises(NotTrustedError, match="measured on c is not to be trusted") as caught:
        next(texts)
    assert str(caught.value).endswith("; add rounds by `invoke profile --more compare` on c")


def test_more_rounds_are_asked_for_only_where_they_help(a: Path, tmp_path: Path) -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 6.0})
    other = Reason(kind="other_classes")
    named: list[str] = []
    for name, reason in (("d", other), ("e", few), ("f", other)):
        one = cell("int8", "AVX2", *[rate * (2 + len(named)) for rate in RATES])
        record = profile(one, host=replace(HOST, boot_id=name))
        bad = repeat(trusted=False, reasons=[reason], measurement=one.measurement)
        named.append(str(leave(tmp_path / name, replace(record, repeat=bad))))
    with pytest.raises(NotTrustedError) as caught:
        list(side_by_side(Asked([str(a), *named]), Path("/nowhere")))
    assert str(caught.value).endswith(
        "; measure again by `invoke profile compare` on d and f, "
        "add rounds by `invoke profile --more compare` on e"
    )


def test_a_machine_that_did_nothing_has_no_ratio(a: Path, tmp_path: Path) -> None:
    idle = cell("fp32", "AVX2", *SLOW)
    assert idle.measurement
    offline = idle.measurement.offline
    runs = [replace(run, rate_per_s=0.0) for run in offline.runs]
    offline = replace(offline, throughput_images_per_s=exactly(0.0), runs=runs)
    idle = replace(idle, measurement=replace(idle.measurement, offline=offline))
    other = measure(tmp_path / "c", idle)
    text = shown(a, other)
    assert figures(text, "AVX2 fp32", "c")[:3] == ["0.00", "±0.0%", "-"]
    assert text.startswith("c and a have no figures to compare\n")


def test_a_strangers_names_reach_no_terminal(a: Path, tmp_path: Path) -> None:
    evil = "\x1b[31mm7i\u202e.large\n| x"
    other = measure(tmp_path / "c", cell("fp32", "AVX2", *SLOW), machine_type=evil, cpu_model=evil)
    text = shown(a, other)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert r"\x1b[31mm7i\u202e.large\n| x" in text


def test_what_lists_no_model_is_refused(a: Path, b: Path) -> None:
    record = json.loads((a / "profile" / "measurements.json").read_text())
    (a / "train" / "model_keras.fp32" / "saved_model.pb").unlink()
    write_checksums(a / "train")
    record["train_sha256"] = sha256(a / "train" / "SHA256SUMS")
    (a / "profile" / "measurements.json").write_text(json.dumps(record))
    write_checksums(a / "profile")
    with pytest.raises(InputCorruptError, match="lists no file of model_keras"):
        read(a, b)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("nothing", InputMissingError, "nothing is missing"),
        ("empty", InputMissingError, "run the profile stage first"),
        ("file", InputCorruptError, "is no bundle"),
        ("bundle", SettingsError, "is an unpacked bundle"),
    ],
)
def test_what_is_no_machine_is_named(
    tmp_path: Path, name: str, kind: type[Exception], words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text")
    (tmp_path / "bundle" / "artifacts").mkdir(parents=True)
    (tmp_path / "bundle" / "manifest.json").write_text("{}")
    with pytest.raises(kind) as raised:
        read(tmp_path / name)
    assert str(tmp_path / name) in str(raised.value)
    assert words in str(raised.value)


def test_a_word_without_end_is_cut(tmp_path: Path) -> None:
    endless: dict[str, Any] = {"machine_type": 300 * "T", "kernel": f"6.1 {300 * 'K'}"}
    folders = [
        measure(tmp_path / name, cell("fp32", "AVX2", *RATES), cpu_model=300 * name, **endless)
        for name in ("C", "D")
    ]
    other = measure(tmp_path / "E", cell("fp32", "AVX2", *RATES), kernel=f"6.2 {300 * 'L'}")
    lines = shown(*(f"{path.name}={path}" for path in (*folders, other))).splitlines()
    assert [line for line in lines if len(line) > WIDTH] == []
    assert f"{20 * 'C'}...;" in " ".join(lines)


def test_the_shipped_bundles_stand_side_by_side(tmp_path: Path) -> None:
    bundles = [f"docs/measured/emerald-rapids-{number}-cpus.tar.xz" for number in (16, 4)]
    done = invoke("diff", *bundles, "--output", str(tmp_path))
    assert done.code == NotTrustedError.exit_code, done
    assert "emerald-rapids-16-cpus and emerald-rapids-4-cpus: one machine" in done.output
    large, small = (
        figures(done.output, f"{AMX} int8", f"emerald-rapids-{number}-cpus") for number in (16, 4)
    )
    assert (large[:2], large[-1]) == (["172.48", "±26.7%"], "INVALID")
    assert (small[0], small[2], small[-1]) == ("70.05", "0.41x", "INVALID")
    lines = [line for line in done.output.splitlines() if not line.startswith("diff: ")]
    assert max(map(len, lines)) <= WIDTH
    assert (tmp_path / "summary.csv").read_text().count("\n") == 33


def test_without_a_machine_it_says_what_to_give() -> None:
    done = invoke("diff")
    assert done.code == SettingsError.exit_code
    assert "diff needs machines" in done.output
    assert not ROOT.joinpath("summary.csv").exists()
