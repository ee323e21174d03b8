"""What a server needs: a port that is free, and a client that sends what is asked of it."""

import socket
from collections.abc import Iterator

from batchscope.jobs.environments import TESTED
from batchscope.planning.checks.situation import Situation
from batchscope.planning.checks.vllm_source import known_to_vllm
from batchscope.planning.problems import Finding, Problem

LOOPBACK = "127.0.0.1"

FIELD = "request_overrides"
"""Of a request in vLLM's client: what this one's body has beside what all have."""


def check(situation: Situation) -> Iterator[Finding]:
    """The port, then the client of each study's vLLM."""
    yield from port(situation)
    yield from client(situation)


def port(situation: Situation) -> Iterator[Problem]:
    """That of the configuration; with null the server takes any that is free."""
    serves = any(use.serves for use in situation.engines)
    if serves and situation.config.serving.port and not situation.elsewhere:
        yield from taken(situation.config.serving.port)


def taken(port: int) -> Iterator[Problem]:
    """A port that another program has, or that only root may have."""
    if error := refused(port):
        another = next((each for each in range(8000, 65536) if each != port and not refused(each)), None)
        yield Problem(
            "serving.port",
            f"port {port} on {LOOPBACK}: {error.strerror}",
            f"set it to {another}, which is free, or to null for any that is",
        )


def refused(port: int) -> OSError | None:
    """Why a server cannot listen on a port; None where it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error
    return None


def client(situation: Situation) -> Iterator[Problem]:
    """A vLLM whose client lacks a field of our requests, by its source; no load was ever sent with one."""
    known = {name: known_to_vllm(each.python, each.device) for name, each in situation.environments.items()}
    loads = {(run.study, run.engine.environment): None for run in situation.runs if run.load}
    for study, environment in loads:
        vllm = known[environment]
        if vllm and vllm.request and FIELD not in vllm.request:
            yield Problem(
                f"serving.studies.{study}",
                f"the client of vLLM {vllm.version} (environments.{environment}) lacks {FIELD}",
                "set the study to null, or name an environment with vLLM "
                f"{'.'.join(map(str, TESTED[0]))} or newer in engine.environment",
            )
