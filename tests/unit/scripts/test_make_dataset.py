import subprocess
import sys
from pathlib import Path

from support.data_helpers import ROOT, call_make_dataset, make_dataset

from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import content_sha256, read_source_texts


def test_the_script_writes_them(tmp_path: Path) -> None:
    outcome = call_make_dataset(tmp_path, source="generated", generated={"texts": 60, "seed": 3})
    assert outcome.returncode == 0, outcome.stderr
    assert read_source_texts(outcome.texts_csv) == generate_reviews(60, seed=3)
    assert outcome.summary["rows"] == 60
    assert outcome.summary["sha256"] == content_sha256(generate_reviews(60, seed=3))
    assert "60 texts from source generated: 30 positive, 30 negative" in outcome.stdout


def test_the_script_explains_itself_and_its_config(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts/make_dataset.py"), "--help"]
    done = subprocess.run(script, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)})
    assert "--downloads" in done.stdout
    call_make_dataset(tmp_path, sauce="csv").assert_refused("--config", "dataset.sauce")


def test_a_wrong_task_is_named_too(tmp_path: Path) -> None:
    outcome = call_make_dataset(tmp_path, task={"labels": ["one"]}, source="generated")
    outcome.assert_refused("--config or --task is wrong", "task.labels", "at least 2 items")


def test_copies_are_dropped_before_texts_are_drawn(tmp_path: Path) -> None:
    """Of copies the file's first one stays, whatever the order of the sample."""
    rows = "".join(f"text {number % 20},{number}\n" for number in range(60))
    (tmp_path / "mine.csv").write_text(f"text,nr\n{rows}")
    block = {"path": "mine.csv", "id_column": "nr"}
    outcome = make_dataset(tmp_path, source="file", deduplicate=True, seed=3, file=block)
    assert outcome.returncode == 0, outcome.stderr
    ids = [int(text.id) for text in read_source_texts(outcome.texts_csv)]
    assert sorted(ids) == list(range(20)) != ids
