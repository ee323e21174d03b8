"""Chat templates: a prompt as a user's message to a chat model, in the words of the model's own template.

transformers renders it, as vLLM's server does. It is imported only where a template is used.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.errors import UserError
from batchscope.config.prompts import PromptTexts

FILE = "chat_template.jinja"


def has_template(folder: Path) -> bool:
    """Whether a model's folder holds a chat template."""
    if (folder / FILE).is_file():
        return True
    return any(_has_key(folder / name) for name in ("tokenizer_config.json", "chat_template.json"))


def _has_key(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")).get("chat_template"))
    except FileNotFoundError:
        return False
    except (ValueError, AttributeError):
        raise UserError(f"{path}: no readable JSON; fetch the model again") from None


class ChatTemplate:
    """A model's chat template, with the system message and the arguments that the configuration gives it.

    Raises:
        UserError: transformers cannot load the model's tokenizer.
    """

    def __init__(self, folder: Path, system: str | None, arguments: Mapping[str, Any]) -> None:
        # its remark that PyTorch is missing would be the first line of every log
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        from transformers import AutoTokenizer

        self._system, self._arguments = system, dict(arguments)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(folder))
        except Exception as error:  # noqa: BLE001, its code may fail in any way
            raise UserError(
                f"{folder}: transformers cannot load this tokenizer ({_first_line(error)}); set "
                "prompts.chat: off and write the chat template out in prompts.packed and prompts.separate"
            ) from None

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer that transformers, and so vLLM, uses; None where it is none of `tokenizers`."""
        found = getattr(self._tokenizer, "backend_tokenizer", None)
        return found if isinstance(found, Tokenizer) else None

    def messages(self, text: str) -> list[dict[str, str]]:
        """The chat in which a user says this text."""
        system = [{"role": "system", "content": self._system}] if self._system is not None else []
        return [*system, {"role": "user", "content": text}]

    def render(self, text: str) -> str:
        """The prompt in which a user says this text and the assistant is to answer, control tokens and all.

        Raises:
            UserError: the template refuses the messages or the arguments.
        """
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    self.messages(text), tokenize=False, add_generation_prompt=True, **self._arguments
                )
            )
        except Exception as error:  # noqa: BLE001, a template may fail in any way
            raise UserError(
                f"prompts.system, prompts.chat_template_kwargs: the model's chat template fails "
                f"({_first_line(error)}); drop what it does not take, or set prompts.chat: off"
            ) from None


def chat_template(folder: Path, texts: PromptTexts) -> ChatTemplate | None:
    """The template that prompts of this model are put into; None where none is there or wanted.

    Raises:
        UserError: a system message is asked for without a template to put it into.
    """
    if texts.chat == "auto" and has_template(folder):
        return ChatTemplate(folder, texts.system, texts.chat_template_kwargs)
    if texts.system is not None:
        why = f"{folder.name} has no chat template" if texts.chat == "auto" else "prompts.chat is off"
        raise UserError(f"prompts.system: {why}, so there is no system message; set prompts.system: null")
    return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
