"""The house from its imports: packages, floors, loops, upward imports, and which Python runs each."""

from pathlib import Path

import pytest

from batchscope.workflow.import_graph import ImportGraph, read_graph, who_runs, without_shortcuts

HOUSE = {
    "common/atomic_files.py": "X = 1",
    "config/blocks.py": "from batchscope.common.atomic_files import X",
    "worker/engine/__main__.py": "from batchscope.common.atomic_files import X\nfrom batchscope.worker.clock import Y",
    "worker/clock.py": "Y = 1",
    "jobs/pool.py": (
        "def start():\n    from batchscope.config import blocks\n    return ['-m', 'batchscope.worker.engine']"
    ),
}


def build(root: Path, changed: dict[str, str] | None = None) -> ImportGraph:
    for name, text in {"__init__.py": '"""A library."""', **HOUSE, **(changed or {})}.items():
        file = root / "batchscope" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
        (file.parent / "__init__.py").touch()
    return read_graph(root)


def test_a_package_stands_above_all_that_it_imports(tmp_path):
    graph = build(tmp_path)
    assert graph.imports["jobs"] == {"config"}, "an import inside a function counts"
    assert graph.starts["jobs"] == {"worker.engine"}, "so does the name of a module that is started"
    assert graph.floors == {"common": 0, "worker": 0, "config": 1, "worker.engine": 1, "jobs": 2}
    assert {each.name: (each.files, each.lines) for each in graph.packages}["worker.engine"] == (2, 2)
    assert graph.loops == graph.upward == graph.loose == ()


def test_folders_below_the_depth_belong_to_the_package_above(tmp_path):
    build(tmp_path)
    graph = read_graph(tmp_path, depth=1)
    assert graph.imports["worker"] == {"common"}
    assert graph.floors["worker"] == 1


@pytest.mark.parametrize(
    ("changed", "loops"),
    [
        (
            {"common/atomic_files.py": "from batchscope.jobs.pool import start"},
            (("common", "config", "jobs"),),
        ),
        (
            {
                "worker/server/load.py": "import batchscope.worker.engine.__main__",
                "worker/engine/more.py": "import batchscope.worker.server.load",
            },
            (("worker.engine", "worker.server"),),
        ),
    ],
)
def test_a_planted_loop_is_found(tmp_path, changed, loops):
    graph = build(tmp_path, changed)
    assert graph.loops == loops
    assert len({graph.floors[name] for name in loops[0]}) == 1, "those of a loop share a floor"


def test_a_package_and_a_folder_inside_it_are_no_loop(tmp_path):
    graph = build(tmp_path, {"worker/clock.py": "import batchscope.worker.engine.__main__"})
    assert "worker.engine" in graph.imports["worker"]
    assert "worker" in graph.imports["worker.engine"]
    assert graph.loops == ()


@pytest.mark.parametrize("line", ["import scripts.measure", "COMMAND = ['-m', 'scripts.measure']"])
def test_an_upward_import_is_found(tmp_path, line):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "measure.py").touch()
    assert build(tmp_path, {"jobs/up.py": line}).upward == (("batchscope.jobs.up", "scripts.measure"),)


def test_a_loose_module_is_a_package_of_its_own(tmp_path):
    graph = build(tmp_path, {"stats.py": "from batchscope.common import atomic_files"})
    assert graph.loose == ("batchscope.stats",)
    assert graph.imports["stats"] == {"common"}


def test_which_python_runs_a_package_follows_from_imports(tmp_path):
    graph = build(
        tmp_path, {"common_words/__init__.py": "", "worker/clock.py": "import batchscope.common_words"}
    )
    assert who_runs(graph) == {
        "common": "both",
        "common_words": "engine",  # only the worker imports it
        "config": "snakemake",
        "jobs": "snakemake",
        "worker": "engine",
        "worker.engine": "engine",
    }


def test_an_edge_that_follows_from_others_is_a_shortcut():
    edges = {"a": frozenset("bcd"), "b": frozenset("c"), "c": frozenset(), "d": frozenset()}
    assert without_shortcuts(edges) == {**edges, "a": frozenset("bd")}


def test_this_library_has_no_loops_and_no_upward_imports():
    graph = read_graph()
    assert graph.loops == ()
    assert graph.upward == ()
    assert graph.loose == ()
