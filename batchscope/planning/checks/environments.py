"""Whether the engine environments are installed."""

from collections.abc import Iterator

from batchscope.common.errors import UserError
from batchscope.jobs.environments import installed_versions, require
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Unchecked, problem_from


def check(situation: Situation) -> Iterator[Finding]:
    """Each environment that a run needs: its Python, and vLLM in it."""
    for name, environment in situation.environments.items():
        try:
            require(name, environment)
        except UserError as error:
            yield problem_from(error)
            continue
        versions = installed_versions(environment)
        if environment.device == "cuda" and "vllm" not in versions:
            yield Unchecked(f"environments.{name}", "its vLLM is the build for CPU, and device says cuda")
