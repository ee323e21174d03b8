"""Calls by another user of this machine, where the tests may become one."""

import json
import os
from collections.abc import Callable
from pwd import getpwnam
from typing import Any

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def as_nobody(call: Callable[[], Any]) -> Any:
    """What a call returns to the user ``nobody``, in a process of its own; an exception as its text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer: Any = "the process ended early"
        try:
            user = getpwnam("nobody")
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            answer = call()
        except Exception as error:  # noqa: BLE001, all of them are told
            answer = f"{type(error).__name__}: {error}"
        finally:
            os.write(writer, json.dumps(answer).encode())
            os._exit(0)
    os.close(writer)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    with os.fdopen(reader) as answers:
        return json.loads(answers.read())
