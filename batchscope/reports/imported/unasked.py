"""What a result file cannot be asked, and each of our own runs must answer to count (docs/validity.md)."""

from typing import NamedTuple

from batchscope.results.imported.figures import Figures


class Unasked(NamedTuple):
    """A gate, or a check of the engine's own."""

    asks: str
    lacks: str


REQUESTS, TOKENS, STEPS, HARDWARE = (
    "how many requests failed",
    "the tokens of each request beside those that were asked for",
    "the engine's steps",
    "samples of the hardware",
)

GATES_OF_OURS = {
    "prompts": Unasked("whether each answer belongs to its prompt", "the prompts"),
    "requests": Unasked("whether all requests were answered", REQUESTS),
    "prompt_tokens": Unasked("whether prompts went in whole", TOKENS),
    "output_tokens": Unasked("whether answers are as long as asked for", TOKENS),
    "cached_tokens": Unasked("whether the prefix cache served what it should, and no more", STEPS),
    "engine_args": Unasked("whether the engine ran as it was told to", "the engine's arguments"),
    "probabilities": Unasked("whether confidences are the model's own", "the probabilities of its tokens"),
    "flops": Unasked(
        "whether the work is more than the device can do", "the device, and each request's tokens"
    ),
    "gpus": Unasked("whether what was sampled is what computed", HARDWARE),
    "foreign_process": Unasked("whether another program was on the device", HARDWARE),
    "throttled": Unasked("whether the device slowed down", HARDWARE),
    "steps": Unasked("whether all tokens went through the engine (closure)", STEPS),
    "shared_prefix": Unasked("whether attention shared a prefix as asked", STEPS),
    "sparse_kernels": Unasked("whether 2:4 weights ran through 2:4 kernels", "the engine's layers"),
    "client": Unasked("whether the client was the bottleneck", "how busy and how late the client was"),
}
"""By reason code."""


def unasked(row: Figures, *, serves: bool) -> list[str]:
    """Codes of what a row of a result file cannot be asked; without a server there is no client to judge."""
    answered = {"requests"} if row.failed is not None else set()
    return [code for code in GATES_OF_OURS if code not in answered and (serves or code != "client")]
