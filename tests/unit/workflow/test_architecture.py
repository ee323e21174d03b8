"""The picture of the house: what it shows, when it is out of date, and that nothing lies on anything else."""

from collections import Counter
from itertools import pairwise

import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.workflow.architecture import arrows, describe, differences, parts_of
from batchscope.workflow.drawing_layout import BOX, LANE, plan_floors
from batchscope.workflow.import_graph import read_graph
from scripts.upkeep.draw_architecture import check, count, draw, read_description


@pytest.fixture(scope="module")
def description():
    return describe(read_graph(depth=1), parts_of(read_graph()))


def changed(description, name, **values):
    return {**description, name: {**description[name], **values}}


def test_the_description_has_every_package_and_its_folders(description):
    assert description["worker"]["runs"] == "engine"
    assert description["common"]["runs"] == "both"
    assert description["worker"]["parts"] == [
        "engine",
        "gemm",
        "profiling",
        "server",
        "sparsity",
        "telemetry",
    ]
    assert description["jobs"]["starts"] == ["worker"]
    for about in description.values():
        assert all(description[other]["floor"] < about["floor"] for other in about["imports"])


def test_arrows_say_who_stands_on_whom_and_who_starts_whom(description):
    found = arrows(description)
    assert ("jobs", "worker", True) in found
    assert ("worker", "common", False) in found
    assert not any(upper == "reports" and lower == "common" for upper, lower, _ in found), (
        "it follows from others"
    )


def test_a_picture_is_out_of_date_when_its_content_differs(description):
    assert differences(description, description) == []
    lines = description["jobs"]["lines"]
    assert differences(description, changed(description, "jobs", lines=lines + lines // 10)) == []
    assert differences(description, changed(description, "jobs", lines=2 * lines)) != []
    assert differences(description, changed(description, "cost", imports=["common"])) == [
        "cost: imports none, now common"
    ]
    assert differences({}, {"cost": description["cost"]}) == ["cost is new"]
    assert differences({"cost": description["cost"]}, {}) == ["cost is gone"]


def test_the_same_content_gives_the_same_bytes_and_is_read_back(tmp_path, description):
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    draw(description, one)
    draw(dict(reversed(description.items())), two)
    assert one.read_bytes() == two.read_bytes()
    assert read_description(one) == description
    check(one, description)
    with pytest.raises(UserError, match=r"out of date \(cost: runs snakemake, now engine\); run `python"):
        check(one, changed(description, "cost", runs="engine"))
    with pytest.raises(UserError, match="no such picture"):
        check(tmp_path / "none.svg", description)


def test_counts_name_the_planted_faults(tmp_path):
    files = {
        "batchscope/__init__.py": "",
        "batchscope/stats.py": "import batchscope.jobs.pool",
        "batchscope/jobs/pool.py": "import batchscope.stats\nimport scripts.host",
        "scripts/host.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert count(read_graph(tmp_path)).splitlines() == [
        "files 3",
        "rooms 2",
        "floors 1",
        "loose modules in the root 1",
        "loops 1; 2 rooms: jobs, stats",
        "upward imports 1; batchscope.jobs.pool -> scripts.host",
        "most files in a room 1",
    ]


def test_no_file_is_too_long_and_no_folder_too_full():
    ours = [
        path
        for top in ("batchscope", "scripts", "benchmarks", "tests")
        for path in (ROOT / top).rglob("*.py")
    ]
    rules = [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]
    long = [path for path in (*ours, *rules) if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert long == []
    rooms = Counter(path.parent for path in ours if path.name != "__init__.py")
    library = {room: count for room, count in rooms.items() if not room.is_relative_to(ROOT / "tests")}
    assert {room: count for room, count in library.items() if count > 15} == {}


def test_boxes_and_arrows_keep_clear_of_each_other(description):
    floors = {name: each["floor"] for name, each in description.items()}
    plan = plan_floors(floors, [(upper, lower) for upper, lower, _ in arrows(description)])
    for floor in set(floors.values()):
        boxes = sorted(place for place, at in plan.boxes.values() if at == floor)
        assert all(right - left >= BOX - 1e-6 for left, right in pairwise(boxes))
        passing = [place for route in plan.routes.values() for place, at in route[1:-1] if at == floor]
        assert all(abs(place - box) >= (BOX + LANE) / 2 - 1e-6 for place in passing for box in boxes)


def test_arrows_that_need_not_cross_do_not():
    floors = {"a": 1, "b": 1, "c": 1, "x": 0, "y": 0, "z": 0}
    plan = plan_floors(floors, [("a", "z"), ("b", "y"), ("c", "x")])
    upper = sorted("abc", key=lambda name: plan.boxes[name])
    lower = sorted("zyx", key=lambda name: plan.boxes[name])
    assert [dict(zip("abc", "zyx", strict=True))[name] for name in upper] == lower
