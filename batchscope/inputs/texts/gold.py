"""Gold labels: from the words of the user's data to the names of the task's labels."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import yaml

from batchscope.common.errors import UserError
from batchscope.config.task import MOST_LABELS, LabelSpec, Task
from batchscope.inputs.texts.source_text import Loaded, SourceText, place

LABELS_SHOWN = 20
"""So many unknown labels are shown with their counts."""

FEW_LABELS = 50
"""So many labels may stand in a small file; more that are half of all its cells are texts or ids."""


def words_of(task: Task) -> frozenset[str]:
    """All words that stand for a label, in the form in which they are compared."""
    return frozenset(word.strip().casefold() for label in task.labels for word in label.words)


def with_gold(loaded: Loaded, task: Task) -> list[SourceText]:
    """The texts of a source with gold labels by their names in the task; a missing one stays None.

    Raises:
        UserError: the data has labels that the task does not know; the message counts them and shows what to
            write into ``task.labels``.
    """
    found = Counter(text.label for text in loaded.texts if text.label is not None)
    known = words_of(task)
    names = {word: task.label_of(word) if word.strip().casefold() in known else None for word in found}
    unknown = {word: count for word, count in found.most_common() if names[word] is None}
    if unknown:
        first = next(text for text in loaded.texts if text.label in unknown)
        raise UserError(_refusal(loaded, task, unknown, first))
    return [text if text.label is None else text._replace(label=names[text.label]) for text in loaded.texts]


def _refusal(loaded: Loaded, task: Task, unknown: dict[str, int], first: SourceText) -> str:
    counted = [f"{count:,} x {json.dumps(word, ensure_ascii=False)[:60]}" for word, count in unknown.items()]
    more = len(counted) - LABELS_SHOWN
    shown = ", ".join([*counted[:LABELS_SHOWN], *([f"and {more:,} more"] if more > 0 else [])])
    head = (
        f"task.labels: the texts have gold labels that are none of {_list_of(task.names)}: {shown} "
        f"(unknown label '{str(first.label)[:60]}' first in {place(first)})."
    )
    return "\n".join([head, *_remedies(loaded, task, unknown)])


def _remedies(loaded: Loaded, task: Task, unknown: dict[str, int]) -> list[str]:
    if _are_texts(unknown):
        return [f"They are texts or ids, it seems: set {loaded.label_key or 'task.labels'}."]
    once = {word.casefold(): word for word in reversed(unknown)}  # the most frequent spelling
    labels = [*_kept(loaded, task), *map(_label, sorted(once.values(), key=_by_number))]
    advice = [f"Write into your configuration:\n  task: {{labels: {_yaml(labels)}}}"]
    if len(labels) == 1:
        advice.append("and the task's other labels beside it, for the data has only one.")
    advice.append(_spelling_advice(task, list(unknown)))
    if loaded.label_key:
        advice.append(f"If they are no gold labels: set {loaded.label_key}, null where there are none.")
    return advice


def _are_texts(unknown: dict[str, int]) -> bool:
    """Whether a column of texts or ids was taken for one of labels."""
    most = min(MOST_LABELS, max(FEW_LABELS, sum(unknown.values()) / 2))
    return len(unknown) > most or any(len(word.splitlines()) != 1 for word in unknown)


def _spelling_advice(task: Task, unknown: Sequence[str]) -> str:
    """How to say that the data only spells the task's labels in another way."""
    meant = _meant(task, unknown)
    if meant is None:
        example = LabelSpec(name=task.names[0], spellings=[unknown[0]])
        return f"If one is another word for a label, write it as its spelling: [{_yaml_of(example)}, ...]."
    spelt = [
        label.model_copy(update={"spellings": [*label.spellings, meant[label.name]]}) for label in task.labels
    ]
    return f"If they are other words for the task's labels:\n  task: {{labels: {_yaml(spelt)}}}"


def _meant(task: Task, unknown: Sequence[str]) -> dict[str, str] | None:
    """For each label the word that seems to stand for it; None where that cannot be guessed.

    Known are words that labels begin with, such as pos and neg, and of two numbers the larger one for the
    first of the default's labels, which is positive.
    """
    begins = [
        [word for word in unknown if label.casefold().startswith(word.casefold())] for label in task.names
    ]
    guessed = [words[0] for words in begins if len(words) == 1]
    if len(guessed) == len(task.names) and sorted(guessed) == sorted(unknown):
        return dict(zip(task.names, guessed, strict=True))
    by_number = sorted(unknown, key=_by_number, reverse=True)
    is_default = task.labels == Task().labels
    if is_default and len(unknown) == 2 and all(_by_number(word)[0] < math.inf for word in unknown):
        return dict(zip(task.names, by_number, strict=True))
    return None


def _label(name: str) -> LabelSpec:
    return LabelSpec(name=name)


def _kept(loaded: Loaded, task: Task) -> Sequence[LabelSpec]:
    """The labels of the task that stay: all that the user wrote, or those of the default's that are used."""
    if task.labels != Task().labels:
        return task.labels
    used = {text.label.strip().casefold() for text in loaded.texts if text.label is not None}
    return [label for label in task.labels if used & {word.casefold() for word in label.words}]


def _by_number(word: str) -> tuple[float, str]:
    """Numbers in their order, before words."""
    try:
        number = float(word)
    except ValueError:
        number = math.inf
    return (number if math.isfinite(number) else math.inf), word.casefold()


def _yaml(labels: Sequence[LabelSpec]) -> str:
    return f"[{', '.join(map(_yaml_of, labels))}]"


def _yaml_of(label: LabelSpec) -> str:
    """A label as an entry of ``task.labels``, on one line, that YAML reads back as it is."""
    set_keys: dict[str, Any] = label.model_dump(exclude_defaults=True)
    value = label.name if set(set_keys) == {"name"} else set_keys
    # as an item of a list: a bare word would end in a line of dots
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False)
    return text.strip()[1:-1]


def _list_of(names: Sequence[str]) -> str:
    more = len(names) - LABELS_SHOWN
    return ", ".join([*names[:LABELS_SHOWN], *([f"... ({more:,} more)"] if more > 0 else [])])
