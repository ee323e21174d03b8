"""The plan of a sweep, made from the configuration alone."""

from pathlib import Path

from support.studies import study

from batchscope.planning.sweep_plan import describe_plan, plan_runs


def test_axes_with_vllm_s_own_names_are_planned_with_an_engine_start_each(tmp_path: Path) -> None:
    grid = {
        "engine.extra.enable_chunked_prefill": [True, False],
        "engine.variables.VLLM_X": [None, True],
        "layout": ["packed", "separate"],
    }
    config = study(grid=grid)
    stale = {f"mine/{layout}-n4-chunked_prefill-True-X-1": "new" for layout in ("packed", "separate")}
    planned = [run for run in plan_runs(config, tmp_path, stale) if run.run.startswith("mine/")]
    assert len({run.engine for run in planned}) == 4
    assert [run.run for run in planned if run.stale] == list(stale)
    lines = describe_plan(planned, {}).splitlines()
    assert sum("-X-default" in line for line in lines) == 4
    assert any(line.startswith("2 of 8 runs to measure") and "1 engine start(s)" in line for line in lines)
