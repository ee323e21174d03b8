"""Finds labels in a text, word by word. docs/labels.md has what the rule cannot do.

A word is a maximal run of letters or of digits (with a decimal point, where one stands inside), or any other
single character. Case does not count, and neither do blanks, hyphens and underscores between two words. A
label stands where the words of one of its spellings stand, on one line; of several that begin at the same
word, the longest. So ``card lost`` is never taken for ``card``.

A word may be cut off: a token may hold only a part of it, and the last one of an answer may be incomplete. So
the beginning of a spelling counts too, if it has at least `SHORTEST` letters and begins no other label.
Where the spelling is one word, its beginning may stand anywhere, as a word of its own. Where it is several,
it must end its line, and only labels, numbers and signs may stand before it: inside a sentence the first word
of a long label means little.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

SHORTEST = 3
"""Fewest letters that the beginning of a spelling must have."""

_WORD = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|[^\w\s]|_")
_BETWEEN = re.compile(r"(?<=[^\W_])(?:[^\S\r\n]|[-_])+(?=[^\W_])")
"""Blanks, hyphens and underscores between two letters or digits: they only keep words apart."""

Words = tuple[str, ...]


def words_of(line: str) -> Words:
    """The words of one line, in lower case."""
    return tuple(match[0].lower() for match in _matches(line))


def _matches(line: str) -> list[re.Match[str]]:
    """The words of one line, where they stand in it."""
    return list(_WORD.finditer(_BETWEEN.sub(lambda between: " " * len(between[0]), line)))


class Spot(NamedTuple):
    """A label, and the characters of the text that spell it: from ``start`` to before ``end``."""

    label: str
    start: int
    end: int


class _Found(NamedTuple):
    label: str
    words: int
    """how many words of the line it takes"""


class LabelFinder:
    """Finds the labels of one task.

    Args:
        spellings: what means which label; if two labels have a spelling of the same words, the first counts.
        cut_off: whether the beginning of a spelling counts, too.
    """

    def __init__(self, spellings: Mapping[str, str], cut_off: bool = True) -> None:
        self._exact = {spelling.lower(): label for spelling, label in reversed(list(spellings.items()))}
        by_words = [(words_of(spelling), label) for spelling, label in spellings.items()]
        self._whole: dict[Words, str] = {}
        for words, label in by_words:
            self._whole.setdefault(words, label)
        self._whole.pop((), None)
        self._longest = max(map(len, self._whole), default=0)
        self._begun = _beginnings(by_words) if cut_off else {}

    def find(self, text: str) -> list[str]:
        """The labels in a text, in order."""
        return [spot.label for spot in self.spots(text)]

    def spots(self, text: str, start: int = 0) -> list[Spot]:
        """The labels in a text, in order, and where they stand; ``start``: the text's first place."""
        found: list[Spot] = []
        for line in text.splitlines(keepends=True):
            found += self._in_line(line, start)
            start += len(line)
        return found

    def _in_line(self, line: str, start: int) -> Iterator[Spot]:
        if exact := self._exact.get(line.strip().lower()):
            yield Spot(exact, start + len(line) - len(line.lstrip()), start + len(line.rstrip()))
            return
        matches = _matches(line)
        words, place, sentence = tuple(match[0].lower() for match in matches), 0, False
        while place < len(words):
            if found := self._at(words, place, sentence):
                last = matches[place + found.words - 1]
                yield Spot(found.label, start + matches[place].start(), start + last.end())
                place += found.words
            else:
                sentence |= words[place].isalpha()
                place += 1

    def _at(self, words: Words, place: int, sentence: bool) -> _Found | None:
        """The label that begins at a word; the longer one, where a whole and a cut-off one do.

        ``sentence``: whether words that are no labels stand before it.
        """
        whole = self._whole_at(words, place)
        rest = words[place : place + self._longest + 1]
        ends_line = place + len(rest) == len(words)
        longer = len(rest) > (whole.words if whole else 0)
        if ends_line and longer and not sentence and (label := self._cut_off(rest, anywhere=False)):
            return _Found(label, len(rest))
        if whole is None and (label := self._cut_off(words[place : place + 1], anywhere=True)):
            return _Found(label, 1)
        return whole

    def _whole_at(self, words: Words, place: int) -> _Found | None:
        for length in range(min(self._longest, len(words) - place), 0, -1):
            if label := self._whole.get(words[place : place + length]):
                return _Found(label, length)
        return None

    def _cut_off(self, words: Words, anywhere: bool) -> str | None:
        """The only label that has a spelling which begins so."""
        begun = self._begun.get(words, {})
        if len(begun) != 1:
            return None
        ((label, alone),) = begun.items()
        return label if alone or not anywhere else None


def _beginnings(spellings: Iterable[tuple[Words, str]]) -> dict[Words, dict[str, bool]]:
    """Beginnings of spellings: the labels that begin so, and whether that spelling is a single word.

    Whole spellings are among them: what is a label of its own begins no other one.
    """
    found: dict[Words, dict[str, bool]] = {}
    for words, label in spellings:
        for beginning in _beginnings_of(words):
            labels = found.setdefault(beginning, {})
            labels[label] = labels.get(label, False) or len(words) == 1
    return found


def _beginnings_of(words: Words) -> Iterator[Words]:
    for place, word in enumerate(words):
        for length in range(1, len(word) + 1):
            beginning = (*words[:place], word[:length])
            if _letters(beginning) >= SHORTEST:
                yield beginning


def _letters(words: Sequence[str]) -> int:
    return sum(len(word) for word in words if word[0].isalpha())
