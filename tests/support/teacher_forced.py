"""What each token of given answers is worth, computed without vLLM: ``python teacher_forced.py ASKED.json``.

An engine's Python runs it. ASKED.json holds ``model`` (a folder), ``labels`` (their words), ``answers``: each
``prompt`` and ``output`` (token ids), ``n``, and ``form`` (``free``, ``labels``: a label on each line, or
``json``). Prints, as JSON, for each answer a list over its tokens of ``[bytes, log-probability]``. Where the
form restricts the answer, the probability is renormalised over all tokens of the vocabulary with which it
could still become an answer of that form; that is tried token by token, and there is no grammar here.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def byte_values() -> dict[str, int]:
    """What byte each character of a byte-level vocabulary stands for."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + place): byte for place, byte in enumerate(hidden)}


State = tuple[int, bytes]
"""Which part of an answer is being said, and what is still to be said of it."""


class Form:
    """The answers of one form, as parts that follow each other, each of which may be one of several texts."""

    def __init__(self, form: str, labels: list[str], n: int) -> None:
        if form == "json":
            labels = [json.dumps(label, ensure_ascii=False)[1:-1] for label in labels]
            keys = [f'"{number}": "' for number in range(1, n + 1)] if n > 1 else ['"label": "']
            around = [[start + key] for start, key in zip(["{", *['", '] * (n - 1)], keys, strict=True)]
            after = ['"}']
        else:
            around, after = [[""], *[["\n"]] * (n - 1)], [""]
        blank = ["", " "] if form == "labels" or n == 1 else [""]
        parts = [blank, *chain.from_iterable((before, labels) for before in around), after]
        self.parts = [[text.encode() for text in part] for part in parts]
        self.alphabet = {byte for part in self.parts for text in part for byte in text}
        self.states: set[State] = {(0, text) for text in self.parts[0]}

    def after(self, said: bytes) -> set[State]:
        """Where an answer may be when it has gone on with these bytes; nowhere, if it cannot."""
        found, open_ends = set(), [(*state, said) for state in self.states]
        while open_ends:
            place, rest, more = open_ends.pop()
            if rest.startswith(more):
                found.add((place, rest[len(more) :]))
            elif more.startswith(rest) and place + 1 < len(self.parts):
                open_ends += [(place + 1, text, more[len(rest) :]) for text in self.parts[place + 1]]
        return found

    def is_whole(self) -> bool:
        """Whether the answer may end here."""
        ends = {(len(self.parts) - 1, b"")}
        if self.parts[-1] == [b""]:
            ends.add((len(self.parts) - 2, b""))
        return bool(self.states & ends)


def worth(asked: dict) -> Iterator[list]:
    tokenizer = AutoTokenizer.from_pretrained(asked["model"])
    torch.set_num_threads(1)  # more would wait for each other where the machine has other work
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=torch.float32).eval()
    values = byte_values()
    special = set(tokenizer.all_special_ids)
    spelt = [
        b"" if number in special else bytes(values[character] for character in token)
        for number, token in enumerate(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
    ]
    by_head: dict[int, list[int]] = defaultdict(list)
    for token, text in enumerate(spelt):
        if text:
            by_head[text[0]].append(token)
    for answer in asked["answers"]:
        prompt, output = answer["prompt"], answer["output"]
        with torch.inference_mode():
            logits = model(torch.tensor([prompt + output])).logits[0, len(prompt) - 1 : -1].double()
        form = Form(answer["form"], asked["labels"], answer["n"])
        rows = []
        for token, row in zip(output, logits, strict=True):
            chosen = row
            if answer["form"] != "free":
                heads = [byte for byte in form.alphabet if form.after(bytes([byte]))]
                allowed = [each for head in heads for each in by_head[head] if form.after(spelt[each])]
                allowed += [tokenizer.eos_token_id] * form.is_whole()
                assert token in allowed, (rows, token)
                chosen = row[allowed]
                form.states = form.after(spelt[token])
            rows.append([list(spelt[token]), float(row[token] - chosen.logsumexp(0))])
        yield rows


if __name__ == "__main__":
    print(json.dumps(list(worth(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))))
