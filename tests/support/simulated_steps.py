"""Simulated steps held against recorded ones."""

from batchscope.cost.schedule import Limits, simulate
from batchscope.results.cost_inputs import lengths_of
from batchscope.results.records import load_run


def compare(folder):
    """Assert that each step has the tokens of prompts and answers that the engine recorded; passes compared."""
    run = load_run(folder)
    resolved, columns = run.measurement.engine.resolved, ["prefill_tokens", "decode_tokens"]
    names = ("max_num_batched_tokens", "max_num_seqs", "kv_cache_tokens", "async_scheduling")
    limits = Limits(*(resolved[name] for name in names))
    for repeat in range(len(run.measurement.repeats)):
        recorded = run.steps.loc[run.steps["repeat"] == repeat, columns].to_numpy().tolist()
        simulated = simulate(lengths_of(run, repeat), limits)[columns].to_numpy().tolist()
        assert simulated == recorded, folder.name
    return len(run.measurement.repeats)
