"""Cascade attention that was asked for: whether it was in force."""

from support.gate_helpers import gpu_run, step

from batchscope.results.gates import validity_of

CASCADE = {"disable_cascade_attn": False}
COUNTED = {"steps": 22, "shared_steps": 20, "attention_calls": 640, "spared_tokens": 1}
OFF = {"steps": 22, "shared_steps": 0, "attention_calls": 0, "spared_tokens": 0}


def shared(tmp_path, counts, several=20, args=CASCADE):
    """A repeat with one step of one request, ``several`` of twenty, and these counts."""
    rows = [step(0, number, requests=1 if number == 0 else 20) for number in range(several + 1)]
    return gpu_run(
        tmp_path, seconds=(1.0,), args=args, steps=rows, repeat={"shared_prefix": counts} if counts else {}
    )


def said(record) -> str:
    """What this gate says; the steps here hold no tokens, of which another gate speaks."""
    return "".join(each.detail for each in validity_of(record).invalid if each.code == "shared_prefix")


def test_it_counts_only_where_it_was_in_force(tmp_path):
    assert said(shared(tmp_path / "a", COUNTED)) == ""
    assert said(shared(tmp_path / "b", {**COUNTED, "shared_steps": 18})) == "", "a few may go without"
    found = said(shared(tmp_path / "c", OFF))
    assert "0 of 20 steps with several requests used it" in found
    assert "raise workload.duplicates" in found
    assert "17 of 20" in said(shared(tmp_path / "d", {**COUNTED, "shared_steps": 17}))
    assert "0 of 0" in said(shared(tmp_path / "e", OFF, several=0)), "nor in a run of one request"


def test_a_decision_that_no_attention_acted_on_is_none(tmp_path):
    assert "did it 3 times in 20 steps" in said(shared(tmp_path, {**COUNTED, "attention_calls": 3}))


def test_what_nobody_counted_does_not_count(tmp_path):
    assert "nothing counted" in said(shared(tmp_path / "a", None))
    for number, args in enumerate(({}, {"disable_cascade_attn": True})):
        assert said(shared(tmp_path / str(number), None, args=args)) == "", "it was not asked for"
