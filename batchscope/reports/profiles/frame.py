"""Captures side by side: seconds, share and rates of each class, and idle time by step."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.cost.flops import architecture_from
from batchscope.cost.roofline import PHASES
from batchscope.profiling.kernel_classes import CLASSES, Rule, steps_by_class, window_steps
from batchscope.profiling.window_plan import as_planned, precision_in, work_by_class
from batchscope.results.intact.captures import no_capture, read_capture
from batchscope.results.records import UNREADABLE, first_line


@dataclass(frozen=True)
class Profile:
    """One capture, as its folder holds it."""

    folder: Path
    window: dict[str, Any]
    """window.json"""
    environment: dict[str, Any]
    """environment.json"""
    events: pd.DataFrame
    steps: pd.DataFrame

    @property
    def run(self) -> str:
        """study/run."""
        return f"{self.window['study']}/{self.window['run']}"

    @property
    def profiler(self) -> str:
        """What captured it: torch or nsys."""
        return str(self.window["profiler"])

    @property
    def name(self) -> str:
        """Run and profiler, as headings have them."""
        return f"{self.run}, {self.profiler}"

    @property
    def tokens(self) -> int:
        """Computed in the window, of prompts and of answers."""
        return sum(self.tokens_by_phase.values())

    @property
    def tokens_by_phase(self) -> dict[str, int]:
        """Computed in the window: ``prefill``, those of prompts, and ``decode``, those of answers."""
        steps = window_steps(self.steps)
        return {phase: int(steps[f"{phase}_tokens"].sum()) for phase in PHASES}

    @property
    def phase(self) -> str:
        """Which of the two most tokens of the window belong to."""
        return max(PHASES, key=self.tokens_by_phase.__getitem__)


def load_profiles(folders: Iterable[Path]) -> list[Profile]:
    """The captures in these folders, in their order.

    Raises:
        DamagedError: a file is missing or damaged.
    """
    return [_load(folder) for folder in folders]


NEEDED = ("study", "run", "profiler", "layout", "gpus", "overhead", "resolved", "architecture", "work")
"""Keys of window.json without which there is nothing to show."""


def _load(folder: Path) -> Profile:
    tables = ("events.parquet", "steps.parquet")
    window = read_capture(folder, "window.json", ("environment.json", *tables), NEEDED)
    try:
        environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
        return Profile(folder, window, environment, *(pd.read_parquet(folder / name) for name in tables))
    except UNREADABLE as error:
        raise no_capture(folder, first_line(error)) from None


def class_frame(profile: Profile, rules: Sequence[Rule]) -> pd.DataFrame:
    """One row a class of `CLASSES`, whose seconds add up to the window's.

    Columns: ``seconds``; ``share`` of the window; ``us_per_token``; ``flops_per_s`` and ``bytes_per_s``, of
    what the cost model says that the matrix products and the attention of these very steps compute and move,
    null for other classes and where the steps are not those simulated.
    """
    seconds = steps_by_class(profile.events, profile.steps, rules)[list(CLASSES)].sum()
    frame = pd.DataFrame({"seconds": seconds, "share": seconds / seconds.sum()})
    frame["us_per_token"] = 1e6 * seconds / profile.tokens
    work = _work(profile)
    for rate, amount in (("flops_per_s", "flops"), ("bytes_per_s", "bytes")):
        frame[rate] = work[amount] / seconds.where(seconds > 0) if work is not None else float("nan")
    frame.index.name = "class"
    return frame


def _work(profile: Profile) -> pd.DataFrame | None:
    """By class, of the window's steps; None where they are not known."""
    window = profile.window
    model, work = architecture_from(window["architecture"]), pd.DataFrame(window["work"])
    if model is None or not as_planned(work, profile.steps):
        return None
    inside = work.loc[window_steps(profile.steps).index]
    found = work_by_class(model, precision_in(window["resolved"]), inside)
    return found / window["gpus"] if window["gpus"] > 1 else found  # the first rank's share


def summary_frame(profiles: Sequence[Profile], rules: Sequence[Rule]) -> pd.DataFrame:
    """profiles.csv: one row a capture and class."""
    frames = []
    for profile in profiles:
        frame = class_frame(profile, rules).reset_index()
        steps = window_steps(profile.steps)
        about = {
            "study": profile.window["study"],
            "run": profile.window["run"],
            "profiler": profile.profiler,
            "steps": len(steps),
            "prefill_tokens": int(steps["prefill_tokens"].sum()),
            "decode_tokens": int(steps["decode_tokens"].sum()),
            "overhead": profile.window["overhead"],
        }
        for place, (name, value) in enumerate(about.items()):
            frame.insert(place, name, value)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def steps_frame(profiles: Sequence[Profile], rules: Sequence[Rule]) -> pd.DataFrame:
    """profiles_steps.csv: one row a step of each window: tokens, seconds by class, idle by place."""
    frames = []
    for profile in profiles:
        found = steps_by_class(profile.events, profile.steps, rules).reset_index()
        tokens = window_steps(profile.steps)[["step", "prefill_tokens", "decode_tokens"]]
        frame = tokens.merge(found, on="step")
        for place, name in enumerate(("study", "run", "profiler")):
            frame.insert(place, name, profile.window[name])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def packed_and_separate(profiles: Sequence[Profile]) -> list[tuple[Profile, Profile]]:
    """Packed and separate captures to compare: of one profiler, in one study where it has both."""
    found = []
    for packed in profiles:
        if packed.window["layout"] != "packed":
            continue
        others = [
            other
            for other in profiles
            if other.window["layout"] == "separate" and other.profiler == packed.profiler
        ]
        others.sort(key=lambda other: other.window["study"] != packed.window["study"])
        found += [(packed, other) for other in others[:1]]
    return found


def captures_of_one_run(profiles: Sequence[Profile]) -> list[tuple[Profile, Profile]]:
    """Captures of one run by two profilers."""
    return [(one, other) for one, other in combinations(profiles, 2) if one.run == other.run]
