"""Where the console writes on a terminal: lines that stay, and below them what is under way and a bar."""

import os
import sys
import time
from contextlib import suppress
from typing import TextIO

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from batchscope.console.screen import Progress, describe_state
from batchscope.console.wording import duration

SHOWN = 4
"""Jobs under way that are shown at most."""


class LiveScreen:
    """The last lines of a terminal move; what is written appears above them and stays."""

    def __init__(self, stream: TextIO, progress: Progress, colours: bool) -> None:
        self._descriptor = stream.fileno()
        self._progress = progress
        self._spinner = Spinner("dots" if _can_draw(stream) else "line")
        self._console = Console(file=stream, no_color=not colours, highlight=False, force_terminal=True)
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=5,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Move from now on."""
        self._live.start()

    def write(self, text: str) -> None:
        """Write one line or several, which stay."""
        self._resize()
        self._console.print(Text(text), soft_wrap=True)

    def end(self) -> None:
        """Leave only what stays."""
        self._live.stop()

    def _resize(self) -> None:
        """Ask this terminal for its size: rich asks standard streams, which are pipes while jobs run."""
        with suppress(OSError):
            columns, rows = os.get_terminal_size(self._descriptor)
            if columns and rows:
                self._console.size = ConsoleDimensions(columns, rows)

    def _render(self) -> RenderableType:
        self._resize()
        self._progress.update()
        states = list(self._progress.states.items())
        lines: list[RenderableType] = [self._state(job, *state) for job, state in states[:SHOWN]]
        if len(states) > SHOWN:
            lines.append(Text(f"  and {len(states) - SHOWN} more"))
        return Group(*lines, *([] if self._progress.left is None else [self._bar()]))

    def _state(self, job: str, began: float, said: str) -> RenderableType:
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(self._spinner.render(time.monotonic()), Text(describe_state(job, began, said)))
        return line

    def _bar(self) -> RenderableType:
        progress = self._progress
        words = f"{progress.done}/{progress.runs} runs" if progress.runs else ""
        if progress.left is not None:
            words += f"{'  ' if words else ''}{duration(progress.left)} left"
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True)
        width = max(min(self._console.width - len(words) - 3, 50), 5)
        line.add_row(ProgressBar(total=1.0, completed=progress.share, width=width), Text(words))
        return line


def _can_draw(stream: TextIO) -> bool:
    return (stream.encoding or sys.getdefaultencoding()).lower().startswith("utf")
