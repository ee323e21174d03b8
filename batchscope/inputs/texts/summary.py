"""What a data set holds: counts, lengths, characters, and what a user should know before measuring."""

import heapq
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple, TypedDict

from batchscope.config.dataset import Selection
from batchscope.inputs.texts.balance import largest_class, one_class_warning
from batchscope.inputs.texts.characters import count_invisible, count_scripts
from batchscope.inputs.texts.source_text import Copies, Loaded, SourceText, content_sha256, where

LONGEST_LISTED = 5
FIRST_TEXTS = (40, 100, 400)
"""So many texts small runs take; each such start of the data set should hold more than one class."""

MIXED = 0.8
"""Where no class has a larger share, 40 texts of one class hardly come together by chance (0.002)."""

LABELS_SHOWN = 12


class Lengths(TypedDict):
    """Lengths over all texts, in characters or in words (runs of non-blank characters)."""

    mean: float
    median: float
    min: int
    max: int


class LargestShare(TypedDict):
    """The most frequent gold label and its share of those texts that have one."""

    label: str
    share: float


class LongText(TypedDict):
    """One of the longest texts, and where the user finds it."""

    id: str
    place: str
    characters: int


class Summary(TypedDict):
    """What ``summary.json`` holds; equal data sets give equal files."""

    source: str
    rows: int
    labels: dict[str, int]
    unlabelled: int
    largest_class: LargestShare | None
    characters: Lengths
    words: Lengths
    with_line_breaks: int
    scripts: dict[str, int]
    invisible: dict[str, int]
    longest: list[LongText]
    duplicates: Copies
    warnings: list[str]
    sha256: str
    order: str
    select: Selection
    seed: int
    provenance: dict[str, str | int]
    notes: list[str]


class Choice(NamedTuple):
    """How the texts are chosen, as the configuration has it."""

    source: str
    select: Selection
    seed: int


def summarise(
    texts: Sequence[SourceText], names: Sequence[str], choice: Choice, copies: Copies, loaded: Loaded
) -> Summary:
    """The summary of the texts that are kept; there must be at least one.

    Args:
        texts: The texts in the order in which runs take them.
        names: The task's labels; those that no text has are counted too.
        choice: How they were chosen.
        copies: What was found of copies.
        loaded: What the source gave, for its order and origin.
    """
    labels = [text.label for text in texts]
    counts = Counter(labels)
    largest = largest_class(labels)
    return Summary(
        source=choice.source,
        rows=len(texts),
        labels={name: counts[name] for name in names},
        unlabelled=counts[None],
        largest_class=None
        if largest is None
        else LargestShare(label=largest.label, share=round(largest.share, 6)),
        characters=_lengths([len(text.content) for text in texts]),
        words=_lengths([len(text.content.split()) for text in texts]),
        with_line_breaks=sum("\n" in text.content or "\r" in text.content for text in texts),
        scripts=count_scripts(text.content for text in texts),
        invisible=count_invisible(text.content for text in texts),
        longest=_longest(texts),
        duplicates=copies,
        warnings=_warnings(labels, choice.select),
        sha256=content_sha256(texts),
        order=loaded.order,
        select=choice.select,
        seed=choice.seed,
        provenance=loaded.provenance,
        notes=list(loaded.notes),
    )


def describe(summary: Summary) -> str:
    """The summary in a few lines for a person."""
    characters, words = summary["characters"], summary["words"]
    lines = [
        f"{summary['rows']:,} text{'s' * (summary['rows'] != 1)} from source {summary['source']}: "
        f"{_describe_labels(summary)}",
        *summary["notes"],
        f"order: {_describe_order(summary)}",
        f"words: mean {words['mean']:.0f}, median {words['median']:.0f}, {words['min']} to {words['max']:,}; "
        f"characters: mean {characters['mean']:,.0f}, {characters['min']} to {characters['max']:,}",
        f"longest: {_describe_longest(summary)}",
        _describe_copies(summary["duplicates"]),
    ]
    if list(summary["scripts"]) != ["Latin"]:
        lines.append(f"scripts, by most letters: {_counted(summary['scripts'])}")
    if invisible := summary["invisible"]:
        lines.append(
            f"texts with invisible characters: {_counted(invisible)}; a model reads them all the same"
        )
    if breaks := summary["with_line_breaks"]:
        lines.append(
            f"texts with line breaks of their own: {breaks:,}; a packed prompt separates texts by them"
        )
    return "\n".join([*lines, *(f"warning: {warning}" for warning in summary["warnings"])])


def _warnings(labels: Sequence[str | None], select: Selection) -> list[str]:
    warning = one_class_warning(labels, f"these {len(labels):,} texts")
    if warning:
        return [warning]
    largest = largest_class(labels)
    if select != "first" or largest is None or largest.share > MIXED:
        return []
    starts = (one_class_warning(labels[:count], f"the first {count:,} texts") for count in FIRST_TEXTS)
    found = next(filter(None, starts), None)
    if found is None:
        return []
    return [f"{found}; they are sorted by label, it seems: set dataset.select to random or stratified"]


def _longest(texts: Sequence[SourceText]) -> list[LongText]:
    longest = heapq.nlargest(LONGEST_LISTED, texts, key=lambda text: len(text.content))
    return [LongText(id=text.id, place=where(text), characters=len(text.content)) for text in longest]


def _lengths(values: list[int]) -> Lengths:
    return Lengths(mean=round(fmean(values), 2), median=median(values), min=min(values), max=max(values))


def _describe_labels(summary: Summary) -> str:
    counted = [(count, name) for name, count in summary["labels"].items()]
    if summary["unlabelled"] == summary["rows"]:
        return "none has a gold label, so there is no accuracy"
    shown = [f"{count:,} {name}" for count, name in counted[:LABELS_SHOWN]]
    if len(counted) > LABELS_SHOWN:
        shown.append(f"... ({len(counted):,} labels)")
    if summary["unlabelled"]:
        shown.append(f"{summary['unlabelled']:,} without a gold label")
    return ", ".join(shown)


def _describe_order(summary: Summary) -> str:
    how = {
        "first": summary["order"],
        "random": f"random (dataset.seed: {summary['seed']})",
        "stratified": f"random, each label in its share (dataset.seed: {summary['seed']})",
    }
    return f"{how[summary['select']]}; a run of m texts takes the first m"


def _describe_longest(summary: Summary) -> str:
    longest = summary["longest"][0]
    return f"{longest['characters']:,} characters, {longest['place']}"


def _describe_copies(copies: Copies) -> str:
    if not copies["found"]:
        return "no copies of earlier texts"
    fate = "dropped (deduplicate: true)" if copies["dropped"] else "kept (deduplicate: false)"
    what = (
        "1 copy of an earlier text"
        if copies["found"] == 1
        else f"{copies['found']:,} copies of earlier texts"
    )
    conflicts = f", {copies['label_conflicts']:,} with another label," if copies["label_conflicts"] else ""
    return f"{what}{conflicts} {fate}"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
