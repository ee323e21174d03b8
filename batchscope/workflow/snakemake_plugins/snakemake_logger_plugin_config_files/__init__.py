"""Checks the files that ``--configfile`` names, before Snakemake reads them; it is no logger.

Snakemake reads these files before any line of the Snakefile. Of one that is no YAML it names neither file nor
line, and one that is not UTF-8, nested too deeply, or full of aliases ends in a traceback or hangs. Before
that it imports every plugin that it finds, in site-packages (envs/install.sh) or on PYTHONPATH.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[4])

earlier = set(sys.modules)
sys.path.insert(0, ROOT)
try:
    from batchscope.common.errors import UserError
    from batchscope.config.reading.files import read_file
    from batchscope.workflow.snakemake_plugins.snakemake_logger_plugin_jobs import LogHandler
finally:
    # The workflow may be that of another checkout than this one, and has its own library.
    sys.path.remove(ROOT)
    for name in set(sys.modules) - earlier:
        if name.partition(".")[0] == "batchscope":
            del sys.modules[name]

__all__ = ["LogHandler"]  # Snakemake wants one of each logger; this one nobody asks for

OPTIONS = ("--configfile", "--configfiles")


def files_named(arguments: Sequence[str]) -> Iterator[Path]:
    """The configuration files that a command line names; none in a job, whose caller has checked them."""
    if "--mode" in arguments:
        return
    inside = False
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if argument.startswith("-"):
            inside = option in OPTIONS
            if inside and equals:
                yield Path(value)
        elif inside:
            yield Path(argument)


def check(arguments: Sequence[str]) -> None:
    """Stop at a file that cannot be read; one that is missing Snakemake itself names."""
    for path in files_named(arguments):
        if path.exists():
            read_file(path)


try:
    check(sys.argv[1:])
except UserError as error:
    raise SystemExit(f"error: {error}") from None
