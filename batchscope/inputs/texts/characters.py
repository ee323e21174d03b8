"""What characters texts are made of: scripts, and what no reader sees but every tokenizer does."""

import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

NO_SCRIPT = "no letters"

JOINERS = "\u200c\u200d"
"""Right in many emoji, and in Persian and Indic words."""

ZERO_WIDTH = "\u200b\u2060"
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ORDINARY_CONTROLS = "\t\n\r"

# Unicode names a letter by its script first; these say it otherwise.
_OTHER_NAMES = {"CJK": "Han", "IDEOGRAPHIC": "Han", "FULLWIDTH": "Latin"}


def main_script(text: str) -> str:
    """The script of most letters of a text, such as Latin, Han or Cyrillic; `NO_SCRIPT` where it has none."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else NO_SCRIPT
    scripts = {_script_of(character) for character in set(text) if character.isalpha()}
    if len(scripts) < 2:  # of most texts: no need to count
        return scripts.pop() if scripts else NO_SCRIPT
    letters = Counter(_script_of(character) for character in text if character.isalpha())
    return min(letters, key=lambda script: (-letters[script], script))


def count_scripts(texts: Iterable[str]) -> dict[str, int]:
    """Texts by their main script, the most frequent first."""
    return _descending(Counter(map(main_script, texts)))


def count_invisible(texts: Iterable[str]) -> dict[str, int]:
    """Texts that hold invisible characters, by the kind of these; a text with several kinds counts in each.

    Kinds: zero-width space, joiner, byte order mark, direction mark, soft hyphen, control character (no tab
    or line break), other format character.
    """
    kinds: Counter[str] = Counter()
    for text in texts:
        if not text.isprintable():
            kinds.update({_kind_of(character) for character in _invisible() & set(text)})
    return _descending(kinds)


@cache
def _script_of(letter: str) -> str:
    first = unicodedata.name(letter, "UNKNOWN").split("-")[0].split()[0]
    return _OTHER_NAMES.get(first, first.capitalize())


@cache
def _invisible() -> frozenset[str]:
    """Unicode's control and format characters but for tabs and line breaks; none of them is printable."""
    every = map(chr, range(sys.maxunicode + 1))
    found = (character for character in every if unicodedata.category(character) in {"Cc", "Cf"})
    return frozenset(found) - set(ORDINARY_CONTROLS)


@cache
def _kind_of(character: str) -> str:
    named = {"\ufeff": "byte order mark", "\xad": "soft hyphen"}
    for members, kind in (
        (ZERO_WIDTH, "zero-width space"),
        (JOINERS, "joiner"),
        (DIRECTIONS, "direction mark"),
    ):
        named |= dict.fromkeys(members, kind)
    other = "control character" if unicodedata.category(character) == "Cc" else "other format character"
    return named.get(character, other)


def _descending(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
