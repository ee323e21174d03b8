"""The results in ten lines."""

import csv
from pathlib import Path

from batchscope.console.results_table import results_table

RUN = {
    "study": "packing", "run": "packed-n4", "valid": "True", "texts_per_s": "135.05", "texts_per_s_low": "121.2",
    "texts_per_s_high": "142.3", "total_token_throughput": "34335.7", "accuracy": "0.75",
}  # fmt: skip


def table(folder: Path, *runs: dict[str, str]) -> str:
    path = folder / "runs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, RUN)
        writer.writeheader()
        writer.writerows(runs)
    return results_table(path)


def test_each_study_has_its_fastest_valid_run(tmp_path: Path) -> None:
    faster = {**RUN, "run": "packed-n40", "texts_per_s": "200", "valid": "False"}
    slower = {**RUN, "run": "separate-n4", "texts_per_s": "9.94", "accuracy": ""}
    alone = {**slower, "study": "reuse", "texts_per_s_low": ""}
    head, _, packing, reuse = table(tmp_path, faster, RUN, slower, alone).splitlines()
    assert head.split() == ["study", "runs", "fastest", "texts/s", "tok/s", "accuracy"]
    assert packing.split() == [
        "packing",
        "2",
        "of",
        "3",
        "packed-n4",
        "135",
        "(121",
        "to",
        "142)",
        "34,336",
        "75.0",
        "%",
    ]
    assert reuse.split() == ["reuse", "1", "separate-n4", "9.9", "34,336"]


def test_a_study_without_a_valid_run_says_so(tmp_path: Path) -> None:
    assert "none is valid" in table(tmp_path, {**RUN, "valid": "False"})


def test_many_studies_are_ten_lines(tmp_path: Path) -> None:
    lines = table(tmp_path, *({**RUN, "study": f"s{number}"} for number in range(12))).splitlines()
    assert (len(lines), lines[-1]) == (11, "and 4 more")


def test_no_run_no_table(tmp_path: Path) -> None:
    assert table(tmp_path) == ""
