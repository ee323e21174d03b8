"""Whether a tokenizer is its model's: a token without a row in the model ends an engine on a GPU."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError

REMEDY = "fetch both files of one model, or, if tokens were added, resize the model's embeddings"


def vocabulary_size(folder: Path) -> int | None:
    """How many tokens a model tells apart, by its config.json; None where that does not say it."""
    config = read_json(folder / "config.json")
    if not isinstance(config, dict):
        return None
    nested = config.get("text_config")
    size = (nested if isinstance(nested, dict) else config).get("vocab_size")
    return size if isinstance(size, int) and size > 0 else None


def check_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Refuse a tokenizer whose own words, added ones aside, are more than the model has rows for.

    Raises:
        UserError: it is another model's.
    """
    size, words = vocabulary_size(folder), tokenizer.get_vocab_size(with_added_tokens=False)
    if size is not None and words > size:
        raise UserError(
            f"{folder / 'tokenizer.json'}: it has {words:,} tokens, and config.json beside it says "
            f"vocab_size {size:,}: one of the two is another model's; {REMEDY}"
        )


def check_token_ids(prompts: Iterable[Iterable[int]], folder: Path, where: str) -> None:
    """Refuse prompts with a token that the model has no row for: it was added to the tokenizer alone.

    Args:
        prompts: token ids of each prompt.
        folder: the model's.
        where: what the prompts are called.

    Raises:
        UserError: there is such a token.
    """
    size = vocabulary_size(folder)
    largest = max((max(ids, default=0) for ids in prompts), default=0)
    if size is not None and largest >= size:
        raise UserError(
            f"{where}: its prompts hold token {largest:,}, and {folder / 'config.json'} says "
            f"vocab_size {size:,}: tokenizer.json has tokens that the model does not know; "
            f"{REMEDY}"
        )
