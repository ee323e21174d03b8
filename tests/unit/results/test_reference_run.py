"""Which run the others are held against."""

import pytest
from support.analysis_helpers import REAL, labelled, make_run, write_labels

from batchscope.results.label_rows import with_labels
from batchscope.results.reference_run import precision, with_references


class Studies:
    """Runs of several studies, with labels, in the order in which they are added."""

    def __init__(self, folder):
        self.folder, self.records, self.rows = folder, [], {}

    def add(
        self,
        name,
        layout="separate",
        n=1,
        *,
        texts=40,
        missing=0,
        study="s",
        first=0,
        answer="free",
        **values,
    ):
        """A run of separate or packed prompts, whose last answers are missing."""
        suffix = f"-{name}"
        workload = {"answer": answer}
        settings = {
            "layout": layout,
            "n": n,
            "texts": texts,
            "seconds": (1.0,),
            "model": REAL,
            "suffix": suffix,
        }
        record = make_run(self.folder, study=study, workload=workload, **{**settings, **values})
        self.records.append(record)
        said = "a" * (texts - missing) + "?" * missing
        prompts = [f"{'a' * n}:{said[at : at + n]}" for at in range(0, texts, n)]
        rows = labelled(*prompts, run=record.measurement.run, first=first)
        self.rows.setdefault(study, []).append(rows)
        return self

    def references(self):
        """Name of each run's reference run, by the run's name."""
        for study, rows in self.rows.items():
            write_labels(self.folder / "labels" / f"{study}.parquet", *rows)
        found = with_references(with_labels(self.records, self.folder / "labels"), coverage=0.99)
        return {_name(each): _name(each.reference) if each.reference else None for each in found}


def _name(record):
    return record.measurement.run.rpartition("-")[2]


@pytest.fixture
def studies(tmp_path):
    return Studies(tmp_path)


def test_separate_prompts_are_the_reference_of_packed_ones_and_of_themselves(studies):
    studies.add("packed", "packed", 4).add("first").add("second")
    assert studies.references() == {"packed": "first", "first": "first", "second": "first"}


def test_without_separate_prompts_there_is_none(studies):
    assert studies.add("packed", "packed", 4).references() == {"packed": None}


@pytest.mark.parametrize(
    ("precise", "other"),
    [
        ({"dtype": "float32"}, {"dtype": "bfloat16"}),
        ({"dtype": "bfloat16"}, {"quantization": "fp8"}),
        ({}, {"kv_cache_dtype": "fp8"}),
        ({"dtype": "float32"}, {"dtype": "float32", "quantization": "fp8"}),
    ],
)
def test_the_most_precise_engine_counts(studies, precise, other):
    studies.add("other", args=other, answer="free").add("precise", args=precise, answer="labels")
    assert studies.references() == dict.fromkeys(("other", "precise"), "precise")


def test_what_was_resolved_counts_before_what_was_asked(tmp_path):
    asked = make_run(tmp_path, n=4, args={"dtype": "auto"}, resolved={"dtype": "torch.float32"})
    assert precision(asked.measurement) == (32, 32)
    default = make_run(tmp_path, n=8, args={}, resolved={})
    assert precision(default.measurement) == (16, 16)


def test_free_answers_count_before_restricted_ones_unless_they_lack_labels(studies):
    studies.add("labels", answer="labels").add("free").add("codes", answer="codes")
    assert set(studies.references().values()) == {"free"}


def test_a_run_that_lacks_labels_is_none_where_another_has_them(studies):
    studies.add("free", missing=2).add("labels", answer="labels")
    assert set(studies.references().values()) == {"labels"}


def test_without_any_label_there_is_none(studies):
    assert set(studies.add("free", missing=40).references().values()) == {None}


def test_the_reference_was_asked_about_the_runs_texts(studies):
    """A run of another study serves where the own one was asked about fewer, or there is none."""
    studies.add("few", texts=4, study="small").add("packed", "packed", 4, study="large").add(
        "all", study="large"
    )
    studies.add("elsewhere", "packed", 4, study="third", first=100)
    assert studies.references() == {"few": "few", "packed": "all", "all": "all", "elsewhere": None}


def test_each_model_has_its_own(studies):
    studies.add("small", model_name="small").add("large", model_name="large").add(
        "p", "packed", 4, model_name="large"
    )
    assert studies.references() == {"small": "small", "large": "large", "p": "large"}


def test_a_run_that_does_not_count_is_none(studies):
    studies.add("bad", invalid=[{"code": "steps"}]).add("good")
    assert studies.references() == {"bad": "good", "good": "good"}
