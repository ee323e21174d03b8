"""What a server needs: a port that is free, and a client that can ask for its answers."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import lcm
from pathlib import Path
from tempfile import TemporaryDirectory

from tokenizers import Tokenizer

from batchscope.common.errors import UserError
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.label_tokens import one_token_labels
from batchscope.inputs.answers.reader import spelled
from batchscope.inputs.models import load_tokenizer
from batchscope.jobs.environments import TESTED
from batchscope.planning.at_hand import model_at_hand
from batchscope.planning.checks.situation import Situation
from batchscope.planning.checks.vllm_source import known_to_vllm
from batchscope.planning.problems import Finding, Problem, Unchecked
from batchscope.studies.run import Run

LOOPBACK = "127.0.0.1"

FIELD = "request_overrides"
"""Of a request in vLLM's client: what this one's body has beside what all have."""


def check(situation: Situation) -> Iterator[Finding]:
    """The port, then the studies."""
    yield from port(situation)
    yield from answers(situation)


def port(situation: Situation) -> Iterator[Problem]:
    """That of the configuration; with null the server takes any that is free."""
    serves = any(use.serves for use in situation.engines)
    if serves and situation.config.serving.port and not situation.elsewhere:
        yield from taken(situation.config.serving.port)


def taken(port: int) -> Iterator[Problem]:
    """A port that another program has, or that only root may have."""
    if error := refused(port):
        another = next((each for each in range(8000, 65536) if each != port and not refused(each)), None)
        yield Problem(
            "serving.port",
            f"port {port} on {LOOPBACK}: {error.strerror}",
            f"set it to {another}, which is free, or to null for any that is",
        )


def refused(port: int) -> OSError | None:
    """Why a server cannot listen on a port; None where it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error
    return None


def answers(situation: Situation) -> Iterator[Finding]:
    """Answers whose limits differ between the prompts of a load, where vLLM's client cannot send them so.

    Each study is told of once; none where the source of its environment's vLLM does not say.
    """
    versions = _versions_without_it(situation)
    studies: dict[str, list[Run]] = {}
    for run in situation.runs:
        if run.load and run.engine.environment in versions:
            studies.setdefault(run.study, []).append(run)

    @cache
    def tokenizer_of(model: str) -> Tokenizer | None:
        return _tokenizer(situation, model)

    for study, runs in studies.items():
        uneven = [run for run in runs if rest(run.workload) and run.workload.answer != "free"]
        found = [
            (run, differs(run.workload, situation.config.task, tokenizer_of(run.engine.model)))
            for run in uneven
        ]
        # only its prompts tell how many texts a run that is to fit takes, and whether it is left out
        sure = [run for run, answer in found if answer and not run.workload.fit]
        unsure = [run for run, answer in found if answer is None or (answer and run.workload.fit)]
        if sure:
            yield _problem(study, sure[0], runs, versions)
        elif unsure:
            yield _unchecked(study, unsure[0], versions)


def rest(workload: Workload) -> int:
    """Texts in the last prompt of a pass where it holds fewer than the others; else 0."""
    last = workload.texts_in_prompt(-1)
    return last if last != workload.texts_in_prompt(0) else 0


def differs(workload: Workload, task: Task, tokenizer: Tokenizer | None) -> bool | None:
    """Whether the limits of an answer depend on how many texts its prompt holds.

    They do where a grammar spells them out, and do not where the same tokens are allowed throughout.

    Args:
        workload: a run's, of packed prompts.
        task: the labels.
        tokenizer: the model's; None: it is not here.

    Returns:
        None where only the tokenizer can tell.
    """
    if workload.answer == "free":
        return False
    if workload.answer == "json" or workload.numbered:
        return True
    if tokenizer is None:
        return None
    return one_token_labels(tokenizer, list(spelled(task, workload.answer).values())) is None


def _versions_without_it(situation: Situation) -> dict[str, str]:
    """The vLLM of each environment whose client lacks the field, by the environment's name."""
    every = {name: known_to_vllm(each.python, each.device) for name, each in situation.environments.items()}
    return {
        name: known.version
        for name, known in every.items()
        if known and known.request and FIELD not in known.request
    }


def _problem(study: str, run: Run, runs: Sequence[Run], versions: Mapping[str, str]) -> Problem:
    workload, newer = run.workload, ".".join(map(str, TESTED[0]))
    return Problem(
        _where(study),
        f"prompts hold {workload.n:,} texts and the last {rest(workload):,}, so the limits of their answers "
        f"({workload.answer}) differ, and {_vllm_of(run, versions)} sends the same ones with all requests of "
        "a load",
        f"{_even(runs)} there, or name an environment with vLLM {newer} or newer in engine.environment",
    )


def _unchecked(study: str, run: Run, versions: Mapping[str, str]) -> Unchecked:
    return Unchecked(
        _where(study),
        f"{_vllm_of(run, versions)} sends the same limits of answers with all requests of a load, and "
        "whether those of the last prompt differ is not known yet; they do not where n divides texts",
    )


def _vllm_of(run: Run, versions: Mapping[str, str]) -> str:
    environment = run.engine.environment
    return f"vLLM {versions[environment]} (environments.{environment})"


def _where(study: str) -> str:
    return f"serving.studies.{study}: answer"


def _even(runs: Sequence[Run]) -> str:
    """What makes all prompts of a study's runs hold the same number of texts, or else their limits alike."""
    sizes = sorted({run.prompts.n for run in runs})
    texts = min(run.workload.total_texts for run in runs) // lcm(*sizes) * lcm(*sizes)
    if texts:
        return f"set texts to {texts}, a multiple of n ({', '.join(map(str, sizes))}),"
    numbered = any(run.workload.numbered for run in runs)
    return f"set answer: free{' and numbered: false' if numbered else ''}"


def _tokenizer(situation: Situation, model: str) -> Tokenizer | None:
    """A model's tokenizer; None where it is not here, or cannot be used, which another check tells."""
    prepared = situation.results / "models" / model
    with TemporaryDirectory(prefix="batchscope-") as scratch:
        try:
            folder = model_at_hand(situation.config.models[model], prepared, Path(scratch))
            return load_tokenizer(folder) if folder else None
        except UserError:
            return None
