"""The prompts as text, as users send them to a server."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Texts:
    """The prompts of a pass as text."""

    lines: list[str]
    whole: bool
    """whether each has its special tokens in it, so that the server is to add none"""

    def of(self, prompt: int) -> str:
        """The text of a prompt; copies with the same text share one."""
        return self.lines[prompt % len(self.lines)]


def read_texts(job: dict[str, Any]) -> Texts:
    """The texts of a job's prompts."""
    with Path(job["texts"]).open(encoding="utf-8") as file:
        return Texts([json.loads(line) for line in file], whole=not job["adds_special_tokens"])
