"""How vLLM's scheduler puts requests into engine steps: a small simulation of it, exact to the token.

Rules that it follows (vLLM 0.26 to 0.32, ``vllm/v1/core/sched/scheduler.py``):

- Requests are served in the order in which they came.
- In each step running requests come first, with one token each. What is left of ``max_num_batched_tokens``
  goes to prompts, in chunks.
- A request is admitted while fewer than ``max_num_seqs`` run and the KV cache has room for its whole prompt.
- Where an answer finds no room, the request admitted last goes back to the queue. Its tokens are computed
  again.
- With async scheduling a step is put together before the previous one has ended. A request that is done then
  keeps its seat and its room in the KV cache for one step more.

What it leaves out:

- Blocks. The KV cache is counted in tokens, up to ``block_size - 1`` too few for each request.
- vLLM checks that there is room for a whole prompt, and then takes it chunk by chunk.
- A preempted request may find parts of itself in the prefix cache.

Cached tokens take no room of their own: they belong to another request.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from batchscope.cost.flops import Lengths, causal_keys

WORK = ("prefill_tokens", "prefill_keys", "first_tokens", "decode_tokens", "decode_keys")
"""Columns that count what a step or a request makes the model compute: tokens of prompts and of answers, the
keys that these attend to (added up over tokens), and prompts that end, each with a first output token."""

STEP = (*WORK, "prefill_context", "running", "held_tokens")
"""Columns of a simulated step. ``prefill_context``: tokens in the KV cache that the prompts' chunks attend
to, counted once for each chunk (``decode_keys`` is the same for answers); ``running``: requests;
``held_tokens``: tokens that the KV cache holds."""


@dataclass(frozen=True)
class Limits:
    """What bounds a step: vLLM's ``max_num_batched_tokens``, ``max_num_seqs``, and the KV cache in tokens.

    vLLM insists that a step has room for a token of each request, so ``seqs`` is at most ``batched_tokens``.
    """

    batched_tokens: int
    seqs: int
    kv_tokens: int | None = None
    """None: as many as are needed"""
    asynchronous: bool = False
    """vLLM's ``async_scheduling``"""


def work_of(requests: Sequence[Lengths]) -> pd.DataFrame:
    """What each request makes the model compute, in any steps: one row a request, columns `WORK`."""
    return pd.DataFrame([_work(request) for request in requests], columns=list(WORK), dtype="int64")


def _work(request: Lengths) -> tuple[int, ...]:
    prompt, cached, fed = request.prompt_tokens, request.cached_tokens, max(request.output_tokens - 1, 0)
    decode_keys = causal_keys(prompt, prompt + fed)
    return prompt - cached, causal_keys(cached, prompt), 1, fed, decode_keys


def simulate(requests: Sequence[Lengths], limits: Limits) -> pd.DataFrame:
    """The steps that compute all requests, queued at once in this order: one row a step, columns `STEP`.

    Raises:
        ValueError: a request that the KV cache cannot hold alone; vLLM does not take it either.
    """
    engine = _Engine(requests, limits)
    rows = []
    while engine.busy:
        row = engine.step()
        if row[0] or row[3]:  # else all wait for seats or room that the next step has
            rows.append(row)
    return pd.DataFrame(rows, columns=list(STEP), dtype="int64")


@dataclass(eq=False, slots=True)
class _Request:
    """A request's state. ``prompt``: tokens to compute before its next output token, lost ones included."""

    prompt: int
    computed: int
    outputs: int
    """tokens still to be sampled when ``prompt`` was computed"""
    shared: int
    """tokens in the KV cache that another request holds"""
    prefilled_at: int = -1


class _Engine:
    """The scheduler's state between steps.

    Answers are not followed one by one: all of them grow by a token a step, so their number and their
    contexts' sum are enough, and the step in which each ends is known when its prompt is computed.
    """

    def __init__(self, requests: Sequence[Lengths], limits: Limits) -> None:
        self.limits = limits
        self.capacity = _capacity(requests, limits)
        self.waiting = deque(map(_request, requests))
        self.decoding: dict[int, _Request] = {}  # in the order of admission
        self.chunked: _Request | None = None  # at most one prompt is in parts: the last admitted
        self.ends: dict[int, list[_Request]] = defaultdict(list)
        self.leaving: list[_Request] = []  # have ended, and keep seat and room for one more step
        self.running = self.held = self.contexts = self.now = 0

    @property
    def busy(self) -> bool:
        """Whether anything is left to compute."""
        return bool(self.waiting) or self.running > len(self.leaving)

    def step(self) -> tuple[int, ...]:
        """Put one step together and compute it; returns its row, with the columns `STEP`."""
        preempted = self._make_room()
        decode_tokens = len(self.decoding)
        self.held += decode_tokens
        self.contexts += decode_tokens
        decode_keys = self.contexts
        prefill = self._prefill(self.limits.batched_tokens - decode_tokens, admit=not preempted)
        row = (*prefill[:3], decode_tokens, decode_keys, prefill[3], self.running, self.held)
        ended = self.ends.pop(self.now, [])
        for request in ended:
            self._end(request)
        for request in self.leaving if self.limits.asynchronous else ended:
            self._release(request)
        self.leaving = ended if self.limits.asynchronous else []
        self.now += 1
        return row

    def _make_room(self) -> bool:
        """Put requests back until each answer has room for a token; returns whether any had to go back."""
        preempted = False
        while self.held + len(self.decoding) > self.capacity:
            if self.chunked:
                request, self.chunked = self.chunked, None
                self._put_back(request, sampled=0)
            else:
                _, request = self.decoding.popitem()
                sampled = self.now - request.prefilled_at
                self.contexts -= request.prompt + sampled - 1
                self.ends[request.prefilled_at + request.outputs - 1].remove(request)
                self._put_back(request, sampled)
            preempted = True
        return preempted

    def _put_back(self, request: _Request, sampled: int) -> None:
        self.held -= request.prompt - request.shared + max(sampled - 1, 0)
        self.running -= 1
        again = _Request(request.prompt + sampled, 0, request.outputs - sampled, shared=0)
        self.waiting.appendleft(again)

    def _prefill(self, budget: int, *, admit: bool) -> tuple[int, int, int, int]:
        """Compute up to ``budget`` prompt tokens; returns tokens, keys, prompts that ended, and contexts."""
        tokens = keys = ended = contexts = 0
        while budget > 0:
            if self.chunked is None:
                self.chunked = self._admit() if admit else None
            if (request := self.chunked) is None:
                break
            start = request.computed
            end = request.computed = min(start + budget, request.prompt)
            budget -= end - start
            tokens += end - start
            keys += causal_keys(start, end)
            contexts += end
            if end == request.prompt:
                ended += 1
                self.chunked = None
                self._begin_answer(request)
        return tokens, keys, ended, contexts

    def _admit(self) -> _Request | None:
        if not self.waiting or self.running >= min(self.limits.seqs, self.limits.batched_tokens):
            return None
        needed = self.waiting[0].prompt - self.waiting[0].shared
        if self.held + needed > self.capacity:
            return None
        self.held += needed
        self.running += 1
        return self.waiting.popleft()

    def _begin_answer(self, request: _Request) -> None:
        """The prompt is computed, and the first token sampled; each later step feeds one back."""
        request.prefilled_at = self.now
        self.ends[self.now + max(request.outputs, 1) - 1].append(request)
        if request.outputs > 1:
            self.decoding[id(request)] = request
            self.contexts += request.prompt

    def _end(self, request: _Request) -> None:
        if self.decoding.pop(id(request), None):
            self.contexts -= request.prompt + max(request.outputs - 1, 0)

    def _release(self, request: _Request) -> None:
        self.held -= request.prompt - request.shared + max(request.outputs - 1, 0)
        self.running -= 1


def _request(lengths: Lengths) -> _Request:
    cached = min(lengths.cached_tokens, lengths.prompt_tokens - 1)
    return _Request(lengths.prompt_tokens, cached, lengths.output_tokens, shared=cached)


def _capacity(requests: Sequence[Lengths], limits: Limits) -> int:
    """The KV cache in tokens, after a check that each request fits into it alone."""
    longest = max((each.prompt_tokens + each.output_tokens for each in requests), default=0)
    if limits.kv_tokens is None:
        return sum(each.prompt_tokens + each.output_tokens for each in requests)
    if longest > limits.kv_tokens:
        raise ValueError(f"a request of {longest:,} tokens does not fit into {limits.kv_tokens:,}")
    return limits.kv_tokens
