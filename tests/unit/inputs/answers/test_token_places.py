"""Which tokens spell the labels of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.label_answers import ids_of, label_tokenizer
from support.tokenizers_of_kinds import KINDS

from batchscope.config.task import Task
from batchscope.inputs.answers.label_finder import Spot
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.answers.token_places import TokenPlace, pieces_of, token_places

TASK = Task.model_validate({"labels": ["card", "card lost", "überfällig", "refund"]})
TOKENIZERS = {name: made() for name, made in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
@given(
    ids=st.lists(st.integers(0, 250), max_size=12),
    text=st.sampled_from(["", " überfällig\ncard", "1. card lost 2. 肯定"]),
)
def test_pieces_are_the_text(kind: str, ids: list[int], text: str) -> None:
    """Of any tokens, also of such as are no character together; what ends in the middle of one may lack its end."""
    tokenizer = TOKENIZERS[kind]
    ids = ids + ids_of(tokenizer, text)
    pieces = pieces_of(tokenizer, ids, alone=False)
    assert len(pieces) == len(ids)
    assert tokenizer.decode(ids).startswith("".join(piece or "" for piece in pieces))


PLAIN, ACCENTS = "refund, card lost, card", "card lost\nüberfällig\nrefund"


@pytest.mark.parametrize(
    ("kind", "answer"),
    [*((kind, PLAIN) for kind in KINDS), ("byte_level", ACCENTS), ("stripping", ACCENTS)],
)
def test_the_tokens_of_a_label_spell_it_and_no_fewer_do(kind: str, answer: str) -> None:
    """Vocabularies without accents leave them out."""
    tokenizer = TOKENIZERS[kind]
    ids = ids_of(tokenizer, answer)
    reader = AnswerReader(tokenizer, TASK, "labels")
    (found,) = reader.read([ids], [3])
    assert found.missing == 0
    for label, place in zip(found.labels, reader.places(ids, found), strict=True):
        assert place is not None
        assert label in tokenizer.decode(ids[place.first : place.end])
        assert label not in tokenizer.decode(ids[place.first + 1 : place.end])
        assert label not in tokenizer.decode(ids[place.first : place.end - 1])
        ends_with_it = tokenizer.decode(ids[place.first : place.end]).endswith(str(label))
        assert place.closed == min(place.end + ends_with_it, len(ids))


@pytest.mark.parametrize(
    ("pieces", "spot", "place"),
    [
        (["ca", "rd", "\n", "x"], (0, 4), (0, 2, 3)),
        (["ca", "rd"], (0, 4), (0, 2, 2)),  # cut off: nothing ends it
        (["ca", "rd", None], (0, 4), (0, 2, 3)),  # the model ended its answer
        (["ca", "rd\n", "x"], (0, 4), (0, 2, 2)),  # its last token ends it
        (['"c', 'ard"', "}"], (1, 5), (0, 2, 2)),
        (["", "ü", "ber"], (0, 4), (0, 3, 3)),  # two tokens hold the bytes of its first character
        (["x", "", " ü", "ber"], (2, 6), (1, 4, 4)),  # the first of them with the blank before it
        (["x", None, "card"], (1, 5), (2, 3, 3)),  # a control token spells nothing
        (["", "éca", "rd"], (1, 5), (1, 3, 3)),  # a character that others began, and not the label's
        (["ca"], (0, 4), None),
        ([], (0, 4), None),
    ],
)
def test_places(pieces: list[str | None], spot: tuple[int, int], place: tuple[int, int, int] | None) -> None:
    (found,) = token_places([Spot("card", *spot)], pieces)
    assert found == (None if place is None else TokenPlace(*place))
    assert token_places([None], pieces) == [None]


def test_where_tokens_are_read_alone_each_has_a_line_of_its_own() -> None:
    tokenizer = label_tokenizer()
    task = Task.model_validate({"labels": ["positive", "negative"]})
    ids = [*ids_of(tokenizer, "positive"), *ids_of(tokenizer, " negative")]
    reader = AnswerReader(tokenizer, task, "labels")
    (found,) = reader.read([ids], [2])
    assert [place and place[:2] for place in reader.places(ids, found)] == [(0, 1), (1, 2)]
    assert reader.spoken([*ids, 0]) == [0, 1]
