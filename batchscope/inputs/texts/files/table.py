"""What each format's reader makes of a file: columns and rows; and what is asked of that file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from batchscope.common.errors import UserError
from batchscope.config.dataset import AUTO, Format


class Row(NamedTuple):
    """One row of a file; ``problem`` says why it cannot be used, such as bytes that are no text."""

    file: str
    number: int | None
    """from 1, after the header; None where the whole file is one text"""
    line: int | None
    cells: Sequence[Any]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of a file in its order, each with one cell for each column; None where it has none."""

    columns: Sequence[str]
    rows: Sequence[Row]
    header: bool = True
    """whether the columns' names come from the file's first row, which might be no header"""


@dataclass(frozen=True)
class Request:
    """How a file is read, and how messages name it and the keys of the configuration."""

    block: str
    """the dotted key above ``path``, such as dataset.file"""
    format: Format = "auto"
    delimiter: str | None = None
    quotes: bool = True
    encoding: str = "utf-8"
    text_column: str = AUTO
    label_column: str | None = AUTO
    id_column: str | None = None
    labels: frozenset[str] = frozenset()
    """all words that stand for one of the task's labels, in lower case (`str.casefold`)"""
    text_key: str = "text_column"
    keys_of_format: bool = True
    """whether the block has the keys format, delimiter, quotes and encoding: messages may then name them"""

    def key(self, name: str) -> str:
        """The dotted key of a field of this class, as the user knows it."""
        return f"{self.block}.{self.text_key if name == 'text_column' else name}"

    def refuse(self, key: str, what: str) -> NoReturn:
        """End with a message about a key.

        Raises:
            UserError: always.
        """
        raise UserError(f"{self.key(key)}: {what}")


def printable(text: str) -> str:
    """A text with what no terminal can show, such as half a character, replaced by question marks."""
    return text.encode(errors="replace").decode()
