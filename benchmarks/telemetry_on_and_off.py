"""The arms of benchmarks.telemetry, run with an engine environment's Python."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vllm import LLM, SamplingParams
from vllm.inputs import TokensPrompt

from batchscope.common.answer_limits import asked_answers
from batchscope.worker.engine.measure_run import read_requests
from batchscope.worker.engine.start import start_engine
from batchscope.worker.engine.timed_pass import Request, pass_totals, run_pass
from batchscope.worker.telemetry.hardware import make_probe, users_before
from batchscope.worker.telemetry.pass_recorder import Instruments, Telemetry
from batchscope.worker.telemetry.steps import VARIABLE
from benchmarks.telemetry_switch import SCHEDULER, Switch


def main() -> None:
    """Start the engine, warm it up, let the arms take turns."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    spec, steps = job["spec"], job["steps"]
    requests = read_requests(Path(job["prompts"]), asked_answers(job["answers"]))
    others = users_before(spec["device"])
    os.environ[VARIABLE] = steps
    args = {**spec["engine"]["args"], "scheduler_cls": SCHEDULER}
    llm, _ = start_engine(job["model"], spec["model"], args, recording=False)
    instruments, switch = Instruments(Path(steps), make_probe(spec["device"], others)), Switch(steps)
    arms: dict[str, Callable[[], float]] = {
        "telemetry": lambda: with_telemetry(llm, switch, instruments, requests),
        "bare": lambda: without(llm, switch, instruments, requests),
        "generate": lambda: plain_generate(llm, switch, requests),
    }
    for arm in (*arms.values(), *arms.values()):  # the second time with compiled kernels and warm caches
        arm()
    Path(job["out"]).write_text(json.dumps(take_turns(arms, job["pairs"])))


def take_turns(arms: dict[str, Callable[[], float]], pairs: int) -> dict[str, list[float]]:
    """Total tokens per second of each arm in each turn; each turn starts with another arm."""
    names, rates = list(arms), {name: [] for name in arms}  # type: tuple[list[str], dict[str, list[float]]]
    for turn in range(pairs):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            rates[name].append(arms[name]())
            print(f"turn {turn + 1}/{pairs}, {name}: {rates[name][-1]:,.0f} total tokens/s", flush=True)
    return rates


def rate(totals: dict[str, Any]) -> float:
    """Total tokens per second."""
    return float(totals["prompt_tokens"] + totals["output_tokens"]) / float(totals["seconds"])


def with_telemetry(llm: LLM, switch: Switch, instruments: Instruments, requests: Sequence[Request]) -> float:
    """Rate of a pass as a run measures it, with telemetry."""
    switch.turn(on=True)
    telemetry = Telemetry(instruments)
    result = run_pass(llm, requests, "telemetry", telemetry.watching())
    if not telemetry.keep(0, result.started_monotonic, result.seconds)["steps"]:
        raise RuntimeError("no step was recorded: this arm would measure nothing")
    return rate(pass_totals(result))


def without(llm: LLM, switch: Switch, instruments: Instruments, requests: Sequence[Request]) -> float:
    """Rate of the same pass with nothing recorded."""
    switch.turn(on=False)
    instruments.steps.skip()
    result = run_pass(llm, requests, "bare")
    if any(instruments.steps.rows()):
        raise RuntimeError("steps were recorded: this arm is not bare")
    return rate(pass_totals(result))


def plain_generate(llm: LLM, switch: Switch, requests: Sequence[Request]) -> float:
    """Rate of vLLM's ``generate``, as its throughput benchmark calls it: queueing is inside the window."""
    switch.turn(on=False)
    llm.reset_prefix_cache()
    prompts = [TokensPrompt(prompt_token_ids=request.token_ids) for request in requests]
    sampling = [
        SamplingParams(temperature=0.0, max_tokens=request.answer.most, ignore_eos=True, detokenize=False)
        for request in requests
    ]
    start = time.perf_counter()
    outputs = llm.generate(prompts, sampling, use_tqdm=False)
    seconds = time.perf_counter() - start
    tokens = sum(len(each.prompt_token_ids or ()) + len(each.outputs[0].token_ids) for each in outputs)
    return tokens / seconds


if __name__ == "__main__":
    main()
