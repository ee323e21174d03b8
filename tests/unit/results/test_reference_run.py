"""Which run the others are held against."""

import pytest
from support.analysis_helpers import REAL, labelled, make_run, write_labels

from batchscope.results.label_rows import with_labels
from batchscope.results.reference_run import bits_in, precision, with_references


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

    def references(self, kind="reference"):
        """Name of each run's reference run, by the run's name; of another ``kind``: of its most precise one."""
        for study, rows in self.rows.items():
            write_labels(self.folder / "labels" / f"{study}.parquet", *rows)
        found = with_references(with_labels(self.records, self.folder / "labels"), coverage=0.99)
        others = {_name(each): getattr(each, kind) for each in found}
        return {name: _name(other) if other else None for name, other in others.items()}


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
    assert precision(asked.measurement) == (32, 0, 32)
    default = make_run(tmp_path, n=8, args={}, resolved={})
    assert precision(default.measurement) == (16, 0, 16)


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("fp8", 8), ("fp8_per_block", 8), ("fp8_e4m3", 8), ("int8_per_channel_weight_only", 8), ("mxfp8", 8),
        ("nvfp4_per_token", 4), ("modelopt_fp4", 4), ("awq_marlin", 4), ("auto_gptq", 4), ("int4_per_token_head", 4),
        ("turboquant_k8v4", 4), ("turboquant_k3v4_nc", 3), ("turboquant_4bit_nc", 4), ("compressed-tensors", 8),
    ],
)  # fmt: skip
def test_bits_are_read_from_names(name, bits):
    assert bits_in(name) == bits


def test_engines_are_in_the_order_of_their_precision(tmp_path):
    grid = [
        {"dtype": "float32"},
        {"dtype": "bfloat16"},
        {"dtype": "bfloat16", "kv_cache_dtype": "fp8"},
        {"dtype": "bfloat16", "quantization": "fp8_per_block"},
        {"dtype": "bfloat16", "quantization": "fp8_per_channel"},
        {"dtype": "bfloat16", "quantization": "fp8_per_tensor"},
        {"dtype": "bfloat16", "quantization": "fp8_per_tensor", "kv_cache_dtype": "fp8"},
        {"dtype": "bfloat16", "quantization": "nvfp4_per_token"},
    ]
    found = [
        precision(make_run(tmp_path, suffix=f"-{place}", args=args).measurement)
        for place, args in enumerate(grid)
    ]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


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


FP8, FP8_CACHE = {"quantization": "fp8_per_tensor"}, {"kv_cache_dtype": "fp8"}


def test_flips_are_told_by_the_most_precise_engine_that_got_the_same_prompts(studies):
    """Packed prompts by packed ones; the order of the runs decides nothing but between equals."""
    studies.add("fp8", args=FP8).add("bf16", args={}).add("cache", args=FP8_CACHE)
    studies.add("pfp8", "packed", 4, args=FP8).add("pbf16", "packed", 4, args={})
    studies.add("backend", "packed", 4, args={"attention_backend": "FLASHINFER"})
    assert studies.references("most_precise") == {
        "fp8": "bf16", "bf16": "bf16", "cache": "bf16", "pfp8": "pbf16", "pbf16": "pbf16", "backend": "pbf16",
    }  # fmt: skip


def test_flips_need_two_engines_of_one_study_and_model_that_were_asked_the_same(studies):
    studies.add("few", args=FP8, texts=4).add("many", args={}).add("free", study="other", args=FP8)
    studies.add("labels", args={}, study="other", answer="labels").add("large", model_name="l", args=FP8)
    studies.add("again", args={}, study="twins").add("twin", args={}, study="twins")
    assert set(studies.references("most_precise").values()) == {None}


def test_a_run_that_does_not_count_tells_no_flips(studies):
    studies.add("bf16", args={}, invalid=[{"code": "steps"}]).add(
        "block", args={"quantization": "fp8_per_block"}
    )
    studies.add("tensor", args=FP8)
    assert studies.references("most_precise") == {"bf16": "block", "block": "block", "tensor": "block"}
