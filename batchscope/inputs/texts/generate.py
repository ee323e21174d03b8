"""Reviews of IMDB's length and style from a seeded generator.

Most sentences of a review judge in the sense of its label, some argue for the other side, and many describe
the plot. The label can be learned from many words, but from no single one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts import vocabulary as v
from batchscope.inputs.texts.source_text import Loaded, SourceText

# (share of reviews, their words at most), read off IMDB (mean 231 words, median 173). A table and not a
# lognormal law: log and exp may differ in the last bit between platforms, and the reviews must not.
WORDS_AT_SHARE = (
    (0.0, 18),
    (0.01, 40),
    (0.05, 63),
    (0.10, 87),
    (0.25, 126),
    (0.50, 172),
    (0.75, 283),
    (0.90, 445),
    (0.95, 587),
    (0.99, 854),
    (1.0, 1400),
)
SHORT = 45  # words; such a review has no opening, only judgements
HALF_A_SENTENCE = 8  # words; stopping this early makes lengths right on average

PARAGRAPH = "<br /><br />"
SHARE_WITH_PARAGRAPHS = 0.62
PARAGRAPH_AFTER_SENTENCE = 0.17
EXCLAMATION = 0.05

LABEL_BLOCK = 100
SHARE_WITH_CLOSING = 0.75

# Shares of the sentences between opening and closing; the rest are judgements.
_KINDS = (("plot", 0.15), ("aside", 0.15), ("concession", 0.12), ("mixed", 0.2), ("plain", 0.12))
_COMMON: dict[str, Sequence[str]] = {
    "part": v.PARTS_SINGULAR + v.PARTS_PLURAL,
    "part_is": [f"{part} is" for part in v.PARTS_SINGULAR] + [f"{part} are" for part in v.PARTS_PLURAL],
    "part_was": [f"{part} was" for part in v.PARTS_SINGULAR] + [f"{part} were" for part in v.PARTS_PLURAL],
    "trait": v.TRAITS,
    "scene": v.SCENES,
    "deed": v.DEEDS,
    "era": v.ERAS,
    "genre": v.GENRES,
    "job": v.JOBS,
    "relative": v.RELATIVES,
    "place": v.PLACES,
    "first_name": v.FIRST_NAMES,
    "last_name": v.LAST_NAMES,
    "title_adjective": v.TITLE_ADJECTIVES,
    "title_noun": v.TITLE_NOUNS,
    "opening": v.OPENINGS,
    "plot": v.PLOT,
    "aside": v.ASIDES,
    "judgement": v.JUDGEMENTS,
    "mixed": v.MIXED,
    "concession": v.CONCESSIONS,
}
_POSITIVE: dict[str, Sequence[str]] = {
    "noun": v.POSITIVE_NOUNS,
    "plain": v.POSITIVE_SENTENCES,
    "closing": v.POSITIVE_CLOSINGS,
}
_NEGATIVE: dict[str, Sequence[str]] = {
    "noun": v.NEGATIVE_NOUNS,
    "plain": v.NEGATIVE_SENTENCES,
    "closing": v.NEGATIVE_CLOSINGS,
}


def load(dataset: Dataset, _: Path, __: Task) -> Loaded:
    """As many reviews as the block ``generated`` says, see `batchscope.inputs.texts.sources`."""
    count, seed = dataset.generated.texts, dataset.generated.seed
    return Loaded(generate_reviews(count, seed), "as generated", {"texts": count, "seed": seed})


def generate_reviews(count: int, seed: int) -> list[SourceText]:
    """Write ``count`` distinct labelled reviews; the same arguments give the same reviews on every Python.

    Half of every 100 reviews are positive, in random order. With the same seed, a larger count begins with
    the reviews of a smaller one, up to its last full 100. No review holds a line break: like IMDB's,
    paragraphs end in ``<br /><br />``.

    Args:
        count: How many; 4,000 take about 0.2 s.
        seed: Not negative.
    """
    # Of all that Random offers, seeding by an int and random() alone are promised to stay the same.
    labels = _balanced_labels(count, Random(2 * seed))  # noqa: S311 -- no secret
    writer = _Writer(Random(2 * seed + 1))  # noqa: S311
    reviews: dict[str, SourceText] = {}
    for label in labels:
        text = writer.review(label)
        while text in reviews:
            text = writer.review(label)
        reviews[text] = SourceText(text, label, str(len(reviews)))
    return list(reviews.values())


def _balanced_labels(count: int, rng: Random) -> Iterator[str]:
    for start in range(0, count, LABEL_BLOCK):
        size = min(LABEL_BLOCK, count - start)
        block = _Deck(["positive"] * ((size + 1) // 2) + ["negative"] * (size // 2), rng)
        for _ in range(size):
            yield block.draw()


class _Deck:
    """Cards dealt in random order; none comes again before all have been dealt."""

    def __init__(self, cards: Sequence[str], rng: Random) -> None:
        self._cards, self._left, self._random = list(cards), len(cards), rng.random

    def draw(self) -> str:
        cards = self._cards
        self._left = (self._left or len(cards)) - 1
        chosen = int(self._random() * (self._left + 1))
        cards[chosen], cards[self._left] = cards[self._left], cards[chosen]
        return cards[self._left]


@dataclass(frozen=True)
class _Slots:
    """Where ``str.format_map`` looks up words: first the cast of the review, then the decks."""

    cast: Mapping[str, str]
    decks: Mapping[str, _Deck]

    def __getitem__(self, slot: str) -> str:
        return self.cast.get(slot) or self.decks[slot].draw()


class _Writer:
    """Writes one review after the other from one random stream."""

    def __init__(self, rng: Random) -> None:
        self._random = rng.random
        good, bad = v.POSITIVE_ADJECTIVES, v.NEGATIVE_ADJECTIVES
        common = _decks(rng, _COMMON)
        self._decks: dict[str, dict[str, _Deck]] = {
            "positive": common | _decks(rng, _POSITIVE | {"adj": good, "anti": bad}),
            "negative": common | _decks(rng, _NEGATIVE | {"adj": bad, "anti": good}),
        }

    def review(self, label: str) -> str:
        decks = self._decks[label]
        slots = _Slots(_cast(decks), decks)
        wanted = _words_at(self._random())
        is_short = wanted <= SHORT
        body = [self._sentence(slots, "judgement" if is_short else "opening")]
        closing = (
            [self._sentence(slots, "closing")] if is_short or self._random() < SHARE_WITH_CLOSING else []
        )
        words = sum(map(_count, body + closing))
        while words < wanted - HALF_A_SENTENCE:
            body.append(self._sentence(slots, self._kind()))
            words += _count(body[-1])
        return self._paragraphs(body + closing)

    def _kind(self) -> str:
        share = self._random()
        for kind, weight in _KINDS:
            if share < weight:
                return kind
            share -= weight
        return "judgement"

    def _sentence(self, slots: _Slots, kind: str) -> str:
        text = slots.decks[kind].draw().format_map(slots)
        return text[0].upper() + text[1:] + ("!" if self._random() < EXCLAMATION else ".")

    def _paragraphs(self, sentences: Sequence[str]) -> str:
        chance = PARAGRAPH_AFTER_SENTENCE if self._random() < SHARE_WITH_PARAGRAPHS else 0.0
        pieces = [sentences[0]]
        for sentence in sentences[1:]:
            pieces += (PARAGRAPH if self._random() < chance else " ", sentence)
        return "".join(pieces)


def _decks(rng: Random, cards: Mapping[str, Sequence[str]]) -> dict[str, _Deck]:
    return {name: _Deck(items, rng) for name, items in cards.items()}


def _cast(decks: Mapping[str, _Deck]) -> dict[str, str]:
    """The names of one film, and who watched it."""

    def person() -> str:
        return f"{decks['first_name'].draw()} {decks['last_name'].draw()}"

    return {
        "title": f"The {decks['title_adjective'].draw()} {decks['title_noun'].draw()}",
        "lead": person(),
        "costar": person(),
        "director": person(),
        "hero": decks["first_name"].draw(),
        **{slot: decks[slot].draw() for slot in ("genre", "job", "relative", "place")},
    }


def _words_at(share: float) -> int:
    """The length that this share of reviews does not exceed, linear between the points of the table."""
    for (low, fewest), (high, most) in pairwise(WORDS_AT_SHARE):
        if share < high:
            return int(fewest + (most - fewest) * (share - low) / (high - low))
    return WORDS_AT_SHARE[-1][1]


def _count(sentence: str) -> int:
    return sentence.count(" ") + 1
