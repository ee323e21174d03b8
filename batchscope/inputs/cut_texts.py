"""Texts cut to a number of tokens. Shorter texts are the cheapest speed there is; accuracy says its price."""

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer

from batchscope.config.prompts import CutName
from batchscope.inputs.texts.source_text import SourceText

GAP = " ... "
"""What stands where the middle of a text was."""


def cut_texts(
    texts: Sequence[tuple[int, SourceText]], tokenizer: Tokenizer, tokens: int | None, keep: CutName
) -> tuple[list[tuple[int, SourceText]], int]:
    """Numbered texts, those that are longer than ``tokens`` tokens cut to that, and how many were cut.

    Tokens are those of the text by itself; in a prompt the first and the last of them may join what stands
    beside them. A cut falls between two tokens, hence never inside a character.

    Args:
        texts: texts with their numbers.
        tokenizer: the model's.
        tokens: the most that a text may have; None leaves all as they are.
        keep: the ``head``, the ``tail``, or ``both`` ends, with `GAP` between them and beyond the limit.
    """
    if tokens is None:
        return list(texts), 0
    encodings = tokenizer.encode_batch([text.content for _, text in texts], add_special_tokens=False)
    cut = [
        (number, text._replace(content=cut_text(text.content, encoding, tokens, keep)))
        for (number, text), encoding in zip(texts, encodings, strict=True)
    ]
    return cut, sum(len(encoding.ids) > tokens for encoding in encodings)


def cut_text(text: str, encoding: Encoding, tokens: int, keep: CutName) -> str:
    """One text, cut; ``encoding`` is its own."""
    offsets = encoding.offsets
    if len(offsets) <= tokens:
        return text
    if keep == "head":
        return text[: offsets[tokens - 1][1]]
    if keep == "tail":
        return text[offsets[-tokens][0] :]
    last = tokens // 2
    head = text[: offsets[tokens - last - 1][1]]
    return head if last == 0 else f"{head}{GAP}{text[offsets[-last][0] :]}"
