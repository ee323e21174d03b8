"""What to run next, each with a command that works where there is one."""

from collections.abc import Iterator, Sequence

from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.replicates import ENOUGH_UNITS
from batchscope.statistics.resampling import ENOUGH_PROMPTS
from batchscope.verdict.evidence import Evidence, starts_of
from batchscope.verdict.schema import Next
from batchscope.verdict.settings import NO_REFERENCE, Judged, model_of

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
    if len(judged) == 1:
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
    states = {each.setting.state for each in judged}
    if use is None and "refused" in states:
        texts = max(int(each.row["texts"]) for each in judged)
        if any(f"fewer than {ENOUGH_PROMPTS} prompts" in each.setting.why for each in judged):
            yield Next(f"Take more than {texts:,} texts (workload.texts): prompts are too few to tell.", None)
        else:
            yield Next(
                "Try what makes answers better: a stronger model, examples in the prompt (task.examples), or "
                "answers that can be nothing but labels (workload.answer: labels).",
                None,
            )
    if any(each.setting.why == NO_REFERENCE for each in judged):
        yield Next("Add a run with 1 text per prompt: include: [{layout: separate, n: 1}] in a study.", None)
    if use is not None and use.setting.right and use.setting.right.by == "agreement":
        yield Next("Label a few hundred texts by hand (column 'label'), so that accuracy can be told.", None)


def _surer(use: Judged, results: str) -> Iterator[Next]:
    if starts_of(use.row) < ENOUGH_UNITS:
        yield Next(
            "Measure in three engine starts, so that the speed is known beyond this one.",
            again("all", results, measure=f"{{starts: {ENOUGH_UNITS}}}"),
        )
    yield Next("See where the time inside engine steps goes.", PROFILE)
