"""Whether cascade attention, where a run asked for it, was in force: a gate."""

from collections.abc import Iterator, Mapping

from batchscope.results.records import RunRecord

MOSTLY = 0.9
"""Share of the steps with several requests that must have used it."""


def shared_prefix(run: RunRecord) -> Iterator[str]:
    """Cascade attention was asked for, and was not in force: the flag alone changes nothing.

    Counted by vLLM's worker where it computes, beside the steps that had several requests at once.
    """
    if run.measurement.spec.engine.args.get("disable_cascade_attn") is not False:
        return
    for number, repeat in enumerate(run.measurement.repeats):
        counts = repeat.shared_prefix
        rows = run.steps[(run.steps["repeat"] == number) & (run.steps["requests"] > 1)]
        fault = _not_shared(counts, len(rows)) if counts else "nothing counted where it was used"
        if fault:
            yield f"repeat {number + 1}: cascade attention was asked for, and {fault}"


def _not_shared(counts: Mapping[str, int], several: int) -> str | None:
    """Why a repeat is not one with cascade attention; ``several``: its steps with more than one request."""
    shared, calls = counts["shared_steps"], counts["attention_calls"]
    if calls < shared:
        return (
            f"the attention of this backend did it {calls:,} times in {shared:,} steps that were to have it"
        )
    if shared < MOSTLY * max(several, 1):
        return (
            f"{shared:,} of {several:,} steps with several requests used it: vLLM decides in each, and wants "
            "a prefix that all of them share, and many of them; raise workload.duplicates, or drop "
            "disable_cascade_attn"
        )
    return None
