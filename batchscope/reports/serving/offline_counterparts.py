"""Which offline runs stand beside the load points of a study."""

from collections.abc import Iterable

from batchscope.studies.run import Run


def runs_beside(load_points: Iterable[Run], runs: Iterable[Run]) -> list[Run]:
    """Those of the runs that ask the same prompts of the same engine configuration as a load point."""
    wanted = [(point.prompts, point.engine, point.workload.reuse) for point in load_points]
    return [run for run in runs if (run.prompts, run.engine, run.workload.reuse) in wanted]
