"""What is wrong with a sweep before it costs anything, and how a list of such things is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from batchscope.common.errors import UserError

NEW_LINE, INDENTED = "\n", "\n     "


@dataclass(frozen=True)
class Problem:
    """Something that would end a run, and what puts it right."""

    where: str
    """the key of the configuration, or the file"""
    what: str
    remedy: str

    def __str__(self) -> str:
        """One line, or where the remedy has several, lines of its own for it."""
        return f"{self.where}: {self.what}{NEW_LINE if NEW_LINE in self.remedy else '; '}{self.remedy}"


@dataclass(frozen=True)
class Unchecked:
    """Something that cannot be told yet, or need not be wrong."""

    where: str
    what: str


Finding = Problem | Unchecked


def problem_from(error: UserError, where: str = "") -> Problem:
    """A message of the form ``where: what; remedy`` in its parts; ``where`` takes the place of its own."""
    own, _, rest = str(error).partition(": ")
    what, _, remedy = rest.rpartition("; ")
    return Problem(where or own, what or rest, remedy if what else "see there")


def problems_of(findings: Iterable[Finding]) -> list[Problem]:
    """The problems among findings, each once, in their order."""
    return list(dict.fromkeys(each for each in findings if isinstance(each, Problem)))


def unchecked_of(findings: Iterable[Finding]) -> list[Unchecked]:
    """What was not checked among findings, each once, in their order."""
    return list(dict.fromkeys(each for each in findings if isinstance(each, Unchecked)))


def describe_problems(problems: Sequence[Problem]) -> str:
    """One message about all of them: a line for a single one, else a numbered list."""
    texts = [str(each) for each in problems]
    if len(texts) == 1:
        return texts[0]
    lines = [f"  {number}. {text.replace(NEW_LINE, INDENTED)}" for number, text in enumerate(texts, 1)]
    return "\n".join([f"{len(texts)} things are wrong, and nothing has been started:", *lines])


def describe_unchecked(unchecked: Sequence[Unchecked]) -> str:
    """What could not be checked, a line each."""
    return "\n".join(["Not checked:", *(f"  {each.where}: {each.what}" for each in unchecked)])
