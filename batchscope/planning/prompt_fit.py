"""Which runs their texts and their model's context leave room for, in the words of a plan.

What would end a run is a problem, with a remedy that was tried; a run of ``workload.fit`` is left out
instead. Nothing is downloaded for this, and no engine is started.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from batchscope.common.errors import UserError
from batchscope.config.configuration import Config
from batchscope.inputs.texts.source_text import SourceText, where
from batchscope.planning.at_hand import model_at_hand, texts_at_hand
from batchscope.planning.problems import Problem
from batchscope.planning.prompt_room import Model, Overlong, Shortfall, counted, look
from batchscope.planning.sweep_plan import PlannedRun, name_in_plan
from batchscope.studies.run import Run

FIT = "workload.fit: true"


@dataclass(frozen=True)
class Seen:
    """What was found in one place."""

    problems: tuple[Problem, ...] = ()
    short: tuple[Shortfall, ...] = ()
    notes: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PromptFit:
    """What was found in all."""

    problems: tuple[Problem, ...]
    left_out: Mapping[str, str]
    """why a run that is to fit cannot be, by its name in the plan"""
    notes: tuple[str, ...]
    """what else there is to know, and what could not be looked at, a sentence each"""
    shares: Mapping[str, float] = field(default_factory=dict)
    """which share of the texts it asks for a run takes, where there are too few; by its name in the plan"""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """prompt tokens of a run's pass, by a sample of its prompts; by its name in the plan"""


def prompt_problems(config: Config, runs: Sequence[Run], results: Path) -> list[Problem]:
    """What texts, labels and prompts of these runs would end them; see `prompt_fit`."""
    return list(prompt_fit(config, runs, results).problems)


def prompt_fit(config: Config, runs: Sequence[Run], results: Path) -> PromptFit:
    """Look at all prompt sets of these runs, as far as texts and tokenizers are on this machine.

    Args:
        config: the configuration.
        runs: offline runs and load points that would be measured.
        results: folder of the results.
    """
    seen = list(_look(config, runs, results))
    short = [each for found in seen for each in found.short]
    strict = [each for each in short if not each.run.workload.fit]
    problems = [problem for found in seen for problem in found.problems]
    return PromptFit(
        tuple(dict.fromkeys([*problems, *_no_room(config, runs, strict)])),
        {
            name_in_plan(each.run): f"{each.what}; {_largest(each.largest_n)}"
            for each in short
            if each.run.workload.fit
        },
        tuple(note for found in seen for note in found.notes),
        {run: share for found in seen for run, share in found.shares.items()},
        {run: tokens for found in seen for run, tokens in found.tokens.items()},
    )


def as_fitted(planned: Iterable[PlannedRun], fit: PromptFit) -> list[PlannedRun]:
    """The plan's runs without those that are left out; those whose prompts are not made yet at their size."""
    return [
        each if each.tokens_known else _resized(each, fit) for each in planned if each.run not in fit.left_out
    ]


def _resized(run: PlannedRun, fit: PromptFit) -> PlannedRun:
    """The run with as many prompts as there are texts for, and their tokens as far as they are known."""
    share = fit.shares.get(run.run, 1.0)
    tokens = fit.tokens.get(run.run, round(run.prompt_tokens * share))
    slower = tokens / run.prompt_tokens
    seconds = {name: getattr(run, name) * slower for name in ("seconds", "least_s", "most_s")}
    return replace(run, prompts=math.ceil(run.prompts * share), prompt_tokens=tokens, **seconds)


def describe_fit(fit: PromptFit) -> str:
    """What a plan says of it beside the problems; empty where there is nothing to say."""
    lines = list(fit.notes)
    if fit.left_out:
        lines.append("Left out, for they do not fit:")
        lines += [f"  {run}: {why}" for run, why in fit.left_out.items()]
    return "\n".join(lines)


def problem_of(error: UserError, at: str) -> Problem:
    """A message of the form ``where: what; remedy`` in its parts; ``at``: where, if it does not say that."""
    own, mark, rest = str(error).partition(": ")
    place, text = (own, rest) if mark and "\n" not in own else (at, str(error))
    what, _, remedy = text.partition("\n") if "\n" in text else text.rpartition("; ")
    return Problem(place, what, remedy) if what else Problem(place, text, "correct it")


def _look(config: Config, runs: Sequence[Run], results: Path) -> Iterator[Seen]:
    most = max((run.workload.total_texts for run in runs), default=0)
    try:
        texts = texts_at_hand(config, results, most)
    except UserError as error:
        yield Seen((problem_of(error, "dataset"),))
        return
    if texts is None:
        source = f"dataset.source: {config.dataset.source}"
        yield Seen(notes=(f"Prompts were not checked: the texts ({source}) are not here yet.",))
        return
    shares = dict(_shares(runs, len(texts)))
    problems, notes = _too_few(config, runs, len(texts)), _all_there_are(runs, len(texts))
    yield Seen(tuple(problems), notes=tuple(notes), shares=shares)
    for name in dict.fromkeys(run.engine.model for run in runs):
        of_model = [run for run in runs if run.engine.model == name]
        yield _of_model(config, name, of_model, texts, results)


def _of_model(
    config: Config, name: str, runs: Sequence[Run], texts: Sequence[SourceText], results: Path
) -> Seen:
    with TemporaryDirectory(prefix="batchscope-") as scratch:
        folder = model_at_hand(config.models[name], results / "models" / name, Path(scratch))
        if folder is None:
            short = tuple(filter(None, (counted(run, len(texts)) for run in runs)))
            note = f"Lengths of prompts were not checked: the tokenizer of {name} is not here yet."
            return Seen(short=short, notes=(note,))
        try:
            model = Model(config, folder)
            overlong, found = look(model, runs, texts)
        except UserError as error:
            return Seen((problem_of(error, f"models.{name}"),))
        problems = (_too_long(config, overlong, runs, len(texts)),) if overlong else ()
        return Seen(problems, tuple(found), tokens=model.tokens_of(runs, texts))


def _too_long(config: Config, found: Overlong, runs: Sequence[Run], there: int) -> Problem:
    model = runs[0].engine.model
    others = _others(len(found.texts) - 1)
    size = f"{found.tokens:,} tokens in a prompt, and the context of {model} is {found.context:,}"
    if found.longer:
        longer = _raise_context(config, runs, found.longer)
    else:
        longer = "take a model with a longer context"
    cut = f"set workload.text_tokens: {found.cut}" if found.cut else ""
    ways = filter(None, (cut, _drop(there - len(found.texts), runs), f"or {longer}"))
    return Problem(
        "dataset",
        f"{where(found.longest)} is too long on its own ({size}){others}",
        ", ".join(ways).removeprefix("or "),
    )


def _others(count: int) -> str:
    return f", and so {'is' if count == 1 else 'are'} {count:,} other{'s' * (count > 1)}" if count else ""


def _drop(left: int, runs: Iterable[Run]) -> str:
    """To do without overlong texts; empty where those that are left would be too few for an n."""
    strict = [run.workload for run in runs if not run.workload.fit]
    asked = max((each.texts or 0 for each in strict), default=0)
    if left < max((each.n for each in strict), default=1):
        return ""
    return "drop what is too long" + (f" and lower texts to {left}" if asked > left else "")


def _raise_context(config: Config, runs: Iterable[Run], tokens: int) -> str:
    """In the words of a remedy, with each place where the configuration says it for runs that have less."""
    short = _by_study(run for run in runs if (run.engine.args.max_model_len or tokens) < tokens)
    key, block = "engine.max_model_len", "engine.args.max_model_len"
    parts = {study: _parts(config, study, key) for study in short}
    places = [f"{key} in {' and '.join(own)}" if own else block for own in parts.values()]
    return f"raise {' and '.join(dict.fromkeys(places))} to {tokens}"


def _too_few(config: Config, runs: Iterable[Run], there: int) -> Iterator[Problem]:
    """A problem for each study whose ``texts`` are more than there are."""
    for study, of_study in _by_study(runs).items():
        asked = [run.workload.texts or 0 for run in of_study if not run.workload.fit]
        short = [texts for texts in asked if texts > there]
        if short:
            which = f"{len(short)} of {len(of_study)} runs ask" if len(of_study) > 1 else "its run asks"
            most = f"{'up to ' if len(set(short)) > 1 else ''}{max(short):,}"
            yield Problem(
                study,
                f"{which} for {most} texts, and there are {there:,}",
                f"lower texts to {there} in {_places(config, study, 'texts')}, or set {FIT}",
            )


def _no_room(config: Config, runs: Iterable[Run], short: Sequence[Shortfall]) -> Iterator[Problem]:
    """A problem for each study with runs that have no room for their n."""
    by_run, of_all = {name_in_plan(each.run): each for each in short}, _by_study(runs)
    for study, of_study in _by_study(each.run for each in short).items():
        found = [by_run[name_in_plan(run)] for run in of_study]
        worst = max(found, key=lambda each: each.run.workload.n)
        largest, longer = min(each.largest_n for each in found), [each.longer for each in found]
        places = _places(config, study, "n")
        lower = f"lower n to that in {places}" if largest > 1 else f"set layout: separate there ({places})"
        raised = _raise_context(config, of_study, max(filter(None, longer))) if all(longer) else ""
        # where no run fits, leaving them all out is no remedy
        fit = f"set {FIT}" if len(of_study) < len(of_all[study]) else ""
        *first, last = filter(None, (lower, raised, fit))
        ways = f"{', '.join(first)}, or {last}" if first else last
        yield Problem(study, worst.what, f"{_largest(largest)}: {ways}")


def _largest(n: int) -> str:
    return f"the largest n that fits is {n:,}" if n > 1 else "no packed prompt fits"


def _all_there_are(runs: Iterable[Run], there: int) -> Iterator[str]:
    """A sentence on runs that take fewer texts than they may."""
    most = max((run.workload.total_texts for run in runs if run.workload.fit), default=0)
    if most > there:
        yield f"There are {there:,} texts, and runs that may take up to {most:,} take all of them."


def _shares(runs: Iterable[Run], there: int) -> Iterator[tuple[str, float]]:
    for run in runs:
        if run.workload.fit and run.workload.total_texts > there:
            yield name_in_plan(run), there / run.workload.total_texts


def _by_study(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Runs by the study's place in the configuration."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(f"{'serving.studies' if run.load else 'studies'}.{run.study}", []).append(run)
    return found


def _places(config: Config, study: str, key: str) -> str:
    """Where the configuration says this key of the workload for a study."""
    return " and ".join(_parts(config, study, key)) or f"workload.{key}"


def _parts(config: Config, study: str, key: str) -> list[str]:
    """The parts of a study that say a key."""
    studies, name = config.active_studies, study.rpartition(".")[2]
    block = config.serving.active_studies[name] if study.startswith("serving.") else studies[name]
    parts = {
        "set": key in block.set,
        "grid": key in block.grid,
        "include": any(key in point for point in block.include),
        "overrides": any(key in override.set for override in block.overrides),
    }
    return [f"{study}.{part}" for part, there in parts.items() if there]
