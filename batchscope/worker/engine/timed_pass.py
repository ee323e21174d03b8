"""One timed pass: everything queued first, then the clock, then the engine."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from tqdm import tqdm
from vllm import LLM, RequestOutput, SamplingParams
from vllm.inputs import TokensPrompt
from vllm.sampling_params import StructuredOutputsParams

from batchscope.common.answer_limits import AnswerLimits, output_tokens_check
from batchscope.worker.engine.label_probabilities import (
    NOTHING,
    Wanted,
    answer_logprobs,
    chosen_by,
    label_logprobs,
    probabilities_asked,
)


@dataclass(frozen=True)
class Request:
    """A prompt as token ids, and the limits of its answer."""

    prompt: int
    token_ids: list[int]
    answer: AnswerLimits
    texts: int
    """how many the prompt holds"""


@dataclass(frozen=True)
class Pass:
    """Results of one timed pass.

    ``started_at`` is Unix time, ``started_monotonic`` is ``time.monotonic``; the other times are durations in
    seconds.
    """

    started_at: float
    started_monotonic: float
    enqueue_seconds: float
    seconds: float
    outputs: list[RequestOutput]


class PrefixCacheNotResetError(RuntimeError):
    """vLLM would not clear the prefix cache, so the next pass could be served from it."""


def run_pass(
    llm: LLM,
    requests: Sequence[Request],
    label: str,
    watching: AbstractContextManager[object] | None = None,
    wanted: Wanted = NOTHING,
) -> Pass:
    """Submit every request, then time the engine until the last one is done.

    The prefix cache is cleared first. Scheduling is paused while requests are queued, so that the first step
    sees all of them. ``is_sleeping`` makes a round trip through the same queue, so it returns only when the
    engine has taken all requests. Nothing is tokenised or detokenised inside the window. ``watching`` is
    entered before the clock starts and left after it has stopped. With each output token the engine tells
    the probabilities that are ``wanted``.

    Raises:
        PrefixCacheNotResetError: the cache could not be cleared.
    """
    if not llm.reset_prefix_cache():
        raise PrefixCacheNotResetError("vLLM did not reset the prefix cache although no request is running")
    prompts = [TokensPrompt(prompt_token_ids=request.token_ids) for request in requests]
    sampling = [sampling_of(request.answer, wanted) for request in requests]

    llm.sleep(level=0, mode="keep")
    queueing = time.perf_counter()
    llm.enqueue(prompts, sampling, use_tqdm=False)
    llm.llm_engine.is_sleeping()
    progress = partial(tqdm, mininterval=15, delay=15, desc=label)

    with watching or nullcontext():
        started_at, started_monotonic, start = time.time(), time.monotonic(), time.perf_counter()
        llm.wake_up(tags=["scheduling"])
        outputs = llm.wait_for_completion(output_type=RequestOutput, use_tqdm=progress)
        seconds = time.perf_counter() - start
    return Pass(started_at, started_monotonic, start - queueing, seconds, outputs)


def sampling_of(answer: AnswerLimits, wanted: Wanted = NOTHING) -> SamplingParams:
    """Greedy sampling of what the limits ask for, not detokenised.

    Where the number of tokens is exact, the end-of-sequence token is one like any other.
    """
    grammar = answer.grammar
    return SamplingParams(
        temperature=0.0,
        max_tokens=answer.most,
        ignore_eos=answer.exact,
        detokenize=False,
        allowed_token_ids=answer.allowed_token_ids,
        structured_outputs=None if grammar is None else StructuredOutputsParams(grammar=grammar),
        **probabilities_asked(wanted, by_id=hasattr(SamplingParams, "logprob_token_ids")),
    )


def pass_totals(result: Pass) -> dict[str, Any]:
    """Counts and times of a pass, as the engine reports them."""
    return {
        "started_at": result.started_at,
        "seconds": result.seconds,
        "enqueue_seconds": result.enqueue_seconds,
        "requests": len(result.outputs),
        "prompt_tokens": sum(len(output.prompt_token_ids or ()) for output in result.outputs),
        "output_tokens": sum(len(output.outputs[0].token_ids) for output in result.outputs),
        "cached_tokens": sum(output.num_cached_tokens or 0 for output in result.outputs),
    }


def request_rows(
    result: Pass, requests: Sequence[Request], repeat: int, wanted: Wanted = NOTHING
) -> list[dict[str, Any]]:
    """One row a request; times in seconds from the start of the timed window."""

    def since_start(stamp: float | None) -> float | None:
        return None if not stamp else stamp - result.started_monotonic

    rows = []
    for request, output in zip(requests, result.outputs, strict=True):
        completion, times = output.outputs[0], output.metrics
        rows.append(
            {
                "repeat": repeat,
                "prompt": request.prompt,
                "prompt_tokens": len(output.prompt_token_ids or ()),
                "cached_tokens": output.num_cached_tokens or 0,
                "output_tokens": len(completion.token_ids),
                "output_token_ids": list(completion.token_ids),
                "queued_s": since_start(times and times.queued_ts),
                "scheduled_s": since_start(times and times.scheduled_ts),
                "first_token_s": since_start(times and times.first_token_ts),
                "finished_s": since_start(times and times.last_token_ts),
                "finish_reason": completion.finish_reason,
                "label_logprobs": label_logprobs(completion.token_ids, completion.logprobs, wanted.labels),
                "answer_logprobs": answer_logprobs(completion.token_ids, completion.logprobs)
                if wanted.answer
                else None,
            }
        )
    return rows


def closure_failures(
    result: Pass, requests: Sequence[Request], cached_tokens: int | None = 0, wanted: Wanted = NOTHING
) -> list[dict[str, str]]:
    """Reasons why a pass does not count, as ``invalid`` of measurement.json; empty for a valid pass.

    A pass must do all of the work that was asked for, and no other. Where answers vary in length, each must
    have as many tokens as its limits allow. ``cached_tokens``: prompt tokens that the prefix cache must
    serve, in theory; None: theory is silent. Where probabilities of the answers' tokens are ``wanted``, they
    must be those by which the tokens were chosen.
    """
    totals = pass_totals(result)
    answered = [list(output.prompt_token_ids or ()) for output in result.outputs]
    alike = sum(ids == request.token_ids for ids, request in zip(answered, requests, strict=False))
    outputs = [len(output.outputs[0].token_ids) for output in result.outputs]
    checks = [
        ("prompts", alike, len(requests), "answers belong to their prompts"),
        ("requests", totals["requests"], len(requests), "requests finished"),
        ("prompt_tokens", totals["prompt_tokens"], sum(len(r.token_ids) for r in requests), "prompt tokens"),
        output_tokens_check(outputs, [request.answer for request in requests]),
    ]
    if cached_tokens is not None:
        served = totals["cached_tokens"]
        checks.append(("cached_tokens", served, cached_tokens, "prompt tokens came from the prefix cache"))
    if wanted.answer:
        said = [output.outputs[0] for output in result.outputs]
        chosen = sum(chosen_by(each.token_ids, each.logprobs or ()) for each in said)
        what = "answers have the probabilities that their tokens were chosen by"
        checks.append(("probabilities", chosen, len(said), what))
    return [
        {"code": code, "detail": f"{found} {what}, {due} expected"}
        for code, found, due, what in checks
        if found != due
    ]
