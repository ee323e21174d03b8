"""The figure of matrix products: rates and ratios along tokens, for a whole layer and for each product."""

from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from batchscope.reporting.figure import Row, framed, head, nothing_to_show
from batchscope.reporting.style import GREY, INTERVAL, MARKERS, MEDIAN, PALETTE, RC, SMALL, SeriesStyle
from batchscope.reports.gemm.frame import ALL
from batchscope.reports.gemm.page import QUESTION


def gemm_figure(frame: pd.DataFrame, footnote: Sequence[str]) -> Figure:
    """Two rows a model: rates and ratios of a whole layer, then the rates of each product."""
    ran = frame[frame["rounds"] > 0]
    with mpl.rc_context(RC):
        if ran.empty:
            return nothing_to_show(QUESTION, ["No kernel ran."], footnote)
        styles = {
            name: SeriesStyle(color, marker)
            for name, color, marker in zip(ran["kernel"].unique(), PALETTE, MARKERS, strict=False)
        }
        handles = [
            Line2D([], [], color=style.color, marker=style.marker, label=name, **MEDIAN)
            for name, style in styles.items()
        ]
        models = list(ran.groupby("model", sort=False))
        layers = [name for name in ran["layer"].unique() if name != ALL]
        rows = [row for _ in models for row in (Row(2, height=2.9), Row(len(layers), height=2.0, apart=0.4))]
        figure, axes = framed(QUESTION, handles, rows, footnote)
        for number, (model, products) in enumerate(models):
            above, below = axes[2 * number], axes[2 * number + 1]
            whole = products[products["layer"] == ALL]
            draw(above[0], whole, styles, "tflops")
            head(above[0], f"{model}: a layer's products")
            above[0].set_ylabel("TFLOP/s, dense-equivalent")
            draw(above[1], whole[whole["ratio"].notna()], styles, "ratio")
            above[1].axhline(1, color=GREY, lw=1.2, ls=(0, (5, 3)))
            head(above[1], "rate / dense of the same precision")
            for ax, layer in zip(below, layers, strict=True):
                draw(ax, products[products["layer"] == layer], styles, "tflops")
                head(ax, layer)
            below[0].set_ylabel("TFLOP/s")
        return figure


def draw(ax: Axes, products: pd.DataFrame, styles: dict[str, SeriesStyle], column: str) -> None:
    """A line for each kernel along tokens, with intervals."""
    for name, rows in products.sort_values("tokens").groupby("kernel", sort=False):
        if (style := styles.get(str(name))) is None:
            continue
        ax.plot(rows["tokens"], rows[column], color=style.color, marker=style.marker, **MEDIAN)
        ax.vlines(
            rows["tokens"], rows[f"{column}_low"], rows[f"{column}_high"], color=style.color, **INTERVAL
        )
    if not products.empty:
        ax.set_xscale("log", base=2)
        tokens = sorted(products["tokens"].unique())
        ax.set_xticks(tokens, [short(each) for each in tokens], fontsize=SMALL)
        ax.minorticks_off()
    ax.set_ylim(bottom=0)
    ax.set_xlabel("tokens")
    ax.grid(axis="y")
    ax.tick_params(length=0, pad=6)


def short(tokens: int) -> str:
    """A number of tokens as an axis has room for it: 512, 2k, 32k."""
    return f"{tokens // 1024}k" if tokens >= 1024 and tokens % 1024 == 0 else str(tokens)
