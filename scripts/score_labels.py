"""Read the labels of a study's runs from their output tokens, beside the gold labels where there are some."""

import argparse
import json
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import run_script
from batchscope.config.configuration import load_config
from batchscope.config.prompts import AnswerForm
from batchscope.config.studies import study_named
from batchscope.config.task import Task
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.models import load_tokenizer
from batchscope.results.asked_prompts import check_prompts, read_answers, read_prompts
from batchscope.results.intact.measurement_folder import DamagedError, damaged
from batchscope.results.label_rows import LABELS, label_rows
from batchscope.results.records import Measurement, load_measurement
from batchscope.studies.grid import expand_studies
from batchscope.studies.run import Run
from batchscope.studies.starts import with_starts


def main() -> None:
    """Read run folders, prompts and tokenizers, write one Parquet file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder that holds {study}/{run}")
    parser.add_argument("--prompts", type=Path, required=True, help="folder that holds {prompts}")
    parser.add_argument("--models", type=Path, required=True, help="folder that holds {model}")
    parser.add_argument("--config", type=Path, required=True, help="the whole configuration as JSON")
    parser.add_argument("--study", required=True, help="name of the study")
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    args = parser.parse_args()

    config = load_config(json.loads(args.config.read_text(encoding="utf-8")))
    study_named(config.active_studies, args.study)
    runs = [run for run in with_starts(expand_studies(config)) if run.study == args.study]
    rows = write_labels(runs, config.task, args.runs, args.prompts, args.models, args.out)
    print(f"{args.study}: {rows:,} labels of {len(runs)} runs in {args.out}")


def write_labels(runs: list[Run], task: Task, measured: Path, prompts: Path, models: Path, out: Path) -> int:
    """Write the labels of runs, one after the other, and return how many rows they are."""
    prompts_of = cache(read_prompts)

    @cache
    def reader_of(model: Path, answer: AnswerForm, numbered: bool) -> AnswerReader:
        return AnswerReader(load_tokenizer(model), task, answer, numbered)

    count = 0
    with replacing(out) as path, pq.ParquetWriter(path, LABELS) as writer:
        for run in runs:
            if (measurement := answered(run, measured / run.id)) is None:
                continue
            file = prompts / run.prompts.id / "prompts.jsonl"
            check_prompts(file, measurement, measured / run.id)
            table = label_rows(
                run.name,
                read_answers(measured / run.id),
                prompts_of(file),
                reader_of(models / run.engine.model, run.workload.answer, run.workload.numbered),
                task.names,
            )
            writer.write_table(table)
            count += len(table)
    return count


def answered(run: Run, folder: Path) -> Measurement | None:
    """The measurement of a run that has answers; None where it failed, or its folder is damaged."""
    try:
        measurement = load_measurement(folder, only=("requests.parquet",))
        if measurement.id != run.id:
            raise damaged(folder / "measurement.json", f"it is that of {measurement.id}")
    except DamagedError as error:
        print(f"no labels of {run.name}: {error}")
        return None
    return measurement if measurement.status == "ok" else None


if __name__ == "__main__":
    run_script(main)
