"""What each token of given answers is worth, computed without vLLM: ``python teacher_forced.py ASKED.json``.

An engine's Python runs it. ASKED.json holds ``model`` (a folder), ``labels`` (their words), ``answers``: each
``prompt`` and ``output`` (token ids), ``n``, and ``form`` (``free``, ``labels``: a label on each line, or
``json``). Prints, as JSON, for each answer a list over its tokens of ``[bytes, log-probability]``. Where the
form restricts the answer, the probability is renormalised over all tokens of the vocabulary with which it
could still become an answer of that form; that is tried token by token, and there is no grammar here.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def byte_values() -> dict[str, int]:
    """What byte each character of a byte-level vocabulary stands for."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + place): byte for place, byte in enumerate(hidden)}


def answers_of(form: str, labels: list[str], n: int) -> Callable[[bytes], bool]:
    """Whether bytes begin an answer of this form."""
    if form == "json":
        keys = ["label"] if n == 1 else [str(number) for number in range(1, n + 1)]
        lines = [f'{"{" if place == 0 else ", "}"{key}": "' for place, key in enumerate(keys)]
        pieces = [piece for line in lines for piece in ([line], [json.dumps(x)[1:] for x in labels])]
        pieces.append(["}"])
    else:
        pieces = [[["", "\n"][place > 0]] if part else labels for place, part in product(range(n), (1, 0))]
    first = ["", " "] if form == "labels" or n == 1 else [""]
    choices = [[piece.encode() for piece in each] for each in (first, *pieces)]

    @cache
    def begins(rest: bytes, place: int) -> bool:
        if not rest:
            return True
        return place < len(choices) and any(
            piece.startswith(rest) or (rest.startswith(piece) and begins(rest[len(piece) :], place + 1))
            for piece in choices[place]
        )

    return lambda text: begins(text, 0)


def is_whole(form: str, labels: list[str], n: int, text: str) -> bool:
    """Whether a text is an answer of this form."""
    label = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    if form == "json":
        try:
            return len(json.loads(text)) == n
        except ValueError:
            return False
    return re.fullmatch(rf" ?(?:{label})(?:\n(?:{label})){{{n - 1}}}", text) is not None


def allowed_tokens(form: str, labels: list[str], n: int, said: bytes, spelt: list[bytes], end: int) -> list[int]:
    begins = answers_of(form, labels, n)
    found = [token for token, piece in enumerate(spelt) if piece and begins(said + piece)]
    return [*found, end] if is_whole(form, labels, n, said.decode(errors="replace")) else found


def worth(asked: dict) -> Iterator[list]:
    tokenizer = AutoTokenizer.from_pretrained(asked["model"])
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=torch.float32).eval()
    values = byte_values()
    special = set(tokenizer.all_special_ids)
    spelt = [
        b"" if number in special else bytes(values[character] for character in token)
        for number, token in enumerate(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
    ]
    for answer in asked["answers"]:
        prompt, output, form = answer["prompt"], answer["output"], answer["form"]
        with torch.inference_mode():
            logits = model(torch.tensor([prompt + output])).logits[0, len(prompt) - 1 : -1].double()
        said, rows = b"", []
        for token, row in zip(output, logits, strict=True):
            chosen = row
            if form != "free":
                allowed = allowed_tokens(
                    form, asked["labels"], answer["n"], said, spelt, tokenizer.eos_token_id
                )
                assert token in allowed, (said, token)
                chosen = row[allowed]
            rows.append([list(spelt[token]), float(row[token] - chosen.logsumexp(0))])
            said += spelt[token]
        yield rows


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        print(json.dumps(list(worth(json.load(file)))))
