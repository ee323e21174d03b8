"""Every configuration is refused with a message, or gives runs whose files can lie anywhere and touch no others."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from support.fuzzing.config_texts import config_files
from support.fuzzing.configurations import configurations

from batchscope.common.canonical_json import canonical_json
from batchscope.common.errors import LONGEST_MESSAGE, NOT_SHOWN, UserError
from batchscope.config.configuration import Config, load_config
from batchscope.config.reading.files import read_file
from batchscope.reports.registry import REPORTS, check_study_names
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import measuring_order, runs_by_engine
from batchscope.studies.prompt_spec import prompt_spec
from batchscope.studies.run import PromptSet, Run
from batchscope.studies.run_spec import run_spec

LEGAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,142}(?<!\.)")
"""A name of a file that any file system takes: of 143 characters, the fewest that one in use has."""

LONGEST_COMMAND = 131_071
"""Bytes of one argument, of which Linux makes a job's whole command."""


def planned(values: dict[str, Any]) -> tuple[Config, list[Run], list[Run]] | None:
    """What the workflow makes of a configuration; None where it is refused, in a message that can be shown."""
    try:
        config = load_config(values)
        check_study_names(config.studies)
        return config, expand_studies(config), expand_serving(config)
    except UserError as error:
        said = str(error)
        assert said.strip()
        assert len(said) < LONGEST_MESSAGE + 100
        assert not NOT_SHOWN.search(said)
        return None


def files_of(config: Config, runs: list[Run], served: list[Run]) -> Iterator[str]:
    """Everything below the results folder that is named after something in the configuration."""
    yield from (f"runs/{run.id}" for run in runs)
    yield from (f"serving/{run.id}" for run in served)
    yield from (f"models/{name}" for name in config.models)
    yield from (f"prompts/{prompts}" for prompts in {run.prompts.id for run in (*runs, *served)})
    yield from (f"labels/{study}.parquet" for study in config.active_studies)
    yield from ("tables/runs.csv", "tables/repeats.csv", "config.json")
    for kind in REPORTS:
        of = {"{study}": config.active_studies, "{serving_study}": config.serving.active_studies}
        for study in of.get(kind.wildcard, [""]):
            yield from kind.targets(study)
            yield from (f"tables/{name}".replace(kind.wildcard or "\0", study) for name in kind.tables[1:])


def assert_apart_and_legal(files: list[str]) -> None:
    assert len({file.casefold() for file in files}) == len(files)
    for file in files:
        for part in file.split("/"):
            assert LEGAL.fullmatch(part), file
            assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", part.casefold()), file


def assert_passed_on_whole(config: Config, runs: list[Run]) -> None:
    """Through JSON, as jobs get it, nothing is lost and nothing is too long."""
    assert load_config(json.loads(config.model_dump_json())) == config
    sets: dict[str, PromptSet] = {}
    for run in runs:
        assert sets.setdefault(run.prompts.id, run.prompts) == run.prompts
        spec = canonical_json(run_spec(run, config, {"vllm": "0.32.0"}))
        assert json.loads(spec)
        assert len(spec) < LONGEST_COMMAND
    for prompts in list(sets.values())[:5]:
        assert len(canonical_json(prompt_spec(prompts, runs, config))) < LONGEST_COMMAND


@given(configurations())
def test_fuzzed_configurations(values: dict[str, Any]) -> None:
    outcome = planned(values)
    if outcome is None:
        return
    config, runs, served = outcome
    assert_apart_and_legal(list(files_of(config, runs, served)))
    assert_passed_on_whole(config, [*runs, *served])
    assert sorted(measuring_order(runs)) == sorted(run.id for run in runs)
    assert sum(map(len, runs_by_engine([*runs, *served]).values())) == len(runs) + len(served)


def read(path: Path) -> tuple[Mapping[str, Any] | None, str]:
    """The values of a file, or why it is refused."""
    try:
        return read_file(path).values, ""
    except UserError as error:
        return None, str(error)


@given(config_files())
def test_fuzzed_configuration_files(tmp_path_factory: Any, content: bytes) -> None:
    for name in ("mine.yaml", "mine.json"):
        path = Path(tmp_path_factory.getbasetemp()) / name
        path.write_bytes(content)
        values, said = read(path)
        assert values is not None or said.startswith(str(path))
        planned(dict(values or {}))
