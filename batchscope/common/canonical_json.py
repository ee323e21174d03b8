"""One text for one value: what is compared, hashed or handed to a job as a parameter."""

import json
from typing import Any


def canonical_json(value: Any) -> str:
    """A value as JSON without spaces and with sorted keys: the order in a file never makes a run stale.

    Raises:
        ValueError: it holds what JSON cannot say, such as infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
