"""Labels of runs: a row each, attached to their runs."""

import math
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.analysis_helpers import labelled, make_run, write_labels
from support.label_answers import (
    PUBLISHED,
    N,
    P,
    answers_to,
    ids_of,
    label_tokenizer,
    none_for_na,
    packed,
    scored,
)
from tokenizers import Tokenizer

from batchscope.common.errors import UserError
from batchscope.config.task import Task
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.prompts import write_prompts
from batchscope.inputs.texts.source_text import SourceText
from batchscope.results.asked_prompts import AskedPrompt, read_answers, read_prompts
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
def test_texts_keep_their_labels_in_any_order(tmp_path, tokenizer, n):
    """Errors planted at known texts stay with them, and the positions follow the permutation."""
    texts = [(number, SourceText(f"Text {number}.", P if number % 3 else N)) for number in range(24)]
    wrong = {2, 7, 11, 23}
    said = {number: text.label for number, text in texts}
    said |= {number: N if said[number] == P else P for number in wrong}
    straight = scored(tmp_path, tokenizer, packed(tokenizer, texts, n), said)
    order = Random(1).sample(range(24), 24)
    mixed = scored(tmp_path, tokenizer, packed(tokenizer, [texts[number] for number in order], n), said)

    assert set(straight.loc[straight["label"] != straight["gold"], "text_id"]) == wrong
    by_text = {"straight": straight, "mixed": mixed.sort_values("text_id")}
    labels = {name: rows[["text_id", "gold", "label"]].values.tolist() for name, rows in by_text.items()}
    assert labels["mixed"] == labels["straight"]
    assert list(mixed["text_id"]) == order
    assert list(mixed["prompt"]) == [place // n for place in range(24)]
    assert list(mixed["position"]) == [place % n for place in range(24)]
    assert list(mixed["n"]) == [min(n, 24 - place // n * n) for place in range(24)]


def test_a_label_left_out_shifts_those_behind_it(tmp_path, tokenizer):
    texts = [(number, SourceText(f"{number}", label)) for number, label in enumerate([P, N, N, P])]
    rows = scored(tmp_path, tokenizer, packed(tokenizer, texts, 4), {0: P, 1: "unclear", 2: N, 3: P})
    assert none_for_na(rows) == [P, N, P, None]
    assert rows["found"].tolist() == [3, 3, 3, 3]


def test_every_duplicate_and_repeat_has_its_rows(tmp_path, tokenizer):
    texts = [(number, SourceText(f"{number}", P)) for number in (5, 3, 8)]
    prompts = packed(tokenizer, texts, 2, duplicates=2)
    path = tmp_path / "prompts.jsonl"
    write_prompts(prompts, path)
    once = answers_to(tokenizer, prompts, {5: P, 3: N, 8: P})
    answers = pd.concat([once, once.assign(repeat=1)], ignore_index=True)
    rows = label_rows(
        "r", answers, read_prompts(path), AnswerReader(tokenizer, PUBLISHED), PUBLISHED.names
    ).to_pandas()
    assert rows["text_id"].tolist() == [5, 3, 8] * 4
    assert rows["duplicate"].tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3
    assert rows["repeat"].tolist() == [0] * 6 + [1] * 6
    assert rows["label"].tolist() == [P, N, P] * 4


def answered(tokenizer, said, n=2, logprobs=None):
    """Requests of prompts of n texts each, answered as ``said``; the prompts ask about texts without a gold label."""
    rows = [ids_of(tokenizer, text) for text in said]
    answers = pd.DataFrame(
        {
            "repeat": 0,
            "prompt": range(len(said)),
            "output_token_ids": [pd.array(ids, "int32") for ids in rows],
        }
    )
    prompts = {
        number: AskedPrompt(tuple(range(number * n, number * n + n)), (None,) * n, 0)
        for number in range(len(said))
    }
    return (answers if logprobs is None else answers.assign(label_logprobs=logprobs)), prompts


def test_texts_without_a_gold_label_have_none(tokenizer):
    answers, prompts = answered(tokenizer, ["positive\nnegative", "positive"])
    table = label_rows("r", answers, prompts, AnswerReader(tokenizer, PUBLISHED), PUBLISHED.names)
    assert table.schema == LABELS
    rows = table.to_pandas()
    assert rows["gold"].isna().all()
    assert none_for_na(rows) == [P, N, P, None]
    assert rows["confidence"].isna().all()


def test_missing_and_surplus_labels_are_counted(tokenizer):
    answers, prompts = answered(tokenizer, ["positive", "positive\nnegative\nnegative", "positive\nnegative"])
    rows = label_rows("r", answers, prompts, AnswerReader(tokenizer, PUBLISHED), PUBLISHED.names).to_pandas()
    assert rows["missing"].tolist() == [1, 1, 0, 0, 0, 0]
    assert rows["surplus"].tolist() == [0, 0, 1, 1, 0, 0]
    assert rows["found"].tolist() == [1, 1, 3, 3, 2, 2]


def test_confidence_is_the_answered_labels_share_of_all_labels(tokenizer, tmp_path):
    """Written to requests.parquet and read back; other tokens than labels may have had a share, too."""
    logprobs = [
        [[math.log(0.6), math.log(0.2)], [math.log(0.3), None]],
        [None, [math.log(0.1), math.log(0.4)]],
        None,
    ]
    answers, prompts = answered(tokenizer, ["positive\nnegative", "positive\nnegative", "positive"])
    written = pa.Table.from_pydict({
        "repeat": [0, 0, 0], "prompt": [0, 1, 2],
        "output_token_ids": [list(ids) for ids in answers["output_token_ids"]],
        "label_logprobs": pa.array(logprobs, pa.list_(pa.list_(pa.float32()))),
    })  # fmt: skip
    pq.write_table(written, tmp_path / "requests.parquet")
    reader = AnswerReader(tokenizer, PUBLISHED)
    rows = label_rows("r", read_answers(tmp_path), prompts, reader, PUBLISHED.names).to_pandas()
    none = float("nan")
    assert rows["confidence"].tolist() == pytest.approx([0.75, 0.0, none, 0.8, none, none], nan_ok=True)


def test_confidence_of_labels_of_several_tokens_is_that_of_their_tokens(tokenizer, tmp_path):
    """Of a pass whose probabilities were kept, and of one whose were not; by their number, in any order."""
    task = Task.model_validate({"labels": ["card", "card lost"]})
    said = ["2. card lost\n1. card", "1. card\n2. card"]
    answers, prompts = answered(tokenizer, said)
    ids = [list(each) for each in answers["output_token_ids"]]
    logprobs = [[-0.01 * (place + 1) for place in range(len(each))] for each in ids]
    written = pa.Table.from_pydict({
        "repeat": [0, 1], "prompt": [0, 1], "output_token_ids": ids,
        "label_logprobs": pa.nulls(2, pa.list_(pa.list_(pa.float32()))),
        "answer_logprobs": pa.array([logprobs[0], None], pa.list_(pa.float32())),
    })  # fmt: skip
    pq.write_table(written, tmp_path / "requests.parquet")
    reader = AnswerReader(tokenizer, task, "labels", numbered=True)
    rows = label_rows("r", read_answers(tmp_path), prompts, reader, task.names).to_pandas()
    assert none_for_na(rows) == ["card", "card lost", "card", "card"]
    spelt = [len(ids_of(tokenizer, text)) for text in ("2. ", "card lost", "\n1. ", "card")]
    begins = np.cumsum([0, *spelt])
    card_lost, card = (range(begins[place], begins[place + 1]) for place in (1, 3))
    assert sum(spelt) == len(ids[0]), "no token here crosses a seam"
    wanted = [math.exp(sum(logprobs[0][token] for token in tokens)) for tokens in (card, card_lost)]
    assert rows["confidence"].tolist() == pytest.approx([*wanted, math.nan, math.nan], nan_ok=True)


def test_files_from_before_there_were_other_columns_are_read(tmp_path):
    rows = labelled("++:+?", "++:+++", run="packed-n2")
    old = pa.Table.from_pandas(rows, LABELS, preserve_index=False).drop_columns(
        ["confidence", "missing", "surplus"]
    )
    for name in ("gold", "label"):
        column = old[name].cast(pa.dictionary(pa.int8(), pa.string()))
        old = old.set_column(old.schema.get_field_index(name), name, column)
    pq.write_table(old, tmp_path / "old.parquet")
    found = load_labels(tmp_path / "old.parquet")
    assert found["missing"].tolist() == [1, 1, 0, 0]
    assert found["surplus"].tolist() == [0, 0, 1, 1]
    assert found["confidence"].isna().all()
    assert none_for_na(found) == none_for_na(rows)


def test_damaged_files_are_named(tmp_path):
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
