"""Our part of the server's process: who may talk to it, and three requests that vLLM has no endpoint for.

The server listens on this machine only, but other users of the machine could reach it: requests need the
token that the server's host made. vLLM resets the prefix cache and tells the arguments in force only in
development mode, which also opens endpoints that nobody should call here, and what its workers count it tells
nobody. So all three are answered here.
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from types import SimpleNamespace
from typing import Any

from batchscope.worker.engine.start import resolved_arguments
from batchscope.worker.telemetry.sparse_layers import METHOD, worst

VARIABLE = "BATCHSCOPE_SERVER_TOKEN"
"""Environment variable of the server: the token."""

MIDDLEWARE = f"{__name__}.Middleware"
"""What ``--middleware`` is set to."""

RESET, RESOLVED, COUNTED = (
    f"/batchscope/{name}" for name in ("reset_prefix_cache", "resolved_arguments", "sparse_layers")
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Middleware:
    """ASGI middleware: refuses strangers, answers ours, passes everything else on to vLLM."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._wanted = b"Bearer " + os.environ[VARIABLE].encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif dict(scope["headers"]).get(b"authorization") != self._wanted:
            await _answer(send, 401, None)
        elif scope["path"] == RESET:
            await _answer(send, 200, bool(await scope["app"].state.engine_client.reset_prefix_cache()))
        elif scope["path"] == RESOLVED:
            engine: Any = SimpleNamespace(vllm_config=scope["app"].state.vllm_config)
            await _answer(send, 200, resolved_arguments(SimpleNamespace(llm_engine=engine)))
        elif scope["path"] == COUNTED:
            await _answer(send, 200, worst(await scope["app"].state.engine_client.collective_rpc(METHOD)))
        else:
            await self._app(scope, receive, send)


async def _answer(send: Send, status: int, value: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})
