"""A metric is added in one place, and shows everywhere."""

import pytest
from support.analysis_helpers import HERMES, REAL, make_run
from support.project import ROOT

from batchscope.config.studies import Study
from batchscope.reports.study.page import NO_LABELS, study_page
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.metrics.documentation import metrics_page
from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.metrics.registry import METRICS, shown_metrics
from batchscope.results.published.offline import load_published
from scripts.make_tables import PUBLISHED


def planted(**values):
    """Kilotokens per second, between texts/s and accuracy."""
    return Metric(
        name="kilotokens",
        label="Thousand tokens",
        unit="ktok/s",
        formula="tokens / 1,000 / seconds",
        source="a test",
        of=lambda run, repeat: repeat.total_tokens / 1000 / repeat.seconds,
        published=lambda row: row.total_tokens_per_s / 1000,
        reproduced=True,
        **{"column": Column(45, "ktok/s", digits=3, interval=True, beside_published=True)} | values,
    )


def test_one_entry_brings_a_metric_to_frames_tables_and_documentation(tmp_path, monkeypatch):
    monkeypatch.setitem(METRICS, "kilotokens", planted())
    record = make_run(
        tmp_path, n=40, seconds=(1.0, 2.0, 0.5), prompt_tokens=11_220, model=HERMES, model_name="hermes-8b"
    )
    runs = runs_frame([record], load_published(PUBLISHED))
    row = runs.iloc[0]
    assert row["kilotokens"] == pytest.approx(11.26)
    assert row["kilotokens_low"] < 11.26 < row["kilotokens_high"]
    assert row["reproduced.kilotokens"] == pytest.approx(row["reproduced.total_token_throughput"])
    assert list(repeats_frame([record])["kilotokens"]) == [11.26, 5.63, 22.52]
    table = study_page("packing", Study(), runs).table
    headings = [name for _, name in table.columns]
    cells = dict(zip(table.columns, table.rows[0], strict=True))
    assert headings.index("ktok/s") == headings.index("texts/s") + 1
    assert cells["measured", "ktok/s"].startswith("11 (")
    assert cells["H800 published", "ktok/s"] == "11.443"
    assert "| `kilotokens` | Thousand tokens | ktok/s | tokens / 1,000 / seconds | a test |" in metrics_page()


def test_a_metric_of_labels_is_silent_with_random_weights(tmp_path, monkeypatch):
    monkeypatch.setitem(METRICS, "kilotokens", planted(of_labels=True))
    rows = {}
    for name, model in (("random", None), ("real", REAL)):
        records = [make_run(tmp_path / name, model=model)]
        table = study_page("packing", Study(), runs_frame(records, [])).table
        rows[name] = dict(zip([heading for _, heading in table.columns], table.rows[0], strict=True))
    assert rows["real"]["ktok/s"].startswith("1.01 (")
    assert rows["random"]["ktok/s"] == NO_LABELS, "the first column on labels says so"
    assert list(rows["random"].values()).count(NO_LABELS) == 1, "once"


def test_each_metric_has_a_name_a_place_and_a_heading_of_its_own():
    columns = [column for _, column in shown_metrics()]
    assert len({column.place for column in columns}) == len(columns)
    assert len({column.heading for column in columns}) == len(columns)
    assert [column.place for column in columns] == sorted(column.place for column in columns)
    assert all(METRICS[name].name == name and METRICS[name].formula for name in METRICS)


def test_the_documentation_is_what_the_metrics_say():
    assert (ROOT / "docs" / "metrics.md").read_text() == metrics_page(), "run `make config`"
