"""What to run next, each with a command that works where there is one."""

import math
from collections.abc import Iterator, Sequence

from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.replicates import ENOUGH_UNITS
from batchscope.statistics.resampling import ENOUGH_PROMPTS
from batchscope.verdict.evidence import Evidence, starts_of
from batchscope.verdict.same_setting import once
from batchscope.verdict.schema import Next
from batchscope.verdict.settings import NO_REFERENCE, Judged, model_of

Z = 1.96
"""Of 95 % intervals."""

BETTER = (
    "Try what makes answers better: a stronger model, examples in the prompt (task.examples), or answers "
    "that can be nothing but labels (workload.answer: labels)."
)

RETRY = "python3 -m scripts.retry_failed"
PROFILE = "snakemake --cores 1 profile"


def again(target: str, results: str, **values: str) -> str:
    """The command that runs the last configuration again, with some keys changed.

    Args:
        target: what to make.
        results: the folder of results.
        values: YAML by block of the configuration.
    """
    changed = "".join(f" {block}='{value}'" for block, value in values.items())
    return f"snakemake --cores 1 {target} --configfile {results}/config.json" + (
        f" --config{changed}" if changed else ""
    )


def next_steps(
    use: Judged | None, judged: Sequence[Judged], evidence: Evidence, results: str
) -> tuple[Next, ...]:
    """What to do next, most useful first.

    Args:
        use: the recommended setting; None: there is none.
        judged: all runs.
        evidence: the tables.
        results: the folder of results, as a command names it.
    """
    steps = [
        *_missing(judged),
        *_weights(evidence, results),
        *_labels(use, judged, evidence),
        *(_surer(use, results) if use else ()),
    ]
    return tuple(steps)


def _missing(judged: Sequence[Judged]) -> Iterator[Next]:
    failed = sum(each.setting.state == "failed" for each in judged)
    if failed:
        runs = "1 run that failed" if failed == 1 else f"the {failed} runs that failed"
        yield Next(f"Measure {runs} again.", RETRY)
    if len(once(judged)) == 1:
        yield Next("Add a setting to compare with: a study with several values of n or layout.", None)


def _weights(evidence: Evidence, results: str) -> Iterator[Next]:
    name = model_of(evidence)
    model = evidence.config.models.get(name)
    if model is not None and random_weights(model.load_format):
        yield Next(
            "Measure with the model's own weights, so that its labels can be judged.",
            again("all", results, models=f"{{{name}: {{load_format: auto}}}}"),
        )


def _labels(use: Judged | None, judged: Sequence[Judged], evidence: Evidence) -> Iterator[Next]:
    if (wanted := texts_wanted(judged, evidence.config.verdict.margin / 100)) is not None:
        yield Next(
            f"Take {wanted:,} texts or more (workload.texts): with so few, no faster setting can be shown to "
            "be as right.",
            None,
        )
    elif use is None and {"kept", "refused"} & {each.setting.state for each in once(judged)}:
        yield Next(BETTER, None)
    if any(each.setting.why == NO_REFERENCE for each in judged):
        yield Next("Add a run with 1 text per prompt: include: [{layout: separate, n: 1}] in a study.", None)
    if use is not None and use.setting.right and use.setting.right.by == "agreement":
        yield Next("Label a few hundred texts by hand (column 'label'), so that accuracy can be told.", None)


def texts_wanted(judged: Sequence[Judged], margin: float) -> int | None:
    """Texts from which on a setting that labels as the reference run does could be shown to be as right.

    None where no setting lacks them: each is kept, or is seen to lose more than the margin.
    """
    n = max((each.setting.n for each in once(judged) if _lacks_texts(each, margin)), default=None)
    return None if n is None or margin == 0 else n * prompts_wanted(margin)


def _lacks_texts(each: Judged, margin: float) -> bool:
    """Whether it is refused, and its prompts are too few to tell anything else."""
    if each.setting.state != "refused" or each.candidate is None or each.candidate.loss.middle > margin:
        return False
    return int(each.row["requests"]) < prompts_wanted(margin)


def prompts_wanted(margin: float) -> int:
    """Prompts with which Wilson's interval of none that differs ends at the margin."""
    return max(ENOUGH_PROMPTS, math.ceil(Z**2 * (1 - margin) / margin))


def _surer(use: Judged, results: str) -> Iterator[Next]:
    if starts_of(use.row) < ENOUGH_UNITS:
        command = again("all", results, measure=f"{{starts: {ENOUGH_UNITS}}}")
        yield Next("Measure in three engine starts, so that the speed is known beyond this one.", command)
    yield Next("See where the time inside engine steps goes.", PROFILE)
