"""Pages, frames and figures as files, each whole or not at all."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from batchscope.common.atomic_files import replacing, write_text
from batchscope.reporting.page import Page
from batchscope.reporting.render import page_html, page_markdown
from batchscope.reporting.style import save


def write_page(page: Page, stem: Path) -> None:
    """Write a page as ``STEM.md`` and ``STEM.html``."""
    write_text(Path(f"{stem}.md"), page_markdown(page))
    write_text(Path(f"{stem}.html"), page_html(page))


def write_csv(frame: pd.DataFrame, stem: Path) -> None:
    """Write a frame as ``STEM.csv``, without its index."""
    with replacing(Path(f"{stem}.csv")) as path:
        frame.to_csv(path, index=False)


def write_figure(figure: Figure, stem: Path) -> None:
    """Write a figure as ``STEM.png`` and ``STEM.svg``."""
    with replacing(Path(f"{stem}.png")) as png, replacing(Path(f"{stem}.svg")) as svg:
        save(figure, png, svg)
