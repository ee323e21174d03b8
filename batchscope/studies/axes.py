"""Keys that a study may set, and the block of the configuration in which each lives."""

from batchscope.config.block import Scalar
from batchscope.config.engine import EngineArguments
from batchscope.config.measure import Measure
from batchscope.config.serving import Load
from batchscope.config.workload import Workload

Point = dict[str, Scalar]


Axis = tuple[str, str]


AXES: dict[str, Axis] = {
    **{key: ("workload", key) for key in Workload.model_fields},
    **{f"engine.{key}": ("engine.args", key) for key in EngineArguments.model_fields if key != "extra"},
    **{f"engine.{key}": ("engine", key) for key in ("model", "environment")},
    **{f"measure.{key}": ("measure", key) for key in Measure.model_fields},
}
"""Keys that a study may set, and the block of the configuration in which each lives."""


SERVING_AXES: dict[str, Axis] = {
    **{key: place for key, place in AXES.items() if not key.startswith("measure.")},
    **{f"load.{key}": ("serving.load", key) for key in Load.model_fields},
}
"""The same for a study of the server."""
