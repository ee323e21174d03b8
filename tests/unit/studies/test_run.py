"""A run, and the prompts that it shares with others."""

from support.studies import runs


def test_prompts_are_named_by_all_that_decides_their_content() -> None:
    (run,) = runs(include=[{"n": 8, "texts": 40, "duplicates": 2, "reuse": "text"}])
    assert run.prompts.id == "demo-packed-n8-r40-x2-marked"
    (run,) = runs(include=[{"n": 8, "texts": 40, "layout": "separate", "instruction": "first"}])
    assert (run.prompts.id, run.prompts.n) == ("demo-separate-r40-first", 1)


def test_a_run_is_known_by_its_study_and_name_and_takes_the_gpus_of_its_engine() -> None:
    one, two = runs(grid={"engine.tensor_parallel_size": [None, 2]})
    assert (one.id, one.gpus) == ("mine/packed-n4-tpdefault", 1)
    assert (two.id, two.gpus) == ("mine/packed-n4-tp2", 2)
