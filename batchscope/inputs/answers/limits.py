"""What a run asks its engine for: how long answers may be, and what they may say.

Where each label is one token and no separator is needed, only these tokens are allowed: exactly n for n
texts. Else a grammar holds the answer to its form. Its length then varies: a label may be spelled by many
short tokens or few long ones, and the model ends it with one token more. The bounds hold whatever the model
does: at least as many tokens as the longest ones of the vocabulary need for the shortest answer, at most one
for each byte of the longest.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain

from tokenizers import Tokenizer, pre_tokenizers

from batchscope.common.answer_limits import AnswerLimits, AskedAnswers, LimitsBySize
from batchscope.config.prompts import LAYOUTS
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.grammar import grammar_of, shape_of, written
from batchscope.inputs.answers.label_tokens import one_token_labels
from batchscope.inputs.answers.reader import spelled

END = 1
"""The token with which the model ends its answer."""


def answers_asked(
    workload: Workload, task: Task, sizes: Iterable[int], tokenizer: Tokenizer, packed: bool
) -> AskedAnswers:
    """What a run asks for.

    Args:
        workload: the run's.
        task: the labels.
        sizes: how many texts its prompts hold.
        tokenizer: the model's.
        packed: whether its prompts are of a kind that holds several texts.
    """
    words = list(spelled(task, workload.answer).values())
    limits = _limits(workload, words, sorted(set(sizes)), tokenizer, packed)
    labels = one_token_labels(tokenizer, words) if workload.confidence else None
    return AskedAnswers(limits, labels, workload.confidence and labels is None)


def longest_answer(workload: Workload, task: Task, tokenizer: Tokenizer) -> Callable[[int], int]:
    """Most tokens of the answer to a prompt, by the number of texts in it.

    Args:
        workload: the run's.
        task: the labels.
        tokenizer: the model's.
    """
    words = list(spelled(task, workload.answer).values())
    packed = LAYOUTS[workload.layout].packs

    @cache
    def most(texts: int) -> int:
        return _limits(workload, words, [texts], tokenizer, packed)[texts].most

    return most


def _limits(
    workload: Workload, words: Sequence[str], sizes: Sequence[int], tokenizer: Tokenizer, packed: bool
) -> LimitsBySize:
    numbered = workload.numbered and packed
    if workload.answer == "free":
        each = workload.output_tokens_per_text
        if each is not None:
            return {n: AnswerLimits(n * each, n * each) for n in sizes}
        return {n: _until_the_model_ends_it(words, n, numbered, tokenizer) for n in sizes}
    if workload.answer != "json" and not numbered and (tokens := one_token_labels(tokenizer, words)):
        allowed = sorted(chain.from_iterable(tokens))
        return {n: AnswerLimits(n, n, allowed_token_ids=allowed) for n in sizes}
    return {n: _by_grammar(workload.answer, words, n, numbered, packed, tokenizer) for n in sizes}


def _until_the_model_ends_it(
    words: Sequence[str], n: int, numbered: bool, tokenizer: Tokenizer
) -> AnswerLimits:
    """Room for the longest label on each line."""
    lines = tokenizer.encode_batch([f"{word}\n" for word in words], add_special_tokens=False)
    longest = words[max(range(len(words)), key=lambda number: len(lines[number].ids))]
    around = shape_of(n, "free", numbered, packed=True)
    return AnswerLimits(
        END,
        n + _tokens(tokenizer, around, [longest]) + END,  # n: for blanks, or other breaks between lines
        usual=_tokens(tokenizer, around, words) + END,
    )


def _tokens(tokenizer: Tokenizer, around: Sequence[str], words: Sequence[str]) -> int:
    """Tokens of an answer with these labels, one after the other and again from the first."""
    labels = [words[place % len(words)] for place in range(len(around) - 1)]
    text = around[0] + "".join(label + after for label, after in zip(labels, around[1:], strict=True))
    return len(tokenizer.encode(text, add_special_tokens=False).ids)


def _by_grammar(
    form: str, words: Sequence[str], n: int, numbered: bool, packed: bool, tokenizer: Tokenizer
) -> AnswerLimits:
    around, labels = shape_of(n, form, numbered, packed), written(words, form)
    fixed = "".join(around)
    lengths = [len(label.encode()) for label in labels]
    shortest, longest = (len(fixed.encode()) + n * length for length in (min(lengths), max(lengths)))
    blank = 1
    return AnswerLimits(
        least=-(-shortest // longest_token(tokenizer, "\n".join([fixed, *labels, " "]))) + END,
        most=blank + longest + END,
        usual=_tokens(tokenizer, around, labels) + END,
        grammar=grammar_of(words, n, form, numbered, packed),
    )


def longest_token(tokenizer: Tokenizer, text: str) -> int:
    """Most bytes of a text that one token may stand for; never too few.

    Tokens count that are made of the text's characters, as they are or as byte-level tokenizers write them.
    Those that repeat one character more often than the text does, once more for a seam, do not: vocabularies
    have very long runs of blanks and dots.
    """
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    known = {*text, *(character for part, _ in bytewise for character in part), "▁"}
    often = max((len(run[0]) for run in re.finditer(r"(.)\1*", text, re.DOTALL)), default=1)
    too_often = re.compile(rf"(.)\1{{{often + 1},}}", re.DOTALL)
    tokens = [
        token
        for token in tokenizer.get_vocab(with_added_tokens=False)
        if known.issuperset(token) and not too_often.search(token)
    ]
    return max((len(token.encode()) for token in tokens), default=1)
