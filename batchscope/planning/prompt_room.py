"""What a model has room for: runs whose n does not fit, and texts that no prompt holds.

Found by making prompts: all that may be too long, or of many the longest ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from batchscope.common.atomic_files import read_json
from batchscope.common.canonical_json import canonical_json
from batchscope.config.configuration import Config
from batchscope.config.prompts import LAYOUTS
from batchscope.inputs.answers.limits import longest_answer
from batchscope.inputs.chat import chat_template
from batchscope.inputs.context import context_length
from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.fitting import Fitting
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import NumberedText, maker_of
from batchscope.inputs.texts.source_text import SourceText
from batchscope.planning.checks.gpu_facts import visible_gpus
from batchscope.planning.checks.memory import longest_context
from batchscope.planning.checks.model_files import ModelFiles
from batchscope.planning.checks.situation import EngineUse
from batchscope.planning.sampled_sizes import sample_size, texts_of_pass, tokens_per_text
from batchscope.planning.sweep_plan import name_in_plan
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
    """``max_model_len`` with which there is room for all prompts, where that is what limits the context"""


@dataclass(frozen=True)
class Overlong:
    """Texts that no prompt of a model holds, not even alone."""

    longest: SourceText
    tokens: int
    """of the longest one's prompt"""
    context: int
    texts: frozenset[SourceText]
    """all of them"""
    cut: int | None
    """tokens to which all texts may be cut so that they fit; None: that does not help"""
    longer: int | None = None
    """``max_model_len`` with which there is room for all prompts, those of several texts too, if it is what
    limits their contexts"""


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
        """What fits texts into this run's prompts."""
        task = self.config.task
        return Fitting(
            maker_of(run.prompts, self.config.prompts, self.tokenizer, task, self.template),
            context_length(self.folder, run.engine.args.as_vllm()),
            longest_answer(run.workload, task, self.tokenizer),
            MOST_BYTES,
        )

    def longest_context(self, run: Run) -> int:
        """To what ``max_model_len`` can be raised; 0 where it is not what limits the context.

        The model has positions for so much, memory holds it, and so does a step where prompts are not split.
        """
        arguments = run.engine.args.as_vllm()
        if not arguments.get("max_model_len"):
            return 0
        own = context_length(self.folder, {**arguments, "max_model_len": None})
        step = (
            None if arguments.get("enable_chunked_prefill", True) else arguments.get("max_num_batched_tokens")
        )
        held = longest_context(self._use(run), visible_gpus() if run.gpus else [])
        return min(limit for limit in (own, step, held) if limit is not None)

    def _use(self, run: Run) -> EngineUse:
        engine, config = run.engine, self.config
        files = ModelFiles(engine.model, self.folder, read_json(self.folder / "config.json") or {}, None)
        asset, environment = config.models[engine.model], config.environments[engine.environment]
        return EngineUse((run,), asset, environment, files, config.engine.args.as_vllm())

    def lengths_of(
        self, run: Run, texts: Sequence[SourceText], most: int | None = None
    ) -> list[NumberedText]:
        """The texts of a run, cut as it asks for, and to ``most`` tokens."""
        chosen = list(enumerate(texts[: run.workload.total_texts]))
        limits = [limit for limit in (run.workload.text_tokens, most) if limit]
        if not limits:
            return chosen
        return cut_texts(chosen[:MOST_CUT], self.tokenizer, min(limits), run.workload.cut)[0]

    def tokens_of(self, runs: Iterable[Run], texts: Sequence[SourceText]) -> dict[str, int]:
        """Prompt tokens of a pass of each run, by its name in the plan, from a sample of its prompts."""
        found: dict[str, int] = {}
        for alike in _alike(runs):
            run = alike[0]
            sample = self.lengths_of(run, texts[: sample_size(run)])
            if sample:
                a_text = tokens_per_text(run, self.fitting(run), sample)
                found |= {
                    name_in_plan(each): round(a_text * texts_of_pass(each, len(texts))) for each in alike
                }
        return found


@dataclass(frozen=True)
class Place:
    """Runs that are alike, and what their context holds of their texts as they are."""

    alike: Sequence[Run]
    fitting: Fitting
    alone: Sequence[tuple[int, SourceText]]
    """texts that no prompt holds, each with that prompt's tokens; longest first"""
    whole: int
    """tokens that the neediest prompt takes, with its answer; 0 where none is near the context"""
    needed: int
    """tokens without which there is a problem: ``whole``, or where runs are to fit, that of one text alone"""

    @property
    def run(self) -> Run:
        """One of the runs."""
        return self.alike[0]

    @property
    def is_crowded(self) -> bool:
        """Whether the context holds less than is needed."""
        return self.needed > self.fitting.context


def look(
    model: Model, runs: Iterable[Run], texts: Sequence[SourceText]
) -> tuple[Overlong | None, list[Shortfall]]:
    """Overlong texts, and the runs whose n does not fit: once those are cut, or where no cut helps, dropped.

    Raises:
        UserError: the model's files, or the labels, are not what they must be.
    """
    places = [_place(model, alike, texts) for alike in _alike(runs)]
    overlong = _overlong(model, places)
    return overlong, [short for place in places for short in _short(model, place, texts, overlong)]


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


def _place(model: Model, alike: Sequence[Run], texts: Sequence[SourceText]) -> Place:
    run, fitting = alike[0], model.fitting(alike[0])
    chosen = model.lengths_of(run, texts)
    found = fitting.too_long(chosen)
    members = {text for _, text in found}
    alone = _whole(fitting, [each for each in chosen if each[1] in members], 1)
    whole = max(alone, _whole(fitting, chosen, run.prompts.n))
    return Place(alike, fitting, found, whole, alone if run.workload.fit else whole)


def _whole(fitting: Fitting, texts: Sequence[NumberedText], n: int) -> int:
    need = fitting.longest(texts, n)
    return need.whole if need else 0


def _overlong(model: Model, places: Sequence[Place]) -> Overlong | None:
    found = {text: (tokens, place.fitting.context) for place in places for tokens, text in place.alone}
    if not found:
        return None
    longest, (tokens, context) = max(found.items(), key=lambda each: each[1][0])
    return Overlong(
        longest,
        tokens,
        context,
        frozenset(found),
        min(_cut(model, place) for place in places if place.alone) or None,
        _longer(model, [place for place in places if place.is_crowded]),
    )


def _cut(model: Model, place: Place) -> int:
    """Tokens to which overlong texts may be cut to fit alone, in the layout ``separate`` too; 0: to none."""
    members, run = [text for _, text in place.alone], place.run
    fittings = [place.fitting]
    if LAYOUTS[run.workload.layout].packs:
        single = run.workload.model_copy(update={"layout": "separate", "n": 1, "numbered": False})
        fittings.append(model.fitting(replace(run, workload=single)))
    return min(fitting.longest_cut(members, run.workload.cut) or 0 for fitting in fittings)


def _longer(model: Model, crowded: Sequence[Place]) -> int | None:
    """``max_model_len`` with which all these places have room; None where that cannot be."""
    enough = all(place.needed <= model.longest_context(place.run) for place in crowded)
    return max(place.needed for place in crowded) if enough else None


def _short(
    model: Model, place: Place, texts: Sequence[SourceText], overlong: Overlong | None
) -> Iterator[Shortfall]:
    """Of each of some runs that are alike, if there is no room for their n."""
    run, there, fitting = place.run, len(texts), place.fitting
    short = counted(run, there)
    if not LAYOUTS[run.workload.layout].packs:
        yield from (Shortfall(each, short.what, there) for each in place.alike if short)
        return
    n, chosen = run.prompts.n, model.lengths_of(run, texts, overlong.cut if overlong else None)
    if overlong and not overlong.cut:
        chosen = [each for each in chosen if each[1] not in overlong.texts]
    if short:
        largest = fitting.largest_n_up_to(n, chosen)
        context = f"the context of {run.engine.model} ({fitting.context:,})"
        more = f", more than {context} holds in one prompt" if largest < there else ""
        yield from (Shortfall(each, short.what + more, largest) for each in place.alike)
        return
    whole = _whole(fitting, chosen, n) if overlong else place.whole
    if whole > fitting.context:
        largest = fitting.largest_n(chosen, n)
        what = (
            f"a prompt of {n:,} texts needs {whole:,} tokens with its answer, and the context of "
            f"{run.engine.model} is {fitting.context:,}"
        )
        longer = overlong.longer if overlong else _longer(model, [place])
        yield from (Shortfall(each, what, largest, longer) for each in place.alike)
