"""Pairs: which run of a study is held against which."""

import pytest
from support.analysis_helpers import frame, make_run

from batchscope.config.engine import EngineArguments
from batchscope.config.studies import Plot
from batchscope.reporting.wording import varying
from batchscope.reports.study.pairs import pairs


def named(runs, plot=None):
    found = pairs(runs, plot or Plot(), varying(runs))
    return [(run["run"], base["run"]) for run, base in found]


def study(tmp_path, *points, **values):
    return frame(*(make_run(tmp_path, study="s", **values | point) for point in points))


def test_packed_prompts_are_held_against_as_many_separate_ones(tmp_path):
    runs = study(
        tmp_path, *({"layout": layout, "n": n} for n in (4, 40) for layout in ("packed", "separate"))
    )
    assert named(runs) == [("packed-n4", "separate-n4"), ("packed-n40", "separate-n40")]


def test_without_such_separate_prompts_those_of_one_text_are_the_baseline(tmp_path):
    points = [{"layout": "packed", "n": n} for n in (40, 4)] + [{"layout": "separate", "n": 1}]
    runs = study(tmp_path, *points, texts=160)
    assert named(runs) == [("packed-n40", "separate-n1"), ("packed-n4", "separate-n1")]


def test_packed_prompts_alone_have_the_first_run_as_baseline(tmp_path):
    runs = study(tmp_path, *({"layout": "packed", "n": n} for n in (4, 8, 16)), texts=160)
    assert named(runs) == [("packed-n8", "packed-n4"), ("packed-n16", "packed-n4")]


def test_what_differs_in_something_else_is_held_against_the_run_most_like_it(tmp_path):
    """Packed prompts against packed ones, with a setting that has no runs of its own along the axis."""
    backend, eager = {"attention_backend": "FLASHINFER"}, {"enforce_eager": True}
    layouts = ({"layout": "separate", "n": 1}, {"layout": "packed", "n": 40})
    points = [
        layout | {"args": args, "suffix": suffix}
        for args, suffix in (({}, ""), (backend, "-b"), (eager, "-eager"))
        for layout in layouts
    ]
    runs = study(tmp_path, *points, texts=160)
    assert named(runs, Plot(x="engine.attention_backend", series="n")) == [
        ("separate-n1-b", "separate-n1"),
        ("packed-n40-b", "packed-n40"),
        ("separate-n1-eager", "separate-n1"),
        ("packed-n40-eager", "packed-n40"),
    ]


def test_two_gpus_are_held_against_one_though_a_switch_follows_them(tmp_path):
    two = EngineArguments(tensor_parallel_size=2).as_vllm()
    points = [
        {"layout": layout, "n": n, "args": args, "suffix": suffix}
        for layout, n in (("separate", 1), ("packed", 40))
        for args, suffix in (({}, ""), (two, "-tp2"))
    ]
    runs = study(tmp_path, *points, texts=400)
    assert varying(runs) == ["layout", "n", "engine.tensor_parallel_size"]
    assert named(runs, Plot(x="engine.tensor_parallel_size", series="n")) == [
        ("separate-n1-tp2", "separate-n1"),
        ("packed-n40-tp2", "packed-n40"),
    ]


INSTRUCTION = [
    {"workload": {"instruction": place, "reuse": reuse}, "suffix": f"-{place}-{reuse}"}
    for place in ("last", "first")
    for reuse in ("none", "full")
]


@pytest.mark.parametrize(
    ("plot", "expected"),
    [
        (
            Plot(x="instruction", series="reuse"),
            [
                ("packed-n4-first-none", "packed-n4-last-none"),
                ("packed-n4-first-full", "packed-n4-last-full"),
            ],
        ),
        (
            Plot(x="instruction", series="reuse", baseline="first"),
            [
                ("packed-n4-last-none", "packed-n4-first-none"),
                ("packed-n4-last-full", "packed-n4-first-full"),
            ],
        ),
        (
            Plot(x="instruction", series="reuse", baseline="none"),
            [
                ("packed-n4-last-full", "packed-n4-last-none"),
                ("packed-n4-first-full", "packed-n4-first-none"),
            ],
        ),
    ],
)
def test_a_study_is_answered_along_its_x_or_along_what_it_declares(tmp_path, plot, expected):
    assert named(study(tmp_path, *INSTRUCTION), plot) == expected


def test_batch_limits_are_each_held_against_the_default(tmp_path):
    """One of them with a second limit beside it, which has no partner but the default."""
    limits = [
        {},
        {"max_num_batched_tokens": 10_000},
        {"max_num_batched_tokens": 80_000},
        {"max_num_seqs": 256},
    ]
    runs = study(tmp_path, *({"args": args, "suffix": f"-{number}"} for number, args in enumerate(limits)))
    plot = Plot(x="engine.max_num_batched_tokens", series="engine.max_num_seqs")
    assert named(runs, plot) == [(f"packed-n4-{number}", "packed-n4-0") for number in (1, 2, 3)]
    declared = named(runs, Plot(**plot.model_dump() | {"baseline": 10_000}))
    assert ("packed-n4-0", "packed-n4-1") in declared


def test_forms_of_answer_are_compared_at_each_n(tmp_path):
    points = [
        {"n": n, "workload": {"answer": answer}, "suffix": f"-{answer}"}
        for n in (40, 4)
        for answer in ("free", "labels")
    ]
    assert named(study(tmp_path, *points), Plot(x="n", series="answer")) == [
        ("packed-n40-labels", "packed-n40-free"),
        ("packed-n4-labels", "packed-n4-free"),
    ]


def test_one_run_and_none_have_no_pair(tmp_path):
    one = study(tmp_path, {"n": 4})
    assert named(one) == []
    assert pairs(one[:0], Plot(), ["layout", "n"]) == []
