"""What a call of Snakemake leaves of its faults: the list that ends it, and no result of what broke."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.common.seal import broken
from batchscope.results.faults import Fault, fault_of


def take_out_broken(logs: Mapping[str, str]) -> list[Fault]:
    """The runs of a call whose engine did not start; results of those that broke go, for another try.

    What the engine does not accept stays: asked again, it would say the same.

    Args:
        logs: each measurement.json that the call was about, and the log of its run.
    """
    faults = []
    for path, log in logs.items():
        if (measurement := _not_started(Path(path))) is not None:
            faults.append(fault_of(measurement, log))
            if measurement["status"] == "broke":
                Path(path).unlink()
    return faults


def _not_started(path: Path) -> dict[str, Any] | None:
    """The measurement of a run whose engine did not start; None for any other, and for a damaged one."""
    measurement = read_json(path)
    if measurement is None or measurement.get("status") not in ("refused", "broke"):
        return None
    return None if broken(measurement, path.name, path.parent, only=()) else measurement


def faults_of_call(logs: Mapping[str, str], checked: Iterable[str]) -> list[Fault]:
    """All that ``checked`` lists, where the call has made it; else the runs whose engine did not start.

    A list with faults goes, too: it is never up to date, and the next call tells them again.
    """
    not_started = take_out_broken(logs)
    lists = [Path(path) for path in checked if Path(path).exists()]
    found = [Fault(**each) for path in lists for each in json.loads(path.read_text())]
    if found:
        for path in lists:
            path.unlink()
    return found if lists else not_started
