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


Pieces = Sequence[str | None]
"""What each token adds to a text; None: a control token, which adds nothing.

Of a character whose bytes are several tokens, the last of these adds it, and the others add nothing.
"""


def pieces_of(tokenizer: Tokenizer, ids: Sequence[int], alone: bool) -> Pieces:
    """What the tokens of an answer add to its text.

    Args:
        tokenizer: the model's.
        ids: the answer.
        alone: whether its text has every token on a line of its own.
    """
    if alone:
        return [f"{text}\n" for text in tokenizer.decode_batch([[token] for token in ids])]
    control = {token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special}
    stream = DecodeStream(skip_special_tokens=True)
    told = [stream.step(tokenizer, token) for token in ids]
    return [None if token in control else text or "" for token, text in zip(ids, told, strict=True)]


def token_places(spots: Sequence[Spot | None], pieces: Pieces) -> list[TokenPlace | None]:
    """The tokens of each label; None where there is no label, or the text ends within it.

    Args:
        spots: where labels stand in the answer's text.
        pieces: of that text.
    """
    ends = list(accumulate(len(piece or "") for piece in pieces))
    return [spot and _place(spot, pieces, ends) for spot in spots]


def _place(spot: Spot, pieces: Pieces, ends: Sequence[int]) -> TokenPlace | None:
    if not ends or ends[-1] < spot.end:
        return None
    first, last = bisect_right(ends, spot.start), bisect_left(ends, spot.end)
    piece = pieces[first] or ""
    before = piece[: spot.start - ends[first] + len(piece)]
    # Tokens that add nothing may hold the first bytes of this one's first character of several bytes.
    if before.isascii() and not piece.isascii():
        while first and pieces[first - 1] == "":
            first -= 1
    closed = last + 1 + (ends[last] == spot.end)
    return TokenPlace(first, last + 1, min(closed, len(ends)))
