"""Which texts a run uses: samples that are fair, repeatable and nested."""

from collections import Counter
from random import Random

import pytest

from batchscope.inputs.texts.selection import arrange, in_proportion
from batchscope.inputs.texts.source_text import SourceText

SORTED = [SourceText(f"text {number}", "a" if number < 300 else "b", str(number)) for number in range(400)]
"""As a file that is sorted by label: 300 of one, then 100 of the other."""


def test_first_keeps_the_order_of_the_file() -> None:
    assert arrange(SORTED, "first", 0) == SORTED
    assert arrange(SORTED, "first", 7) == SORTED


@pytest.mark.parametrize("selection", ["random", "stratified"])
def test_a_sample_loses_no_text_and_depends_on_the_seed_alone(selection) -> None:
    one, same, other = (arrange(SORTED, selection, seed) for seed in (3, 3, 4))
    assert one == same
    assert one != other
    assert sorted(one) == sorted(other) == sorted(SORTED)


def test_a_seed_draws_the_same_texts_on_every_platform() -> None:
    assert [text.id for text in arrange(SORTED, "random", 0)][:6] == [
        "40",
        "186",
        "225",
        "310",
        "266",
        "169",
    ]


def test_a_random_sample_of_a_sorted_file_mixes_the_labels() -> None:
    """The share of a label in the first 100 of 400, over many seeds: hypergeometric, mean 75, deviation 3.76."""
    counts = [
        Counter(text.label for text in arrange(SORTED, "random", seed)[:100])["a"] for seed in range(200)
    ]
    assert 74.2 < sum(counts) / len(counts) < 75.8  # three standard errors
    assert 3.2 < (sum((count - 75) ** 2 for count in counts) / len(counts)) ** 0.5 < 4.4


def test_every_text_may_come_first() -> None:
    few = SORTED[:5]
    counts = Counter(arrange(few, "random", seed)[0].id for seed in range(1000))
    assert set(counts) == {text.id for text in few}
    assert max(counts.values()) < 2 * min(counts.values())


@pytest.mark.parametrize("seed", range(40))
def test_each_start_of_a_stratified_order_holds_each_class_in_its_share(seed: int) -> None:
    rng = Random(seed)
    sizes = [rng.choice([1, 2, 3, rng.randint(1, 150)]) for _ in range(rng.randint(1, 30))]
    classes = [name for name, size in enumerate(sizes) for _ in range(size)]
    rng.shuffle(classes)
    order = in_proportion(classes)
    assert sorted(order) == list(range(len(classes)))
    taken = [0] * len(sizes)
    for count, item in enumerate(order, start=1):
        taken[classes[item]] += 1
        assert all(
            abs(have - count * size / len(classes)) < 1 for have, size in zip(taken, sizes, strict=True)
        ), f"after {count} of {len(classes)}"


@pytest.mark.parametrize(
    ("labels", "first", "counts"),
    [
        (["a"] * 300 + ["b"] * 100, 40, {"a": 30, "b": 10}),
        (["a"] * 50 + [None] * 50, 10, {"a": 5, None: 5}),
        (
            [str(number) for number in range(10) for _ in range(20)],
            20,
            {str(number): 2 for number in range(10)},
        ),
        ([None] * 30, 7, {None: 7}),
    ],
)
def test_stratified_texts(labels, first, counts) -> None:
    texts = [SourceText(f"text {number}", label) for number, label in enumerate(labels)]
    for seed in range(3):
        sample = arrange(texts, "stratified", seed)[:first]
        assert Counter(text.label for text in sample) == counts


def test_nothing_to_choose_from() -> None:
    assert arrange([], "random", 0) == arrange([], "stratified", 0) == in_proportion([]) == []
