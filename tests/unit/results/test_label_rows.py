"""Labels of runs: a row each, attached to their runs."""

from random import Random

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.analysis_helpers import labelled, make_run, write_labels
from support.label_answers import PUBLISHED, N, P, answers_to, label_tokenizer, none_for_na, packed, scored
from tokenizers import Tokenizer

from batchscope.common.errors import UserError
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.prompts import write_prompts
from batchscope.inputs.texts.reviews import Review
from batchscope.results.asked_prompts import read_answers, read_prompts
from batchscope.results.label_rows import (
    LABELS,
    label_rows,
    load_labels,
    with_labels,
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return label_tokenizer()


@pytest.mark.parametrize("n", [4, 5, 12])
def test_reviews_keep_their_labels_in_any_order(tmp_path, tokenizer, n):
    """Errors planted at known reviews stay with them, and the positions follow the permutation."""
    reviews = [(number, Review(f"Review {number}.", P if number % 3 else N)) for number in range(24)]
    wrong = {2, 7, 11, 23}
    said = {number: review.label for number, review in reviews}
    said |= {number: N if said[number] == P else P for number in wrong}
    straight = scored(tmp_path, tokenizer, packed(tokenizer, reviews, n), said)
    order = Random(1).sample(range(24), 24)
    mixed = scored(tmp_path, tokenizer, packed(tokenizer, [reviews[number] for number in order], n), said)

    assert set(straight.loc[straight["label"] != straight["gold"], "review_id"]) == wrong
    by_review = {"straight": straight, "mixed": mixed.sort_values("review_id")}
    labels = {name: rows[["review_id", "gold", "label"]].values.tolist() for name, rows in by_review.items()}
    assert labels["mixed"] == labels["straight"]
    assert list(mixed["review_id"]) == order
    assert list(mixed["prompt"]) == [place // n for place in range(24)]
    assert list(mixed["position"]) == [place % n for place in range(24)]
    assert list(mixed["n"]) == [min(n, 24 - place // n * n) for place in range(24)]


def test_a_label_left_out_shifts_those_behind_it(tmp_path, tokenizer):
    reviews = [(number, Review(f"{number}", label)) for number, label in enumerate([P, N, N, P])]
    rows = scored(tmp_path, tokenizer, packed(tokenizer, reviews, 4), {0: P, 1: "unclear", 2: N, 3: P})
    assert none_for_na(rows) == [P, N, P, None]
    assert rows["found"].tolist() == [3, 3, 3, 3]


def test_every_duplicate_and_repeat_has_its_rows(tmp_path, tokenizer):
    reviews = [(number, Review(f"{number}", P)) for number in (5, 3, 8)]
    prompts = packed(tokenizer, reviews, 2, duplicates=2)
    path = tmp_path / "prompts.jsonl"
    write_prompts(prompts, path)
    once = answers_to(tokenizer, prompts, {5: P, 3: N, 8: P})
    answers = pd.concat([once, once.assign(repeat=1)], ignore_index=True)
    rows = label_rows(
        "r", answers, read_prompts(path), AnswerReader(tokenizer, PUBLISHED), PUBLISHED.names
    ).to_pandas()
    assert rows["review_id"].tolist() == [5, 3, 8] * 4
    assert rows["duplicate"].tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3
    assert rows["repeat"].tolist() == [0] * 6 + [1] * 6
    assert rows["label"].tolist() == [P, N, P] * 4


def test_damaged_files_are_named(tmp_path):
    bad = tmp_path / "prompts.jsonl"
    bad.write_text('{"id": 0, "review_ids"')
    with pytest.raises(UserError, match=r"prompts\.jsonl: cannot be read"):
        read_prompts(bad)
    with pytest.raises(UserError, match=r"requests\.parquet: cannot be read"):
        read_answers(tmp_path)
    (tmp_path / "labels.parquet").write_text("no")
    with pytest.raises(UserError, match=r"labels\.parquet: damaged: cannot be read"):
        load_labels(tmp_path / "labels.parquet")
    pq.write_table(LABELS.empty_table().drop_columns(["gold"]), tmp_path / "old.parquet")
    with pytest.raises(UserError, match="no column 'gold'"):
        load_labels(tmp_path / "old.parquet")


def test_labels_are_attached_to_their_runs(tmp_path):
    records = [make_run(tmp_path, study="mine", n=2, seconds=(1.0,)), make_run(tmp_path, study="other", n=2)]
    write_labels(
        tmp_path / "labels" / "mine.parquet", labelled("+-:+-", run="packed-n2"), labelled("+:+", run="gone")
    )
    mine, other = with_labels(records, tmp_path / "labels")
    assert mine.labels["label"].tolist() == [P, N]
    assert other.labels.empty, "its study has no file"


def test_labels_of_other_repeats_are_refused(tmp_path):
    record = make_run(tmp_path, study="mine", n=2, seconds=(1.0, 1.0))
    write_labels(tmp_path / "labels" / "mine.parquet", labelled("+-:+-", run="packed-n2"))
    with pytest.raises(UserError, match="rows of packed-n2 are not those of its repeats"):
        with_labels([record], tmp_path / "labels")
