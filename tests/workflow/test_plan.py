"""The plan: its predictions, its words, and the price of asking."""

import re
import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage

import pytest
import yaml
from support.project import Project

THOUSAND_RUNS = {
    "studies": {
        "packing": None,
        "saturation": None,
        "many": {
            "set": {"texts": 200},
            "grid": {
                "n": list(range(2, 12)),
                "engine.max_num_batched_tokens": list(range(1024, 11264, 1024)),
                "engine.max_num_seqs": list(range(16, 176, 16)),
            },
        },
    }
}


def planned(project: Project, *overlays: str) -> tuple[str, float]:
    """What a dry run of ``all`` prints, and its CPU seconds, Snakemake's start included."""
    before = getrusage(RUSAGE_CHILDREN)
    call = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "all", "-n", "--configfile", *overlays],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    after = getrusage(RUSAGE_CHILDREN)
    assert call.returncode == 0, call.stdout
    return call.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_thousand_runs_are_planned_in_a_few_times_the_seconds_of_three(project: Project) -> None:
    """A ratio, for machines differ: 3.9 to 5.3 were seen; what grows with the square of the runs is far above."""
    (project.folder / "many.yaml").write_text(yaml.safe_dump(THOUSAND_RUNS))
    text, three = planned(project, "configs/ci.yaml")
    assert re.search(r"^measure +3$", text, re.MULTILINE), text
    text, thousand = planned(project, "configs/ci.yaml", "many.yaml")
    assert re.search(r"^measure +1000$", text, re.MULTILINE), text
    assert thousand <= 10 * three


def test_the_plan_names_what_is_missing_and_guesses_its_size(project: Project) -> None:
    outcome = project.snakemake("plan")
    assert outcome.status == 0, outcome.text
    line = next(line for line in outcome.text.splitlines() if line.startswith("saturation/packed-n8"))
    assert line.split()[1:4] == ["5", "~10,699", "<0.1"]
    assert line.endswith("not measured yet")
    found = re.search(r"3 of 3 runs to measure: about (\S+) minutes, .* \((\S+) to (\S+)\):", outcome.text)
    assert found, outcome.text
    likely, least, most = map(float, found.groups())
    assert 0 < least < likely < most
    assert "for 1 engine start(s)" in outcome.text
    assert not (project.results / "runs").exists(), "a plan measures nothing"


TOO_SMALL = {"engine": {"args": {"kv_cache_memory_bytes": 1 << 20, "extra": {"max_seq_len": 4096}}}}


def test_what_is_wrong_stops_a_call_before_it_does_anything_and_the_plan_tells_the_same(
    project: Project,
) -> None:
    refused, plan = (project.snakemake(target, config=TOO_SMALL) for target in ("all", "plan"))
    assert refused.status == plan.status == 1
    listed = refused.text[refused.text.index("error: 2 things are wrong") :]
    assert [line[:4] for line in listed.splitlines()[1:]] == ["  1.", "  2."], "the list ends the console"
    assert listed in plan.text
    assert "write engine.args.max_model_len" in listed
    assert "3 of 3 runs to measure" in plan.text, "the plan stands above"
    assert not (project.results / "data").exists()
    assert not (project.results / "config.json").exists(), (
        "a plan leaves the last sweep's configuration alone"
    )


def test_what_needs_no_engine_is_made_all_the_same(project: Project) -> None:
    made = project.snakemake("results/data/texts.csv", config=TOO_SMALL)
    assert made.status == 0, made.text
    touched = project.snakemake("all", "--touch", config=TOO_SMALL)
    assert "things are wrong" not in touched.text


def test_whoever_knows_better_does_without(prepared: Project, unchecked: None) -> None:
    nowhere = {"environments": {"cpu": {"python": "nowhere/bin/python", "device": "cpu"}}}
    outcome = prepared.snakemake("results/runs/packing/packed-n4/measurement.json", config=nowhere)
    assert outcome.status == 1
    assert outcome.rules["measure"] == 1, "the job itself was tried"


def test_the_plan_shows_a_cluster_s_queue_and_its_nodes_make_nothing_stale(project: Project) -> None:
    before = project.snakemake("plan")
    config = project.results / ".plan" / "config.json"
    written = config.read_text()
    assert "allocation" not in before.text
    outcome = project.snakemake("plan", "--config", "nodes=2")
    assert outcome.status == 0, outcome.text
    queue = outcome.text[outcome.text.index("On 2 node(s) with 1 GPU(s) each:") :]
    assert len([line for line in queue.splitlines() if line.startswith("demo-cpu-")]) == 1
    assert "Wall time: about" in queue
    assert config.read_text() == written


@pytest.mark.engine
def test_the_plan_says_what_is_stale_and_why(measured_copy: Project) -> None:
    assert "0 of 3 runs to measure" in measured_copy.snakemake("plan").text
    changed = {
        "studies": {"packing": {"overrides": [{"when": {"layout": "packed"}, "set": {"measure.repeats": 4}}]}}
    }
    text = measured_copy.snakemake("plan", config=changed).text
    assert "1 of 3 runs to measure" in text
    line = next(line for line in text.splitlines() if line.startswith("packing/packed-n4"))
    assert "its configuration, or a version, changed" in line
    assert "~" not in line, "token counts are known once prompts are made"
