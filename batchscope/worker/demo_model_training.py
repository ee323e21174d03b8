"""Trains a tiny Llama to answer prompts; run with an engine environment's Python, which has PyTorch.

``python -m batchscope.worker.demo_model_training JOB.json``: ``folder`` holds config.json and gets
model.safetensors, ``examples`` is a file of JSON lines (``token_ids``, ``answers``), trained on in that
order.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

BATCH_TOKENS = 4096
WINDOW = 512
"""Examples among which those of similar lengths are put into one batch."""

LEARNING_RATE = 4e-3
WARMUP_STEPS = 20
LAST_SHARE = 0.02
REPORT_S = 10.0
SEED = 0

Example = dict[str, list[int]]


def main() -> None:
    """Train, then write the weights into the model's folder."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(job["folder"])
    with Path(job["examples"]).open(encoding="utf-8") as file:
        examples = [json.loads(line) for line in file]
    torch.manual_seed(SEED)
    # One thread: more gain little on so small a model and wait for each other beside other work. They also
    # add numbers in another order, and the model must be the same on any number of cores.
    torch.set_num_threads(1)
    model = LlamaForCausalLM(LlamaConfig.from_json_file(folder / "config.json")).float()
    train(model, list(batches(examples)))
    write(model, folder)


def batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Batches of up to `BATCH_TOKENS` tokens, padding included, of similar lengths within a window."""
    shuffle = torch.Generator().manual_seed(SEED)
    for start in range(0, len(examples), WINDOW):
        found: list[list[Example]] = [[]]
        for example in sorted(examples[start : start + WINDOW], key=_length):
            if found[-1] and (len(found[-1]) + 1) * _length(example) > BATCH_TOKENS:
                found.append([])
            found[-1].append(example)
        for index in torch.randperm(len(found), generator=shuffle).tolist():
            yield found[index]


def _length(example: Example) -> int:
    return len(example["token_ids"]) + len(example["answers"])


def train(model: Any, steps: Sequence[list[Example]]) -> None:
    """One optimiser step a batch; the learning rate rises for `WARMUP_STEPS`, then falls linearly."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    start = told = time.monotonic()
    right = asked = 0
    model.train()
    for step, batch in enumerate(steps):
        rising, falling = (step + 1) / WARMUP_STEPS, max(1 - step / len(steps), LAST_SHARE)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(rising, falling)
        logits, answers = answer(model, batch)
        loss = functional.cross_entropy(logits, answers)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right, asked = right + int((logits.argmax(-1) == answers).sum()), asked + len(answers)
        if (now := time.monotonic()) - told > REPORT_S or step + 1 == len(steps):
            text = f"training: step {step + 1}/{len(steps)}, {now - start:.0f} s"
            print(f"{text}, {right / asked:.0%} of {asked} answers right since the last line", flush=True)
            told, right, asked = now, 0, 0


def answer(model: Any, batch: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, shape (answers, vocabulary), where a batch's answers are predicted, and those answers' tokens.

    The output head, by far the largest matrix, is applied only at these positions. Padding comes last, so no
    token that counts attends to it.
    """
    tokens = torch.zeros(len(batch), max(map(_length, batch)), dtype=torch.long)
    places: list[tuple[int, int]] = []
    for row, example in enumerate(batch):
        known = example["token_ids"] + example["answers"][:-1]
        tokens[row, : len(known)] = torch.tensor(known)
        places += [(row, len(example["token_ids"]) - 1 + index) for index in range(len(example["answers"]))]
    rows, columns = zip(*places, strict=True)
    hidden = model.model(input_ids=tokens).last_hidden_state[list(rows), list(columns)]
    return model.lm_head(hidden), torch.tensor([token for each in batch for token in each["answers"]])


def write(model: Any, folder: Path) -> None:
    """Write the weights in the type that config.json names; config.json stays as it is."""
    state = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, str(folder / "model.safetensors"), metadata={"format": "pt"})


if __name__ == "__main__":
    main()
