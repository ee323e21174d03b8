"""Codes of labels: a letter or a number for each, so that an answer costs one token a label.

The wording of a prompt and the reader of its answer take them from here, so that both mean the same.
"""

from string import ascii_uppercase

from batchscope.config.task import Task


def codes_of(task: Task) -> dict[str, str]:
    """The code of each label by the label's name, in the task's order.

    A, B, C and so on for up to 26 labels, else 1, 2, 3 and so on.
    """
    names = task.names
    letters = len(names) <= len(ascii_uppercase)
    codes = ascii_uppercase if letters else [str(number) for number in range(1, len(names) + 1)]
    return dict(zip(names, codes, strict=False))


def kind_of_code(task: Task) -> str:
    """What a code is called in a prompt: ``letter`` or ``number``."""
    return "letter" if next(iter(codes_of(task).values())).isalpha() else "number"
