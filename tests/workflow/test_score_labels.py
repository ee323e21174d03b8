"""The script that reads a study's labels."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.analysis_helpers import write_config, write_run
from support.label_answers import N, P, answers_to, label_tokenizer, none_for_na, packed
from tokenizers import Tokenizer

from batchscope.common.atomic_files import sha256_of
from batchscope.common.errors import UserError
from batchscope.common.schemas import REQUESTS
from batchscope.inputs.prompts import write_prompts
from batchscope.inputs.texts.source_text import SourceText
from batchscope.results.label_rows import LABELS, load_labels
from scripts import score_labels


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return label_tokenizer()


def measured(root: Path, tokenizer: Tokenizer, said: dict[int, str]) -> list[str]:
    """A study of one measured and one failed run with their prompts and model; the script's arguments."""
    texts = [(number, SourceText(f"{number}", P if number % 2 else N)) for number in range(4)]
    prompts = packed(tokenizer, texts, 2)
    folder = root / "prompts" / "demo-packed-n2-r4"
    folder.mkdir(parents=True)
    write_prompts(prompts, folder / "prompts.jsonl")
    (root / "models" / "demo").mkdir(parents=True)
    tokenizer.save(str(root / "models" / "demo" / "tokenizer.json"))
    run = write_run(root, study="mine", n=2, texts=4, seconds=(1.0,))
    answers = answers_to(tokenizer, prompts, said)
    rows = [{"repeat": 0, "prompt": prompt, "output_token_ids": list(ids)}
            for prompt, ids in zip(answers["prompt"], answers["output_token_ids"], strict=True)]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, REQUESTS), run / "requests.parquet")
    path = run / "measurement.json"
    measurement = json.loads(path.read_text())
    measurement["prompts"]["sha256"] = sha256_of(folder / "prompts.jsonl")
    path.write_text(json.dumps(measurement))
    write_run(root, study="mine", layout="separate", n=1, texts=4, seconds=(), status="oom", message="full")
    grid = {
        "mine": {
            "set": {"texts": 4},
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
