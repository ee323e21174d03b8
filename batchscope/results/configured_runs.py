"""The runs of a configuration as they lie on disk, one record for each, whatever became of its folder.

A folder that is damaged, or that holds another run, stops no other: its run has the status ``damaged`` and no
figures. One that was measured with other settings than the configuration has keeps its figures, and does not
count.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from batchscope.common.schemas import CLIENT, HARDWARE, REQUESTS, STEPS
from batchscope.config.configuration import Config
from batchscope.config.prompts import LAYOUTS
from batchscope.config.workload import Workload
from batchscope.results.intact.bound_files import foreign_tables
from batchscope.results.intact.measurement_folder import DamagedError, damaged, remedy_for
from batchscope.results.intact.spec_difference import difference
from batchscope.results.loads.points import LoadPoint, Served, as_load_point, in_order, load_point
from batchscope.results.records import Environment, Invalidity, Measurement, RunRecord, load_run
from batchscope.studies.run import Run
from batchscope.studies.run_spec import run_spec

NEVER = datetime.fromtimestamp(0, UTC)
"""When a run was measured of which nothing is known."""

Kind = TypeVar("Kind")


def configured_runs(folder: Path, runs: Iterable[Run], config: Config) -> list[RunRecord]:
    """The runs, in the order given.

    Args:
        folder: holds ``{study}/{run}``.
        runs: of the configuration.
        config: what they were asked for with.
    """
    return [configured_run(folder / run.id, run, config) for run in runs]


def configured_run(folder: Path, run: Run, config: Config) -> RunRecord:
    """One run."""

    def read() -> RunRecord:
        record = load_run(folder)
        found = held_against(record.measurement, folder, run, config)
        return replace(record, measurement=counted(found, record))

    def stand_in(why: str) -> RunRecord:
        tables = (schema.empty_table().to_pandas() for schema in (REQUESTS, STEPS, HARDWARE))
        return RunRecord(Measurement.model_validate(unknown(run, config, why)), nowhere(run, config), *tables)

    return _or_else(read, stand_in)


def configured_points(folder: Path, runs: Iterable[Run], config: Config) -> list[LoadPoint]:
    """The load points, `in_order`; arguments as those of `configured_runs`."""
    return in_order([configured_point(folder / run.id, run, config) for run in runs])


def configured_point(folder: Path, run: Run, config: Config) -> LoadPoint:
    """One load point."""

    def read() -> LoadPoint:
        point = load_point(folder)
        served = counted(held_against(point.served, folder, run, config), point.run)
        return LoadPoint(served, replace(point.run, measurement=served))

    def stand_in(why: str) -> LoadPoint:
        client, steps, hardware = (each.empty_table().to_pandas() for each in (CLIENT, STEPS, HARDWARE))
        served = Served.model_validate(unknown(run, config, why))
        return as_load_point(served, nowhere(run, config), client, steps, hardware)

    return _or_else(read, stand_in)


def _or_else(read: Callable[[], Kind], stand_in: Callable[[str], Kind]) -> Kind:
    """What is read, or what stands in for it where it is damaged."""
    try:
        return read()
    except DamagedError as error:
        return stand_in(str(error))


Found = TypeVar("Found", bound=Measurement)


def held_against(found: Found, folder: Path, run: Run, config: Config) -> Found:
    """The measurement, with a reason why it does not count where the configuration asks for another.

    Of older ones only the name is asked: their settings may stand under the names of their day.

    Raises:
        DamagedError: it is another run's.
    """
    path = folder / "measurement.json"
    if found.id != run.id:
        raise damaged(path, f"it is that of {found.id}")
    if not found.is_sealed:
        return found
    if other := difference(found.spec, type(found.spec).model_validate(asked(run, config))):
        reason = Invalidity(code="spec", detail=f"{path}: {other}; {remedy_for(folder)}")
        return found.model_copy(update={"invalid": (*found.invalid, reason)})
    return found


def counted(found: Found, record: RunRecord) -> Found:
    """The measurement, with the reasons why it does not count where its tables are those of another."""
    return found.model_copy(update={"invalid": (*found.invalid, *foreign_tables(record))})


def asked(run: Run, config: Config) -> dict[str, Any]:
    """What the configuration asks for; versions are those of the engine, and no part of it."""
    return run_spec(run, config, versions={})


def unknown(run: Run, config: Config, why: str) -> dict[str, Any]:
    """measurement.json of a run of which nothing is known but what was asked for."""
    workload = run.workload
    texts = workload.total_texts * workload.duplicates
    prompts = prompts_in(workload)
    return {
        "schema": 1,
        "study": run.study,
        "run": run.name,
        "status": "damaged",
        "message": why,
        "spec": asked(run, config),
        "prompts": {
            "id": run.prompts.id,
            "sha256": "",
            "prompts": prompts,
            "prompt_tokens": 0,
            "labels": texts,
            "longest_prompt": {"tokens": 0},
        },
    }


def prompts_in(workload: Workload) -> int:
    """Prompts in one pass."""
    return (
        -(-workload.total_texts // LAYOUTS[workload.layout].texts_in_prompt(workload.n)) * workload.duplicates
    )


def nowhere(run: Run, config: Config) -> Environment:
    """environment.json of such a run: no fingerprint, so that nothing is compared with it."""
    device = config.environments[run.engine.environment].device
    return Environment.model_validate(
        {"measured_at": NEVER, "device": device, "cpu": {"model": ""}, "fingerprint": ""}
    )
