"""How many tokens a run's prompts will have, from a few prompts that are made of its first texts."""

from collections.abc import Sequence

from batchscope.inputs.fitting import Fitting
from batchscope.inputs.prompts import NumberedText, group, marks_of
from batchscope.studies.run import Run

SAMPLED = 100
"""Texts of a sample, unless one prompt holds more."""

MOST_SAMPLED = 400
"""Texts of a sample at most: beyond, what stands around the texts hardly counts."""


def tokens_per_text(run: Run, fitting: Fitting, sample: Sequence[NumberedText]) -> float:
    """Prompt tokens of a run over its texts, as its first prompts have them.

    Args:
        run: the run.
        fitting: what makes its prompts.
        sample: its first texts, `sample_size` of them, cut as it asks for.
    """
    maker = fitting.maker
    ids = maker.token_ids(group(sample, run.prompts.n), maker.guard(sample), marks_of(maker.wanted)[-1])
    return sum(map(len, ids)) / len(sample)


def texts_of_pass(run: Run, there: int) -> int:
    """Texts of one pass, or of all requests of a load, each as often as it is submitted.

    Args:
        run: the run.
        there: texts that there are.
    """
    load, texts = run.workload, min(run.workload.total_texts, there)
    if run.load and run.load.requests:
        return min(run.prompts.n, texts) * run.load.requests
    return texts * load.duplicates


def sample_size(run: Run) -> int:
    """How many of a run's first texts stand for all."""
    n = run.prompts.n
    return min(max(n, SAMPLED // n * n), MOST_SAMPLED)
