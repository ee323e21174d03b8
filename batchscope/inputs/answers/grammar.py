"""Grammars of answers, as EBNF for vLLM's structured outputs.

An answer to n texts is one line a text, or one JSON object. Its first label may follow a blank, and so may
the answer to a prompt of one text: after a prompt that ends with a word most models begin so.
"""

import json
from collections.abc import Iterator, Sequence


def grammar_of(words: Sequence[str], n: int, form: str, numbered: bool, packed: bool) -> str:
    """The grammar of an answer to n texts.

    Args:
        words: what stands for each label.
        n: texts in the prompt.
        form: ``labels``, ``codes`` or ``json``.
        numbered: whether lines begin with their number.
        packed: whether the prompt is of a kind that holds several texts; a single one may hold only one.
    """
    parts = ["label" if part is None else _literal(part) for part in _answer(n, form, numbered, packed)]
    start = [] if packed and (form == "json" or numbered) else ['" "?']
    labels = " | ".join(map(_literal, written(words, form)))
    return f"root ::= {' '.join([*start, *parts])}\nlabel ::= {labels}\n"


def written(words: Sequence[str], form: str) -> list[str]:
    """What stands for each label, as an answer has it: inside of JSON some characters are escaped."""
    return [json.dumps(word, ensure_ascii=False)[1:-1] if form == "json" else word for word in words]


def shape_of(n: int, form: str, numbered: bool, packed: bool) -> list[str]:
    """What stands around the labels of an answer: before the first, between two, after the last (n + 1)."""
    texts = [""]
    for part in _answer(n, form, numbered, packed):
        if part is None:
            texts.append("")
        else:
            texts[-1] += part
    return texts


def _answer(n: int, form: str, numbered: bool, packed: bool) -> Iterator[str | None]:
    """The parts of an answer, in order; None stands for a label."""
    for number in range(1, n + 1):
        if form == "json":
            key = str(number) if packed else "label"
            yield f'{"{" if number == 1 else ", "}"{key}": "'
        else:
            mark = f"{number}. " if numbered and packed else ""
            if text := ("\n" if number > 1 else "") + mark:
                yield text
        yield None
        if form == "json":
            yield '"}' if number == n else '"'


def _literal(text: str) -> str:
    """A text as a grammar has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
