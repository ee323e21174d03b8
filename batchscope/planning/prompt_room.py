"""What a model has room for: runs whose n does not fit, and texts that no prompt holds.

Found by making prompts: all that may be too long, or of many the longest ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchscope.common.canonical_json import canonical_json
from batchscope.config.configuration import Config
from batchscope.config.prompts import LAYOUTS
from batchscope.inputs.answers.limits import answers_asked, longest_answer
from batchscope.inputs.chat import chat_template
from batchscope.inputs.context import context_length
from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.fitting import Fitting
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import NumberedText, maker_of
from batchscope.inputs.texts.source_text import SourceText
from batchscope.studies.prompt_spec import room_of
from batchscope.studies.run import PromptSet, Run

MOST_BYTES = 200_000
"""Of prompts that are made to look at one set of them, unless a few have more."""

MOST_CUT = 2_000
"""Texts of a set that are cut to look at them."""


@dataclass(frozen=True)
class Shortfall:
    """A run without room for its n."""

    run: Run
    what: str
    largest_n: int
    longer: int | None = None
    """``max_model_len`` with which there would be room, where that is what limits the context"""


@dataclass(frozen=True)
class Overlong:
    """Texts that no prompt of a model holds, not even alone."""

    longest: SourceText
    tokens: int
    """of the longest one's prompt"""
    context: int
    others: int
    cut: int | None
    """tokens to which all texts may be cut so that they fit; None: that does not help"""
    longer: int | None = None
    """``max_model_len`` that holds each of them alone, where that is what limits the context"""


class Model:
    """A model, and what makes prompts for it.

    Raises:
        UserError: its tokenizer or its chat template cannot be used.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        self.config, self.folder = config, folder
        self.tokenizer = load_tokenizer(folder)
        self.template = chat_template(folder, config.prompts)

    def fitting(self, run: Run) -> Fitting:
        """What fits texts into this run's prompts.

        Raises:
            UserError: the labels are of a kind that the run cannot have.
        """
        task, packs = self.config.task, LAYOUTS[run.workload.layout].packs
        if run.workload.confidence:
            answers_asked(run.workload, task, [1], self.tokenizer, packs)
        return Fitting(
            maker_of(run.prompts, self.config.prompts, self.tokenizer, task, self.template),
            context_length(self.folder, run.engine.args.as_vllm()),
            longest_answer(run.workload, task, self.tokenizer),
            MOST_BYTES,
        )

    def longer(self, run: Run, needed: int) -> int | None:
        """``needed`` if ``max_model_len`` is what limits the context, and the model itself has so much."""
        arguments = run.engine.args.as_vllm()
        own = context_length(self.folder, {**arguments, "max_model_len": None})
        return needed if arguments.get("max_model_len") and needed <= own else None

    def lengths_of(
        self, run: Run, texts: Sequence[SourceText], most: int | None = None
    ) -> list[NumberedText]:
        """The texts of a run, cut as it asks for, and to ``most`` tokens."""
        chosen = list(enumerate(texts[: run.workload.total_texts]))
        limits = [limit for limit in (run.workload.text_tokens, most) if limit]
        if not limits:
            return chosen
        return cut_texts(chosen[:MOST_CUT], self.tokenizer, min(limits), run.workload.cut)[0]


def look(
    model: Model, runs: Iterable[Run], texts: Sequence[SourceText]
) -> tuple[Overlong | None, list[Shortfall]]:
    """Overlong texts, and the runs whose n does not fit; where texts are overlong, once they are cut.

    Raises:
        UserError: the model's files, or the labels, are not what they must be.
    """
    fittings = [(alike, model.fitting(alike[0])) for alike in _alike(runs)]
    overlong = _overlong(model, fittings, texts)
    most = overlong.cut if overlong else None
    found = (short for alike, fitting in fittings for short in _short(model, alike, fitting, texts, most))
    return overlong, list(found)


def counted(run: Run, there: int) -> Shortfall | None:
    """A run whose n is more than the texts that there are; None where that is no trouble."""
    load, packs = run.workload, LAYOUTS[run.workload.layout].packs
    if load.n <= there or not (packs or (load.texts is None and not load.fit)):
        return None
    takes = "a prompt takes" if packs else "n asks for"
    return Shortfall(run, f"{takes} {load.n:,} texts, and there are {there:,}", there)


def _alike(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Runs with the same prompts, the same context, and answers of the same length."""
    found: dict[tuple[PromptSet, str], list[Run]] = {}
    for run in runs:
        room = room_of(run.workload, run.engine.args.as_vllm())
        found.setdefault((run.prompts, canonical_json(room)), []).append(run)
    yield from found.values()


def _overlong(
    model: Model, fittings: Iterable[tuple[Sequence[Run], Fitting]], texts: Sequence[SourceText]
) -> Overlong | None:
    found: dict[SourceText, tuple[int, int]] = {}
    cuts: list[int] = []
    longer: list[int | None] = []
    for (run, *_), fitting in fittings:
        if alone := fitting.too_long(model.lengths_of(run, texts)):
            found |= {text: (tokens, fitting.context) for tokens, text in alone}
            members = [text for _, text in alone]
            cuts.append(fitting.longest_cut(members, run.workload.cut) or 0)
            need = fitting.longest(list(enumerate(members)), 1)
            longer.append(model.longer(run, need.whole) if need else None)
    if not found:
        return None
    longest, (tokens, context) = max(found.items(), key=lambda each: each[1][0])
    enough = [each for each in longer if each]
    raised = max(enough) if len(enough) == len(longer) else None
    return Overlong(longest, tokens, context, len(found) - 1, min(cuts) or None, raised)


def _short(
    model: Model, alike: Sequence[Run], fitting: Fitting, texts: Sequence[SourceText], most: int | None
) -> Iterator[Shortfall]:
    """Of each of some runs that are alike, if there is no room for their n."""
    run, there = alike[0], len(texts)
    short = counted(run, there)
    if not LAYOUTS[run.workload.layout].packs:
        yield from (Shortfall(each, short.what, there) for each in alike if short)
        return
    n, chosen = run.prompts.n, model.lengths_of(run, texts, most)
    if short:
        largest = fitting.largest_n_up_to(n, chosen)
        context = f"the context of {run.engine.model} ({fitting.context:,})"
        more = f", more than {context} holds in one prompt" if largest < there else ""
        yield from (Shortfall(each, short.what + more, largest) for each in alike)
    elif (need := fitting.longest(chosen, n)) and need.whole > fitting.context:
        largest = fitting.largest_n(chosen, n)
        what = (
            f"a prompt of {n:,} texts needs {need.whole:,} tokens with its answer, and the context of "
            f"{run.engine.model} is {fitting.context:,}"
        )
        yield from (Shortfall(each, what, largest, model.longer(each, need.whole)) for each in alike)
