"""Labels from output tokens: the rule by hand-worked answers, the table by prompts in which errors are planted."""

import json
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.analysis_helpers import labelled, make_run, write_config, write_labels, write_run
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from batchscope.common.errors import UserError
from batchscope.common.files import sha256_of
from batchscope.common.schemas import REQUESTS
from batchscope.config.prompts import PromptTexts
from batchscope.inputs.labels import AnswerReader, assign, label_of, labels_in
from batchscope.inputs.prompts import Prompt, build_prompts, write_prompts
from batchscope.inputs.texts.reviews import Review
from batchscope.results.label_rows import (
    LABELS,
    label_rows,
    load_labels,
    read_answers,
    read_prompts,
    with_labels,
)
from batchscope.studies.run import PromptSet
from scripts import score_labels

P, N = "positive", "negative"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Byte-level BPE, as most models have, that knows label words with and without a blank as one token each."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator(["positive positive\nnegative negative\npositive negative"] * 50, trainer)
    return made


def ids_of(tokenizer: Tokenizer, text: str, n: int | None = None) -> list[int]:
    """The first n tokens of a text: what a run with n output tokens gets of an answer."""
    return tokenizer.encode(text, add_special_tokens=False).ids[:n]


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("positive", P), ("Negative", N), ("POSITIVE", P), ("postive", P),  # spellings, the published one too
        ("pos", P), ("neg", N), ("negat", N), ("positiv", P), ("post", P),  # cut; "post" begins "postive"
        ("po", None), ("n", None), ("", None),  # too short to be one
        ("positives", None), ("negatively", None), ("posing", None), ("postit", None), ("good", None), ("ive", None),
    ],
)  # fmt: skip
def test_which_words_are_labels(word, label):
    assert label_of(word) == label


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("positive\nnegative\npositive", [P, N, P]),
        (" Positive, negative; POSITIVE.", [P, N, P]),
        ("1. positive\n2. negative\n3. pos", [P, N, P]),
        ("postive\npostive\nne", [P, P]),  # the last word was cut too short
        ("positive/negative", [P, N]),  # hedging counts as two
        ("The first is negative", [N]),
        ("label_positive=1", [P]),  # letters alone make a word
        ("non-negative", [N]),  # the rule does not understand
        ("positivenegative", []),
        ("positive\u00e9", []),
        ("\n\n\n", []),
        ("", []),
    ],
)
def test_labels_of_an_answer(answer, labels):
    assert labels_in(answer) == labels


@pytest.mark.parametrize(
    ("answer", "n", "labels"),
    [
        (
            "positive\nnegative\npositive\nnegative",
            4,
            [P, N, None, None],
        ),  # line breaks take half of the tokens
        (" positive negative positive", 3, [P, N, P]),
        (" positive\n negative\n", 1, [P]),
        ("\nnegative", 1, [None]),
    ],
)
def test_separators_take_tokens_that_labels_needed(tokenizer, answer, n, labels):
    (found,) = AnswerReader(tokenizer).read([ids_of(tokenizer, answer, n)])
    assert assign(found, n) == labels


def test_tokens_of_restricted_decoding_are_read_one_by_one(tokenizer):
    words = [ids_of(tokenizer, word) for word in ("positive", "negative", " positive", "negative")]
    assert [len(word) for word in words] == [1, 1, 1, 1]
    answer = [word[0] for word in words]
    assert tokenizer.decode(answer) == "positivenegative positivenegative"
    assert AnswerReader(tokenizer, "labels").read([answer]) == [[P, N, P, N]]
    assert AnswerReader(tokenizer, "free").read([answer]) == [[]], "its text holds no word that is a label"


def test_equal_answers_are_decoded_once(tokenizer):
    class Counting:
        decoded = 0

        def decode_batch(self, batch: list[list[int]]) -> list[str]:
            self.decoded += len(batch)
            return tokenizer.decode_batch(batch)

    counting = Counting()
    reader = AnswerReader(counting)  # type: ignore[arg-type]
    answers = [ids_of(tokenizer, text) for text in ("positive", "negative", "positive")]
    assert reader.read(answers) == reader.read(answers) == [[P], [N], [P]]
    assert counting.decoded == 2


def test_surplus_labels_belong_to_no_review():
    assert assign([P, N, P], 2) == [P, N]
    assert assign([], 2) == [None, None]


# Prompts from reviews, answers from prompts: what a model would say is chosen here, the rest is the product's.


def answers_to(tokenizer: Tokenizer, prompts: list[Prompt], said: dict[int, str]) -> pd.DataFrame:
    """One repeat in which each review is answered as ``said`` has it, in the order of its prompt."""
    return pd.DataFrame(
        {
            "repeat": 0,
            "prompt": [prompt.id for prompt in prompts],
            "output_token_ids": [
                pd.array(ids_of(tokenizer, "\n".join(said[number] for number in prompt.review_ids)), "int32")
                for prompt in prompts
            ],
        }
    )


def packed(
    tokenizer: Tokenizer, reviews: list[tuple[int, Review]], n: int, duplicates: int = 1
) -> list[Prompt]:
    wanted = PromptSet("m", "packed", n, len(reviews), duplicates)
    return build_prompts(reviews, wanted, PromptTexts(), tokenizer)


def scored(folder: Path, tokenizer: Tokenizer, prompts: list[Prompt], said: dict[int, str]) -> pd.DataFrame:
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    write_prompts(prompts, path)
    rows = label_rows("r", answers_to(tokenizer, prompts, said), read_prompts(path), AnswerReader(tokenizer))
    assert rows.schema == LABELS
    return rows.to_pandas()


def none_for_na(rows: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(label) else label for label in rows["label"]]


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
    rows = label_rows("r", answers, read_prompts(path), AnswerReader(tokenizer)).to_pandas()
    assert rows["review_id"].tolist() == [5, 3, 8] * 4
    assert rows["duplicate"].tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3
    assert rows["repeat"].tolist() == [0] * 6 + [1] * 6
    assert rows["label"].tolist() == [P, N, P] * 4


# The script, and what reads its file.


def measured(root: Path, tokenizer: Tokenizer, said: dict[int, str]) -> list[str]:
    """A study of one measured and one failed run with their prompts and model; the script's arguments."""
    reviews = [(number, Review(f"{number}", P if number % 2 else N)) for number in range(4)]
    prompts = packed(tokenizer, reviews, 2)
    folder = root / "prompts" / "demo-packed-n2-r4"
    folder.mkdir(parents=True)
    write_prompts(prompts, folder / "prompts.jsonl")
    (root / "models" / "demo").mkdir(parents=True)
    tokenizer.save(str(root / "models" / "demo" / "tokenizer.json"))
    run = write_run(root, study="mine", n=2, reviews=4, seconds=(1.0,))
    answers = answers_to(tokenizer, prompts, said)
    rows = [{"repeat": 0, "prompt": prompt, "output_token_ids": list(ids)}
            for prompt, ids in zip(answers["prompt"], answers["output_token_ids"], strict=True)]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, REQUESTS), run / "requests.parquet")
    path = run / "measurement.json"
    measurement = json.loads(path.read_text())
    measurement["prompts"]["sha256"] = sha256_of(folder / "prompts.jsonl")
    path.write_text(json.dumps(measurement))
    write_run(root, study="mine", layout="separate", n=1, reviews=4, seconds=(), status="oom", message="full")
    grid = {
        "mine": {
            "set": {"reviews": 4},
            "include": [{"layout": "packed", "n": 2}, {"layout": "separate", "n": 1}],
        }
    }
    config = write_config(root / "config.json", studies=grid | {"packing": None, "saturation": None})
    return ["score_labels.py", "--runs", str(root / "runs"), "--prompts", str(root / "prompts"),
            "--models", str(root / "models"), "--config", str(config), "--study", "mine",
            "--out", str(root / "labels" / "mine.parquet")]  # fmt: skip


def test_the_script_writes_a_studys_labels(tmp_path, tokenizer, monkeypatch, capsys):
    words = measured(tmp_path, tokenizer, {0: N, 1: P, 2: "neither", 3: P})
    monkeypatch.setattr("sys.argv", words)
    score_labels.main()
    assert "mine: 4 labels of 2 runs" in capsys.readouterr().out
    assert pq.read_schema(tmp_path / "labels" / "mine.parquet").remove_metadata() == LABELS
    labels = load_labels(tmp_path / "labels" / "mine.parquet")
    assert list(labels["run"].unique()) == ["packed-n2"], "a failed run has none"
    assert labels["gold"].tolist() == [N, P, N, P]
    assert none_for_na(labels) == [N, P, P, None], "the label left out shifts the one behind it"


def test_prompts_of_another_measurement_are_refused(tmp_path, tokenizer, monkeypatch):
    words = measured(tmp_path, tokenizer, dict.fromkeys(range(4), P))
    with (tmp_path / "prompts" / "demo-packed-n2-r4" / "prompts.jsonl").open("a") as file:
        file.write("\n")
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(UserError, match="not the prompts that mine/packed-n2 was measured with"):
        score_labels.main()
    assert not (tmp_path / "labels" / "mine.parquet").exists()


def test_prompts_that_are_gone_are_named(tmp_path, tokenizer, monkeypatch):
    monkeypatch.setattr("sys.argv", measured(tmp_path, tokenizer, dict.fromkeys(range(4), P)))
    (tmp_path / "prompts" / "demo-packed-n2-r4" / "prompts.jsonl").unlink()
    with pytest.raises(UserError, match=r"prompts\.jsonl: No such file or directory; rerun"):
        score_labels.main()


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
