"""How many tokens a run's prompts have, before they are made."""

from batchscope.config.workload import Workload

TOKENS_PER_TEXT = 300
"""Tokens of an IMDB review with the Llama-3 tokenizer and its share of the instruction; used until there are
prompts."""


def guessed_tokens(workload: Workload) -> int:
    """Prompt tokens of one pass, duplicates counted."""
    return workload.total_texts * TOKENS_PER_TEXT * workload.duplicates
