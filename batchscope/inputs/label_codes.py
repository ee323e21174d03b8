"""Codes that stand for labels in an answer, so that each label costs one token."""

from string import ascii_uppercase

from batchscope.config.task import Task


def codes_of(task: Task) -> dict[str, str]:
    """The code of each label, by its name: A, B, C ... for up to 26 labels, else 1, 2, 3 ..."""
    names = task.names
    letters = len(names) <= len(ascii_uppercase)
    codes = ascii_uppercase if letters else [str(number) for number in range(1, len(names) + 1)]
    return dict(zip(names, codes, strict=False))
