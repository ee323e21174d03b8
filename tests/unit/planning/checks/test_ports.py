"""The server's port."""

import re
import socket

from support.situations import problem, situation

from batchscope.planning.checks.ports import LOOPBACK, check, refused

LOADS = {"mine": {"grid": {"n": [4]}}}


def test_a_port_that_is_taken_is_told_with_one_that_is_free() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        found = problem(list(check(situation({"serving": {"port": port, "studies": LOADS}}))))
        assert found.where == "serving.port"
        free = int(re.findall(r"\d+", found.remedy)[0])
        assert refused(free) is None
        assert not list(check(situation({"serving": {"port": free, "studies": LOADS}})))
        assert not list(check(situation({"serving": {"port": None, "studies": LOADS}})))
        assert not list(check(situation({"serving": {"port": port}}))), "nothing is served"
