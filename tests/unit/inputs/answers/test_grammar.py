"""The text of grammars; tests/engine/test_answers.py has what vLLM makes of them."""

import pytest

from batchscope.inputs.answers.grammar import grammar_of, shape_of, written


@pytest.mark.parametrize(
    ("n", "form", "numbered", "packed", "root"),
    [
        (1, "labels", False, False, '" "? label'),
        (3, "labels", False, True, '" "? label "\\n" label "\\n" label'),
        (2, "labels", True, True, '"1. " label "\\n2. " label'),
        (1, "labels", True, True, '"1. " label'),
        (1, "labels", True, False, '" "? label'),  # a separate prompt has no numbers
        (1, "json", False, False, '" "? "{\\"label\\": \\"" label "\\"}"'),
        (1, "json", False, True, '"{\\"1\\": \\"" label "\\"}"'),
        (2, "json", True, True, '"{\\"1\\": \\"" label "\\"" ", \\"2\\": \\"" label "\\"}"'),
    ],
)
def test_the_form_of_an_answer(n: int, form: str, numbered: bool, packed: bool, root: str) -> None:
    assert grammar_of(["a", "b"], n, form, numbered, packed) == f'root ::= {root}\nlabel ::= "a" | "b"\n'


def test_signs_in_labels_are_escaped() -> None:
    words = ['say "no"', "back\\slash"]
    assert '"say \\"no\\"" | "back\\\\slash"' in grammar_of(words, 1, "labels", False, False)
    assert written(words, "json") == ['say \\"no\\"', "back\\\\slash"]
    assert '"say \\\\\\"no\\\\\\"" | "back\\\\\\\\slash"' in grammar_of(words, 1, "json", False, False)


def test_what_stands_around_labels() -> None:
    assert shape_of(2, "labels", numbered=True, packed=True) == ["1. ", "\n2. ", ""]
    assert shape_of(2, "json", numbered=False, packed=True) == ['{"1": "', '", "2": "', '"}']
    assert shape_of(1, "labels", numbered=False, packed=False) == ["", ""]
