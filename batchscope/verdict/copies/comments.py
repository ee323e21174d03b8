"""What whoever pastes a copy must know of it, as lines of the copied text itself."""

import textwrap
from collections.abc import Iterator
from pathlib import PurePosixPath

from batchscope.verdict.copies.recipe import Recipe

WIDTH = 36
"""Characters of a line: on a phone, too, the box beside the answer has room for so many."""


def commented(recipe: Recipe, *, twice: bool = False) -> str:
    """Lines of a script or a shell; empty where there is nothing to know.

    Args:
        recipe: the setting.
        twice: whether the copied text names the model in two places.
    """
    said = (
        textwrap.wrap(each, WIDTH, break_long_words=False, break_on_hyphens=False)
        for each in _sentences(recipe, twice)
    )
    return "".join(f"# {line}\n" for lines in said for line in lines)


def _sentences(recipe: Recipe, twice: bool) -> Iterator[str]:
    if recipe.folder:
        where = ", here and in the request" if twice else ""
        yield (
            f"{recipe.model} is a folder where this was measured: put your own path, or the model's name on "
            f"Hugging Face{where}."
        )
    if recipe.random:
        yield (
            "Measured with random weights (load_format dummy, labels mean nothing). That is left out: this "
            "loads the model's own."
        )
    for path in _paths(recipe):
        yield f"{path} is a path where this was measured."


def _paths(recipe: Recipe) -> list[str]:
    """Absolute paths among engine arguments and variables."""
    values = [*recipe.args.values(), *recipe.variables.values()]
    return [value for value in values if isinstance(value, str) and PurePosixPath(value).is_absolute()]
