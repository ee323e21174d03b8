"""Whether matrix products can be timed on their own: they come last, when all runs have been measured."""

from collections.abc import Iterator

from batchscope.common.nvml import open_nvml
from batchscope.cost.flops import architecture_from
from batchscope.jobs.device_lock import gpus_in_reach
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Problem


def check(situation: Situation) -> Iterator[Finding]:
    """Each model's linear layers, and a GPU where their environment drives one."""
    for name in situation.products:
        config = situation.models[name].text_config
        if config and architecture_from(config) is None:
            yield Problem(
                "gemm.models",
                f"{name} is no Llama-like dense decoder, so its linear layers are not known",
                "name another model, or drop it there",
            )
    if situation.products:
        yield from without_gpu(situation)


def without_gpu(situation: Situation) -> Iterator[Problem]:
    """Products that need a GPU where none is there or allowed."""
    name = situation.of_products
    if situation.config.environments[name].device != "cuda":
        return
    if not situation.config.gpus:
        why, remedy = "'gpus' allows none", "raise 'gpus'"
    elif not situation.elsewhere and not gpus_in_reach(open_nvml()):
        why, remedy = "this process sees none", "run it where there is one"
    else:
        return
    yield Problem(
        "gemm.environment", f"{name} needs a GPU and {why}", f"{remedy}, or set gemm: {{models: []}}"
    )
