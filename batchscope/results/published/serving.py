"""The published figures of the server, and which load point of ours may stand beside them.

Those of the offline engine are in `batchscope.results.published.offline`.
"""

from pathlib import Path

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.serving import Load
from batchscope.results.loads.points import LoadPoint
from batchscope.results.published.offline import ALIKE, MODEL, near, same_model


def load_published(path: Path) -> pd.DataFrame:
    """``docs/reference/h800/serving.csv``: one row a layout, columns under vLLM's names.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        return pd.read_csv(path).set_index(["layout", "n"])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}); restore it with: git checkout -- {path}"
        ) from None


def published_for(published: pd.DataFrame, point: LoadPoint) -> "pd.Series[float] | None":
    """The published row that asked the same: n texts in all, all sent at once, nothing from a cache.

    Of the published model, and of texts as long as the published ones: figures of others mislead.
    """
    work, load = point.served.spec.workload, point.load
    usual = (work.duplicates, work.reuse, work.instruction, work.answer) == (1, "none", "last", "free")
    if not usual or work.total_texts != work.n or not at_once(load) or load.requests:
        return None
    rows = published[published.index == (work.layout, work.n)]
    if rows.empty or not same_model(MODEL, point.served.spec):
        return None
    row = rows.iloc[0]
    return row if near(point.served.prompts.prompt_tokens / row["input_tokens"], ALIKE) else None


def at_once(load: Load) -> bool:
    """Whether all requests are sent as soon as the clock starts."""
    return load.request_rate is None and load.max_concurrency is None
