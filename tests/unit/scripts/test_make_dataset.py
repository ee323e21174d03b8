import subprocess
import sys
from pathlib import Path

from support.data_helpers import ROOT, call_make_dataset

from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.reviews import content_sha256, read_reviews


def test_the_script_writes_them(tmp_path: Path) -> None:
    outcome = call_make_dataset(tmp_path, source="generated", generated={"reviews": 60, "seed": 3})
    assert outcome.returncode == 0, outcome.stderr
    assert read_reviews(outcome.reviews_csv) == generate_reviews(60, seed=3)
    assert outcome.summary["rows"] == 60
    assert outcome.summary["sha256"] == content_sha256(generate_reviews(60, seed=3))
    assert "60 texts from source generated: 30 positive, 30 negative" in outcome.stdout


def test_the_script_explains_itself_and_its_config(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts/make_dataset.py"), "--help"]
    done = subprocess.run(script, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)})
    assert "--downloads" in done.stdout
    call_make_dataset(tmp_path, sauce="csv").assert_refused("--config", "dataset.sauce")
