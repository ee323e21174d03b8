"""What requests make a model compute and move (docs/cost_model.md), written again."""

import math
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

PEAK, BANDWIDTH = "peak", "bandwidth"
DEVICES = {
    "NVIDIA H100 80GB HBM3": {PEAK: 989.5e12, BANDWIDTH: 3350e9},
    "NVIDIA H200": {PEAK: 989.5e12, BANDWIDTH: 4800e9},
}
SHARES = {
    ("NVIDIA H100 80GB HBM3", "16 bits"): 0.625,
    ("NVIDIA H200", "16 bits"): 0.630,
    ("NVIDIA H200", "fp8_per_tensor"): 0.524,
    ("NVIDIA H200", "fp8_per_channel"): 0.520,
    ("NVIDIA H200", "fp8_per_block"): 0.500,
    ("NVIDIA H200", "16 bits, KV cache fp8"): 0.643,
    ("NVIDIA H200", "fp8_per_tensor, KV cache fp8"): 0.507,
    ("NVIDIA H200", "fp8_per_channel, KV cache fp8"): 0.503,
    ("NVIDIA H200", "fp8_per_block, KV cache fp8"): 0.490,
}
"""16-bit peak, memory bandwidth and the measured constants: docs/cost_model.md, Seconds."""

FP8 = re.compile(r"fp8(_per_(tensor|channel|block))?")
"""Quantizations whose products are fp8, with twice the 16-bit peak on these devices."""


@dataclass(frozen=True)
class Device:
    """What the GPUs of a run can do together, and what a run's constant is called."""

    peak: float
    linear: float
    bandwidth: float
    share: float | None
    """None: of this arithmetic there is none but the median of the runs beside it"""
    arithmetic: str
    gpus: int
    mfu_peak: float
    """NaN where attention may compute in another arithmetic, or the products' one is not known"""


def device_of(gpu: str, resolved: Mapping[str, Any], args: Mapping[str, Any]) -> Device:
    """The device of a run, from what was in force."""
    device, gpus = DEVICES[gpu], args.get("tensor_parallel_size") or 1
    how, cache = resolved.get("quantization"), resolved.get("kv_cache_dtype") or "auto"
    linear = device[PEAK] * (2 if how and FP8.fullmatch(how) else 1)
    narrow = cache not in ("auto", resolved.get("dtype"))
    name = (how or "16 bits") + (f", KV cache {cache}" if narrow else "")
    return Device(
        peak=device[PEAK] * gpus,
        linear=linear * gpus,
        bandwidth=device[BANDWIDTH] * gpus,
        share=SHARES.get((gpu, name)),
        arithmetic=name,
        gpus=gpus,
        mfu_peak=linear * gpus if is_known(resolved) and not narrow else math.nan,
    )


LEFT_OVER = 785_000_000
WIDTH = 2
"""Bytes of a value in bfloat16, which all committed runs compute in."""

Lengths = np.ndarray
"""A row a request: prompt, cached and output tokens."""


@dataclass(frozen=True)
class Model:
    """A dense decoder's shape."""

    hidden: int
    mlp: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    layer_width: int = WIDTH
    """bytes of a weight of the layers"""
    kv_width: int = WIDTH
    gpus: int = 1

    @property
    def layer(self) -> int:
        return self.hidden * self.head_dim * 2 * (self.heads + self.kv_heads) + 3 * self.hidden * self.mlp

    @property
    def head(self) -> int:
        return self.hidden * self.vocabulary

    @property
    def norms(self) -> int:
        return (2 * self.layers + 1) * self.hidden

    @property
    def bytes_in_memory(self) -> int:
        others = self.norms + self.head * (1 if self.tied else 2)
        return self.layer_width * self.layers * self.layer + WIDTH * others

    @property
    def bytes_of_step(self) -> int:
        return self.layer_width * self.layers * self.layer + WIDTH * (self.norms + self.head)

    @property
    def kv_bytes(self) -> int:
        return 2 * self.layers * self.kv_heads * self.head_dim * self.kv_width

    @property
    def flop_token(self) -> float:
        return 2.0 * self.layers * self.layer

    @property
    def flop_key(self) -> float:
        return 4.0 * self.layers * self.heads * self.head_dim

    @property
    def flop_head(self) -> float:
        return 2.0 * self.head


def is_known(resolved: Mapping[str, Any]) -> bool:
    """Whether it is known how many bytes the weights have, and in which arithmetic they are multiplied.

    It is not where zeros are left out.
    """
    quantization = resolved.get("quantization")
    return quantization is None or FP8.fullmatch(quantization) is not None


def model_of(config: Mapping[str, Any], resolved: Mapping[str, Any] | None = None, gpus: int = 1) -> Model:
    """The model as an engine held it; without ``resolved`` in 16 bits."""
    how = resolved or {}
    return Model(
        layer_width=1 if FP8.fullmatch(how.get("quantization") or "") else WIDTH,
        kv_width=1 if str(how.get("kv_cache_dtype")).startswith("fp8") else WIDTH,
        gpus=gpus,
        hidden=config["hidden_size"],
        mlp=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        kv_heads=config["num_key_value_heads"],
        head_dim=config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
        vocabulary=config["vocab_size"],
        tied=bool(config.get("tie_word_embeddings")),
    )


def keys(start: Any, end: Any) -> Any:
    """Keys that the tokens from start to end attend to: the one at position p has p + 1."""
    return (end * (end + 1) - start * (start + 1)) // 2


def flop_of(model: Model, lengths: Lengths) -> dict[str, float]:
    """FLOP of one pass by phase and part."""
    prompt, cached, output = lengths.T
    fed = np.maximum(output - 1, 0)
    return {
        "prefill_linear": model.flop_token * float((prompt - cached).sum()),
        "prefill_attention": model.flop_key * float(keys(cached, prompt).sum()),
        "prefill_head": model.flop_head * len(lengths),
        "decode_linear": model.flop_token * float(fed.sum()),
        "decode_attention": model.flop_key * float(keys(prompt, prompt + fed).sum()),
        "decode_head": model.flop_head * float(fed.sum()),
    }


def kv_tokens(model: Model, resolved: Mapping[str, Any], memory: int) -> int:
    """Predicted KV cache in tokens, in whole blocks."""
    room = int(resolved["gpu_memory_utilization"] * memory) - model.bytes_in_memory // model.gpus - LEFT_OVER
    room -= activations(model, resolved)
    block = resolved["block_size"]
    return room // (model.kv_bytes // model.gpus * block) * block


def activations(model: Model, resolved: Mapping[str, Any]) -> int:
    wide = 3 * model.mlp // model.gpus + 4 * model.hidden
    return resolved["max_num_batched_tokens"] * wide * WIDTH


STEP = ("prefill_tokens", "prefill_keys", "first_tokens", "context", "decode_tokens", "decode_keys")


def steps_of(lengths: Lengths, resolved: Mapping[str, Any]) -> pd.DataFrame:
    """Engine steps of one pass, by the rules of docs/cost_model.md; no request may have to go back."""
    engine = Engine(lengths, resolved)
    rows = []
    while engine.queue or engine.chunk or engine.answers:
        row = engine.step()
        if row[0] or row[4]:
            rows.append(row)
    return pd.DataFrame(rows, columns=list(STEP))


class Engine:
    """One step after the other."""

    def __init__(self, lengths: Lengths, resolved: Mapping[str, Any]) -> None:
        self.queue = deque((int(p), min(int(c), int(p) - 1), int(o)) for p, c, o in lengths)
        self.budget, self.seats = resolved["max_num_batched_tokens"], resolved["max_num_seqs"]
        self.room: int = resolved["kv_cache_tokens"]
        self.late = bool(resolved.get("async_scheduling"))
        self.chunk: list[int] = []  # prompt, done, cached, output of the one that is being read
        self.answers: list[list[int]] = []  # context, outputs left, tokens held
        self.taken: list[int] = []  # seats whose requests are done, by what they hold
        self.seated = 0

    def step(self) -> tuple[int, ...]:
        for each in self.answers:
            each[0] += 1
            each[1] -= 1
            each[2] += 1
        self.room -= len(self.answers)
        if self.room < 0:
            raise ValueError("a request would have to go back")
        decoded, contexts = len(self.answers), sum(each[0] for each in self.answers)
        begun, *read = self.read(self.budget - decoded)
        over = [each for each in self.answers + begun if each[1] == 0]
        self.answers = [each for each in self.answers + begun if each[1]]
        leaving = self.taken if self.late else [each[2] for each in over]
        self.taken = [each[2] for each in over] if self.late else []
        self.room += sum(leaving)
        self.seated -= len(leaving)
        return (*read, decoded, contexts)

    def read(self, budget: int) -> tuple[Any, ...]:
        """Prompts in this step: those that begin their answers, then tokens, keys, first tokens, contexts."""
        begun: list[list[int]] = []
        tokens = seen = context = 0
        while budget > 0 and (self.chunk or self.admit()):
            prompt, done, cached, output = self.chunk
            end = min(done + budget, prompt)
            budget -= end - done
            tokens, seen, context = tokens + end - done, seen + keys(done, end), context + end
            self.chunk = [prompt, end, cached, output]
            if end == prompt:
                begun.append([prompt, max(output - 1, 0), prompt - cached])
                self.chunk = []
        return begun, tokens, seen, len(begun), context

    def admit(self) -> bool:
        if not self.queue or self.seated >= min(self.seats, self.budget):
            return False
        prompt, cached, output = self.queue[0]
        if prompt - cached > self.room:
            return False
        self.queue.popleft()
        self.room -= prompt - cached
        self.seated += 1
        self.chunk = [prompt, cached, cached, output]
        return True


def step_flop(model: Model, steps: pd.DataFrame) -> pd.DataFrame:
    """FLOP of each step: matrix products, and attention."""
    tokens = steps["prefill_tokens"] + steps["decode_tokens"]
    logits = steps["first_tokens"] + steps["decode_tokens"]
    attention = model.flop_key * (steps["prefill_keys"] + steps["decode_keys"])
    return pd.DataFrame(
        {"GEMM": model.flop_token * tokens + model.flop_head * logits, "attention": attention}
    )


def step_bytes(model: Model, steps: pd.DataFrame) -> pd.DataFrame:
    tokens = steps["prefill_tokens"] + steps["decode_tokens"]
    return pd.DataFrame(
        {
            "weights": np.full(len(steps), float(model.bytes_of_step)),
            "kv_read": float(model.kv_bytes) * (steps["context"] + steps["decode_keys"]),
            "kv_written": float(model.kv_bytes) * tokens,
        }
    )


def step_seconds(model: Model, steps: pd.DataFrame, device: Device) -> pd.DataFrame:
    """Seconds of each step at the peaks: of computing, of memory, and the longer of the two."""
    linear = model.flop_token * (steps["prefill_tokens"] + steps["decode_tokens"])
    others = step_flop(model, steps).sum(axis=1) - linear
    compute = linear / device.linear + others / device.peak
    memory = step_bytes(model, steps).sum(axis=1) / device.bandwidth
    return pd.DataFrame({"compute": compute, "memory": memory, "both": np.maximum(compute, memory)})
