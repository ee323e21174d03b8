"""Reads labels from a model's answers: each form of answer by its own rule. docs/labels.md has the limits.

- ``free`` and ``labels``: the i-th label found is that of the prompt's i-th text. Where each label is one
  token and nothing else is allowed, each token is read by itself: such tokens may follow each other without a
  blank, and their joined text would be no word.
- ``codes``: as ``labels``, with a code for each label.
- ``json``: the value of the text's number, or of ``label``.
- ``numbered`` answers are read by their numbers: what stands behind ``3.`` is the third text's. A missing
  line leaves its text without a label, and shifts no other. Without any number they are read in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from tokenizers import Tokenizer

from batchscope.config.prompts import AnswerForm
from batchscope.config.task import Task
from batchscope.inputs.answers.grammar import written
from batchscope.inputs.answers.label_finder import LabelFinder, Spot
from batchscope.inputs.answers.label_tokens import one_token_labels
from batchscope.inputs.answers.numbered_lines import json_pairs, numbered_parts
from batchscope.inputs.answers.token_places import TokenPlace, pieces_of, token_places
from batchscope.inputs.label_codes import codes_of

Labels = tuple[str | None, ...]


@dataclass(frozen=True)
class Answer:
    """The labels of one prompt's texts, as its answer has them."""

    labels: Labels
    """one for each text, in the prompt's order; None: the answer has none for it"""
    found: int
    """labels in the answer, surplus ones included"""
    spots: tuple[Spot | None, ...] = field(default=(), compare=False)
    """of each text, which characters of the answer's text spell its label; None: it has none"""

    @property
    def missing(self) -> int:
        """Texts without a label."""
        return self.labels.count(None)

    @property
    def surplus(self) -> int:
        """Labels that belong to no text: beyond the last, under a number that no text has, or said twice."""
        return self.found - (len(self.labels) - self.missing)


class AnswerReader:
    """Reads answers of one tokenizer, equal ones once: those of duplicates and repeats are mostly equal.

    Args:
        tokenizer: the model's.
        task: its labels and their spellings.
        answer: the form that was asked for.
        numbered: whether the texts of a packed prompt, and the lines of its answer, are numbered.
    """

    def __init__(
        self, tokenizer: Tokenizer, task: Task, answer: AnswerForm = "free", numbered: bool = False
    ) -> None:
        self._tokenizer = tokenizer
        self._task = task
        self._answer = answer
        self._numbered = numbered
        self._finder = _finder(task, answer)
        words = spelled(task, answer)
        self._digits = any(character.isdigit() for word in words for character in word)
        self._by_token = (
            answer in ("labels", "codes")
            and not numbered
            and one_token_labels(tokenizer, list(words.values())) is not None
        )
        self._label_tokens: frozenset[int] | None = None
        self._read: dict[tuple[tuple[int, ...], int], Answer] = {}

    def read(self, answers: Iterable[Sequence[int]], sizes: Sequence[int]) -> list[Answer]:
        """The labels of each answer.

        Args:
            answers: output token ids of each request.
            sizes: texts in each request's prompt.
        """
        keys = [(tuple(ids), int(n)) for ids, n in zip(answers, sizes, strict=True)]
        new = [key for key in dict.fromkeys(keys) if key not in self._read]
        for key, text in zip(new, self._texts([ids for ids, _ in new]), strict=True):
            self._read[key] = self.read_text(text, key[1])
        return [self._read[key] for key in keys]

    def read_text(self, text: str, n: int) -> Answer:
        """The labels of one answer to n texts; its text has a token a line where tokens are read alone."""
        if self._answer == "json":
            return self._json(text, n)
        if self._numbered and (answer := self._by_number(text, n)):
            return answer
        return _in_order(self._finder.spots(text), n)

    @property
    def open_labels(self) -> frozenset[str]:
        """Labels behind which an answer that is held to labels may go on, and then says another one.

        In a free answer anything may follow a label: there are none.
        """
        if self._answer == "free":
            return frozenset()
        texts = spelled(self._task, self._answer)
        written_as = dict(zip(texts, written(list(texts.values()), self._answer), strict=True))
        return frozenset(
            name
            for name, text in written_as.items()
            if any(other != text and other.startswith(text) for other in written_as.values())
        )

    def spoken(self, ids: Sequence[int]) -> list[int]:
        """The places of tokens in an answer that are labels by themselves, where each label is one token."""
        if self._label_tokens is None:
            words = list(spelled(self._task, self._answer).values())
            tokens = one_token_labels(self._tokenizer, words) or ()
            self._label_tokens = frozenset(chain.from_iterable(tokens))
        return [place for place, token in enumerate(ids) if token in self._label_tokens]

    def places(self, ids: Sequence[int], answer: Answer) -> list[TokenPlace | None]:
        """Which tokens spell the label of each text; None: it has none, or that is not known.

        Args:
            ids: output token ids of a request.
            answer: what was read from them.
        """
        pieces = pieces_of(self._tokenizer, list(map(int, ids)), alone=self._by_token)
        return token_places(answer.spots, pieces)

    def _texts(self, answers: Sequence[tuple[int, ...]]) -> list[str]:
        """Each answer as text; where tokens are read by themselves, with one token a line."""
        if not self._by_token:
            return list(self._tokenizer.decode_batch([list(ids) for ids in answers]))
        tokens = sorted({token for ids in answers for token in ids})
        text = dict(zip(tokens, self._tokenizer.decode_batch([[token] for token in tokens]), strict=True))
        return ["\n".join(text[token] for token in ids) for ids in answers]

    def _by_number(self, text: str, n: int) -> Answer | None:
        """The labels by their numbers; None where the answer is to be read in order.

        That is so without any number, and for a single text whose answer is a number that may be its label.
        """
        before, *parts = numbered_parts(text, one_line=not self._digits)
        found = [(part.number, self._finder.spots(part.text, part.start)) for part in parts]
        if not any(spots for _, spots in found):
            return None
        if parts[0].number == 2 and (first := self._finder.spots(before.text)):
            # The prompt itself ended with the first number, and the answer goes on from there.
            found.insert(0, (1, first[-1:]))
        return _by_place([(number, spot) for number, spots in found for spot in spots], n)

    def _json(self, text: str, n: int) -> Answer:
        pairs = json_pairs(text)
        if not pairs:
            return _in_order(self._finder.spots(text), n)
        found = [(pair, self._finder.find(pair.text)) for pair in pairs]
        return _by_place(
            [
                (_number(pair.key, n), Spot(labels[0], pair.start, pair.end))
                for pair, labels in found
                if labels
            ],
            n,
        )


def spelled(task: Task, answer: AnswerForm) -> dict[str, str]:
    """What the model is to write for each label, by the label's name: the name itself, or its code."""
    return codes_of(task) if answer == "codes" else {name: name for name in task.names}


def _finder(task: Task, answer: AnswerForm) -> LabelFinder:
    if answer == "codes":
        return LabelFinder({code: name for name, code in codes_of(task).items()}, cut_off=False)
    return LabelFinder({word: label.name for label in task.labels for word in label.words})


def _number(key: str, n: int) -> int:
    """The text that a key of a JSON answer stands for; 0 for none."""
    key = key.strip()
    if n == 1 and key.lower() == "label":
        return 1
    return int(key) if key.isdecimal() and len(key) <= 6 else 0


def _in_order(found: Sequence[Spot], n: int) -> Answer:
    return _answer([*found[:n], *[None] * (n - len(found))], len(found))


def _by_place(found: Sequence[tuple[int | None, Spot]], n: int) -> Answer:
    """Each text's label: the first that stands under its number."""
    first: dict[int | None, Spot] = {}
    for number, spot in found:
        first.setdefault(number, spot)
    return _answer([first.get(place) for place in range(1, n + 1)], len(found))


def _answer(spots: Sequence[Spot | None], found: int) -> Answer:
    return Answer(tuple(spot and spot.label for spot in spots), found, tuple(spots))
