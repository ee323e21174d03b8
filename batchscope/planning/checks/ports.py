"""Whether the port that the server is to listen on is free."""

import socket
from collections.abc import Iterator

from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Problem

LOOPBACK = "127.0.0.1"


def check(situation: Situation) -> Iterator[Finding]:
    """The port of the configuration; with null the server takes any that is free."""
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
