"""A labelled review, and what all sources of reviews share: copies, statistics, the dataset's two files."""

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Literal, NamedTuple, TypedDict

Label = Literal["positive", "negative"]
COLUMNS = ("review_id", "review", "label")


class Review(NamedTuple):
    """One text, exactly as its source has it, with its gold label."""

    text: str
    label: Label


class Loaded(NamedTuple):
    """All reviews of a source, in which order they are, and where they come from."""

    reviews: list[Review]
    order: str
    provenance: dict[str, str | int]


class Copies(TypedDict):
    """Reviews whose text equals an earlier review's, character for character."""

    found: int
    label_conflicts: int
    dropped: int


class Lengths(TypedDict):
    """Lengths over all reviews, in characters or in words (runs of non-blank characters)."""

    mean: float
    median: float
    min: int
    max: int


class Summary(TypedDict):
    """What ``summary.json`` holds; equal datasets give equal files."""

    source: str
    rows: int
    labels: dict[str, int]
    characters: Lengths
    words: Lengths
    with_line_breaks: int
    duplicates: Copies
    sha256: str
    order: str
    provenance: dict[str, str | int]


def deduplicate(reviews: Sequence[Review], *, drop: bool) -> tuple[list[Review], Copies]:
    """Count the copies of earlier reviews and, with ``drop``, leave them out.

    A label conflict is a copy whose label differs from the first one's.
    """
    first_label: dict[str, Label] = {}
    kept: list[Review] = []
    found = conflicts = 0
    for review in reviews:
        is_copy = review.text in first_label
        found += is_copy
        conflicts += first_label.setdefault(review.text, review.label) != review.label
        if not (is_copy and drop):
            kept.append(review)
    return kept, Copies(found=found, label_conflicts=conflicts, dropped=len(reviews) - len(kept))


def content_sha256(reviews: Iterable[Review]) -> str:
    """SHA-256 over texts and labels in order: one JSON array ``[text, label]`` a line, UTF-8."""
    digest = hashlib.sha256()
    for review in reviews:
        digest.update(json.dumps(review, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def summarise(
    reviews: Sequence[Review], source: str, copies: Copies, order: str, provenance: dict[str, str | int]
) -> Summary:
    """The summary of the reviews that are kept; there must be at least one."""
    return Summary(
        source=source,
        rows=len(reviews),
        labels={
            label: sum(review.label == label for review in reviews) for label in ("positive", "negative")
        },
        characters=_lengths([len(review.text) for review in reviews]),
        words=_lengths([len(review.text.split()) for review in reviews]),
        with_line_breaks=sum("\n" in review.text or "\r" in review.text for review in reviews),
        duplicates=copies,
        sha256=content_sha256(reviews),
        order=order,
        provenance=provenance,
    )


def describe(summary: Summary) -> str:
    """The summary in a few lines for a person."""
    labels, characters, words = summary["labels"], summary["characters"], summary["words"]
    lines = [
        f"{summary['rows']:,} reviews from source {summary['source']}: "
        f"{labels['positive']:,} positive, {labels['negative']:,} negative",
        f"words: mean {words['mean']:.0f}, median {words['median']:.0f}, {words['min']} to {words['max']:,}; "
        f"characters: mean {characters['mean']:,.0f}, {characters['min']} to {characters['max']:,}",
        _describe_copies(summary["duplicates"]),
    ]
    if breaks := summary["with_line_breaks"]:
        lines.append(
            f"{breaks:,} reviews hold line breaks of their own; a packed prompt separates reviews by them"
        )
    return "\n".join(lines)


def write_reviews(reviews: Iterable[Review], path: Path) -> None:
    r"""Write the rows ``review_id,review,label``; texts are quoted, rows end in ``\n``."""
    # Texts are always quoted: Python 3.11 leaves a lone "\r" bare otherwise, which ends the row for a reader.
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((number, review.text, review.label) for number, review in enumerate(reviews))


def read_reviews(path: Path) -> list[Review]:
    """Read the reviews that `write_reviews` wrote, in order of ``review_id``."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Review(row["review"], _known_label(row["label"])) for row in csv.DictReader(file)]


def _known_label(text: str) -> Label:
    if text == "positive":
        return "positive"
    if text == "negative":
        return "negative"
    raise ValueError(text)


def _lengths(values: list[int]) -> Lengths:
    return Lengths(mean=round(fmean(values), 2), median=median(values), min=min(values), max=max(values))


def _describe_copies(copies: Copies) -> str:
    if not copies["found"]:
        return "no copies of earlier reviews"
    fate = "dropped (deduplicate: true)" if copies["dropped"] else "kept (deduplicate: false)"
    what = (
        "1 copy of an earlier review"
        if copies["found"] == 1
        else f"{copies['found']:,} copies of earlier reviews"
    )
    conflicts = f", {copies['label_conflicts']:,} with another label," if copies["label_conflicts"] else ""
    return f"{what}{conflicts} {fate}"
