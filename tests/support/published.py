"""The published study's wording and task, as its overlay has them."""

from typing import Any

import yaml
from support.project import ROOT

from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task

OVERLAY: dict[str, Any] = yaml.safe_load((ROOT / "configs" / "hermes-8b.yaml").read_text(encoding="utf-8"))
TEXTS = PromptTexts(**OVERLAY["prompts"])
TASK = Task(**OVERLAY["task"])
