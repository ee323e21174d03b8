"""Which tokens of an answer spell its labels."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from batchscope.inputs.answers.label_finder import Spot


class TokenPlace(NamedTuple):
    """The tokens that hold a character of a label: from ``first`` to before ``end``."""

    first: int
    end: int
    closed: int
    """as ``end``, with the token behind the label where its own tokens hold nothing behind it"""


Lengths = Sequence[int | None]
"""How many characters each token adds to a text; None: a control token, which adds none.

Of a character whose bytes are several tokens, the last one adds it, and those before it add 0.
"""


def lengths_of(tokenizer: Tokenizer, ids: Sequence[int], alone: bool) -> Lengths:
    """The lengths of an answer's tokens.

    Args:
        tokenizer: the model's.
        ids: the answer.
        alone: whether its text has every token on a line of its own.
    """
    if alone:
        return [len(text) + 1 for text in tokenizer.decode_batch([[token] for token in ids])]
    control = {token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special}
    stream = DecodeStream(skip_special_tokens=True)
    told = [stream.step(tokenizer, token) for token in ids]
    return [None if token in control else len(text or "") for token, text in zip(ids, told, strict=True)]


def token_places(spots: Sequence[Spot | None], lengths: Lengths) -> list[TokenPlace | None]:
    """The tokens of each label; None where there is no label, or the text ends within it.

    Args:
        spots: where labels stand in the answer's text.
        lengths: of its tokens.
    """
    ends = list(accumulate(length or 0 for length in lengths))
    return [spot and _place(spot, lengths, ends) for spot in spots]


def _place(spot: Spot, lengths: Lengths, ends: Sequence[int]) -> TokenPlace | None:
    if not ends or ends[-1] < spot.end:
        return None
    first, last = bisect_right(ends, spot.start), bisect_left(ends, spot.end)
    begins = ends[first] - (lengths[first] or 0)
    while begins == spot.start and first and lengths[first - 1] == 0:
        first -= 1  # bytes of the label's first character
    closed = last + 1 + (ends[last] == spot.end)
    return TokenPlace(first, last + 1, min(closed, len(ends)))
