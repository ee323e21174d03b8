"""Tokens that the prefix cache serves."""

from batchscope.common.prefix_cache import served_tokens


def test_a_copy_is_served_but_for_its_last_token():
    prompt = list(range(257))
    assert served_tokens([prompt, prompt], 16) == [0, 256]
    assert served_tokens([prompt[:256]] * 2, 16) == [0, 240], "a prompt of whole blocks computes its last one"
    assert served_tokens([prompt[:256]] * 2, 128) == [0, 128]
    assert served_tokens([prompt[:100]] * 2, 128) == [0, 0], "less than a block is not cached"


def test_a_block_counts_only_behind_the_same_start():
    head, tail = [1] * 16, [2] * 16
    assert served_tokens([head + tail, tail + head, [*head, *tail, 3], [*head, 4, *tail]], 16) == [
        0,
        0,
        32,
        16,
    ]
