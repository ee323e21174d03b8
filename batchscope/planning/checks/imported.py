"""Whether result files of other benchmarks can be read, before anything is measured to stand beside them."""

from collections.abc import Iterator

from batchscope.common.errors import UserError
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, problem_from
from batchscope.results.imported.formats import read_imported


def check(situation: Situation) -> Iterator[Finding]:
    """Each file of the block ``imported``."""
    for name, file in situation.config.active_imports.items():
        try:
            read_imported(name, file)
        except UserError as error:
            yield problem_from(error)
