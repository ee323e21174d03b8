"""The load points that tests of the server share, and the configuration that asks for them."""

from typing import Any

WORK = {"layout": "separate", "n": 1, "texts": 40}
SLOW = {"load.request_rate": 2}
STUDIES = {
    "layouts": {"set": {"n": 4}, "grid": {"layout": ["packed", "separate"]}},
    "closed_loop": {
        "set": {"layout": "packed", "n": 4, "texts": 80},
        "grid": {"load.max_concurrency": [1, 4], "load.requests": [60]},
    },
    "open_loop": {"set": {**WORK, "load.requests": 100}, "grid": {"load.request_rate": [50]}},
    "reuse": {
        "set": {**WORK, "duplicates": 2, "engine.block_size": 32},
        "grid": {"reuse": ["none", "full"], "load.max_concurrency": [8], "load.prompts": ["ids"]},
    },
}


def serving(studies: dict[str, Any], **block: Any) -> dict[str, Any]:
    """A configuration with these studies of the server and no other."""
    dropped = {name: None for name in ("layouts", "closed_loop", "open_loop") if name not in studies}
    return {"serving": {"studies": {**dropped, **studies}, **block}}
