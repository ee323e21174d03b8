"""The n up to which packing pays."""

import pytest
from support.shapes import MODEL

from batchscope.cost.break_even import (
    Load,
    MeanLengths,
    break_even,
    candidates,
    last_that_holds,
    requests_of,
    texts_per_s,
)
from batchscope.cost.flops import Lengths
from batchscope.cost.gpu_peaks import DEVICES, SIXTEEN_BITS, share_of
from batchscope.cost.memory import (
    precision_of,
)
from batchscope.cost.roofline import Engine, Peaks
from batchscope.cost.scheduler_simulation import Limits

BF16 = precision_of("bfloat16", None, "auto")

H200 = DEVICES["NVIDIA H200"]

SHARE = share_of("NVIDIA H200", SIXTEEN_BITS).value

ONE_H200 = Engine(
    MODEL, BF16, Limits(16_384, 1_024, 914_784), Peaks(H200.bits16, H200.bits16, H200.bandwidth)
)

IMDB = MeanLengths(text_tokens=292.1, instruction_tokens=24.0)


def test_requests_of_a_mean_length_have_the_right_total():
    load = Load(IMDB, texts=100)
    packed, separate = requests_of(load, "packed", 4), requests_of(load, "separate", 4)
    assert [len(packed), len(separate)] == [25, 100]
    assert sum(each.prompt_tokens for each in packed) == round(25 * (4 * 292.1 + 24))
    assert {each.output_tokens for each in packed} == {4}
    assert len(requests_of(load, "packed", 30)) == 3, "whole prompts alone"
    assert len(requests_of(load, "packed", 400)) == 1


def test_duplicates_come_from_the_cache_in_whole_blocks():
    load = Load(MeanLengths(40, 10), texts=2, duplicates=3, cached=True)
    assert requests_of(load, "separate", 1) == [Lengths(50, 0, 1)] * 2 + [Lengths(50, 48, 1)] * 4
    exact = Load(MeanLengths(38, 10), texts=2, duplicates=2, cached=True)
    assert requests_of(exact, "separate", 1)[-1] == Lengths(48, 32, 1), "one token is computed in any case"
    assert {each.cached_tokens for each in requests_of(Load(IMDB, 2, 3), "separate", 1)} == {0}


def test_the_largest_n_that_holds_is_found_between_those_tried():
    assert candidates(9) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert candidates(400)[-2:] == [374, 400]
    tried = [2, 10, 20, 40]
    assert last_that_holds(lambda n: n <= 17, tried) == 17
    assert last_that_holds(lambda n: n <= 10, tried) == 10
    assert last_that_holds(lambda n: True, tried) == 40
    assert last_that_holds(lambda n: False, tried) == 1


def test_break_even_on_an_h200_lies_where_it_was_measured():
    """Measured: at n = 4 packed prompts are 3 % ahead, at n = 20 they are 6 % behind."""
    found = break_even(ONE_H200, Load(IMDB, 3160), 400)
    assert 4 < found.n < 20
    assert 4 <= found.surely <= found.n <= found.perhaps <= 20
    assert found.searched == 400
    load = Load(IMDB, 3160)
    rates = {n: texts_per_s(ONE_H200, SHARE, load, "packed", n) for n in (4, 20, 40)}
    assert rates == {
        4: pytest.approx(145.1, rel=0.05),
        20: pytest.approx(132.5, rel=0.05),
        40: pytest.approx(118.1, rel=0.05),
    }


def test_reuse_moves_the_break_even():
    """Duplicates compute next to nothing, so answers decide: short prompts win, and long contexts lose by far more."""
    none, full = Load(IMDB, 400, 100), Load(IMDB, 400, 100, cached=True)
    assert break_even(ONE_H200, full, 400).n > break_even(ONE_H200, none, 400).n

    def advantage(load, n):
        return texts_per_s(ONE_H200, 1, load, "packed", n) / texts_per_s(ONE_H200, 1, load, "separate", n)

    assert advantage(full, 4) > 1.5 > advantage(none, 4)
    assert advantage(full, 400) < 0.5 * advantage(none, 400)


def test_without_an_instruction_packing_never_pays():
    assert break_even(ONE_H200, Load(MeanLengths(292.1, 0.0), 3160), 100).n == 1
