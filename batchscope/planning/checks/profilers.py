"""Whether the profilers are there, where this call makes profiles."""

from collections.abc import Iterator

from batchscope.common.errors import UserError
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Problem, Unchecked, problem_from
from batchscope.profiling.nsys import find_nsys


def check(situation: Situation) -> Iterator[Finding]:
    """Nsight Systems: a problem for profiles of this call, worth a word for those of a later one."""
    if "nsys" not in situation.config.profile.profilers or situation.elsewhere:
        return
    try:
        find_nsys()
    except UserError as error:
        problem = problem_from(error)
        if "nsys" in situation.profilers:
            yield Problem(problem.where, problem.what, problem.remedy)
        else:
            yield Unchecked(problem.where, f"for `snakemake profile` {problem.what}; {problem.remedy}")
