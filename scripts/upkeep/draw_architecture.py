"""Draw docs/architecture.svg from the library's imports, check that it is up to date, or print counts."""

import argparse
import json
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from batchscope.common.errors import UserError, run_script
from batchscope.workflow.architecture import Description, arrows, describe, differences, parts_of
from batchscope.workflow.drawing_layout import plan_floors
from batchscope.workflow.import_graph import ImportGraph, read_graph

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {"snakemake": "#d6e6f5", "engine": "#fbdcc4", "both": "#e3e6ea"}
EDGES = {"snakemake": "#0072B2", "engine": "#D55E00", "both": "#6e7781"}
LEGEND = {
    "snakemake": "Snakemake's Python runs it",
    "engine": "an engine's Python runs it",
    "both": "both do",
}
INK, GREY, BAND = "#24292f", "#6e7781", "#f6f8fa"
WIDTH_IN, FLOOR_IN, BOX_IN, HEIGHT_IN, TOP_IN, BOTTOM_IN = 9.375, 1.16, 1.9, 0.82, 0.6, 0.95
"""In inches; 9.375 of them are 900 pixels."""

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "svg.fonttype": "none",
    "svg.hashsalt": "batchscope",
}


def main() -> None:
    """Draw, check or count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout that is read")
    parser.add_argument("--out", type=Path, help="the picture (docs/architecture.svg of that checkout)")
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--check", action="store_true", help="draw nothing; fail if the picture is out of date"
    )
    action.add_argument(
        "--counts", action="store_true", help="draw nothing; print files, rooms, floors, loops"
    )
    args = parser.parse_args()
    root, out = args.root.resolve(), args.out or args.root / "docs" / "architecture.svg"
    rooms = read_graph(root)
    if args.counts:
        print(count(rooms))
        return
    description = describe(read_graph(root, depth=1), parts_of(rooms))
    if args.check:
        check(out, description)
        return
    draw(description, out)
    print(f"wrote {out}")


def count(rooms: ImportGraph) -> str:
    """Counts, a line each. A room is a folder of modules, or a module that lies loose in the root."""
    loops = [f"{len(loop)} rooms: {', '.join(loop)}" for loop in rooms.loops]
    upward = [f"{module} -> {script}" for module, script in rooms.upward]
    return "\n".join(
        [
            f"files {1 + sum(room.files for room in rooms.packages)}",  # 1: the library's own __init__.py
            f"rooms {len(rooms.packages)}",
            f"floors {1 + max(rooms.floors.values())}",
            f"loose modules in the root {len(rooms.loose)}",
            "; ".join([f"loops {len(loops)}", *loops]),
            "; ".join([f"upward imports {len(upward)}", *upward]),
            f"most files in a room {max(room.files for room in rooms.packages)}",
        ]
    )


def check(out: Path, description: Description) -> None:
    """Compare a picture's content with the source; how it is drawn does not matter.

    Raises:
        UserError: there is none, or it is out of date.
    """
    remedy = "run `python -m scripts.upkeep.draw_architecture`"
    if not out.exists():
        raise UserError(f"{out}: there is no such picture; {remedy}")
    if found := differences(read_description(out), description):
        raise UserError(f"{out} is out of date ({'; '.join(found)}); {remedy}")


def read_description(picture: Path) -> Description:
    """The content that `draw` embeds in its pictures."""
    element = next(ET.parse(picture).iter("{http://purl.org/dc/elements/1.1/}description"))  # noqa: S314 - ours
    found: Description = json.loads(element.text or "{}")
    return found


def draw(description: Description, out: Path) -> None:
    """Write the picture; equal content gives equal bytes. A path that ends in .png gives a PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    floors = {name: each["floor"] for name, each in description.items()}
    edges = arrows(description)
    plan = plan_floors(floors, [(upper, lower) for upper, lower, _ in edges])
    height = (1 + max(floors.values())) * FLOOR_IN + TOP_IN + BOTTOM_IN
    reach = max(abs(place) for place, _ in plan.boxes.values())
    scale = min(BOX_IN * 1.12, (WIDTH_IN / 2 - BOX_IN / 2 - 0.3) / max(reach, 0.1))
    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, height))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH_IN), ylim=(0, height))
        axes.set_axis_off()

        def place(point: tuple[float, int]) -> tuple[float, float]:
            return WIDTH_IN / 2 + 0.1 + point[0] * scale, BOTTOM_IN + (point[1] + 0.5) * FLOOR_IN

        _draw_floors(axes, 1 + max(floors.values()))
        for upper, lower, starts in edges:
            _draw_arrow(axes, [place(point) for point in plan.routes[upper, lower]], starts)
        for name, about in sorted(description.items()):
            _draw_box(axes, place(plan.boxes[name]), name, about)
        _draw_legend(axes)
        metadata = {} if out.suffix == ".png" else {
            "Date": None, "Creator": None, "Title": "The packages of batchscope and their imports",
            "Description": json.dumps(description, sort_keys=True),
        }  # fmt: skip
        figure.savefig(out, dpi=96, facecolor="white", metadata=metadata)


def _draw_floors(axes: Any, floors: int) -> None:
    from matplotlib.patches import Rectangle

    for floor in range(floors):
        bottom = BOTTOM_IN + floor * FLOOR_IN
        if floor % 2 == 0:
            axes.add_patch(Rectangle((0, bottom), WIDTH_IN, FLOOR_IN, color=BAND, lw=0))
        axes.text(0.12, bottom + FLOOR_IN / 2, str(floor), color=GREY, fontsize=10, va="center")
    top = BOTTOM_IN + floors * FLOOR_IN
    text = "Snakefile, rules/, scripts/: a program for each rule; they use all floors, and no floor uses them"
    axes.text(WIDTH_IN / 2, top + TOP_IN / 2, text, ha="center", va="center", fontsize=10, color=INK)
    axes.plot([0, WIDTH_IN], [top, top], color=GREY, lw=1)


def _draw_arrow(axes: Any, points: list[tuple[float, float]], starts: bool) -> None:
    """A smooth line from the lower edge of a box to the upper edge of another, level with no box between."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    half = HEIGHT_IN / 2
    (x, y), *between, (end_x, end_y) = points
    stops = [(x, y - half)]
    for point_x, point_y in between:
        stops += [(point_x, point_y + half), (point_x, point_y - half)]
    stops.append((end_x, end_y + half))
    vertices, codes = [stops[0]], [Curve.MOVETO]
    for index, ((from_x, from_y), (to_x, to_y)) in enumerate(pairwise(stops)):
        if index % 2 == 0:  # from floor to floor; the others pass a floor
            bend = (from_y - to_y) / 2
            vertices += [(from_x, from_y - bend), (to_x, to_y + bend), (to_x, to_y)]
            codes += [Curve.CURVE4] * 3
        else:
            vertices.append((to_x, to_y))
            codes.append(Curve.LINETO)
    style = {"color": EDGES["engine"], "linestyle": (0, (4, 2.5))} if starts else {"color": GREY}
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes), arrowstyle="-|>", mutation_scale=11, lw=1.2, fill=False, **style
        )
    )


def _draw_box(axes: Any, centre: tuple[float, float], name: str, about: dict[str, Any]) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = centre
    axes.add_patch(
        FancyBboxPatch(
            (x - BOX_IN / 2, y - HEIGHT_IN / 2), BOX_IN, HEIGHT_IN,
            boxstyle="round,pad=0,rounding_size=0.06",
            fc=COLOURS[about["runs"]], ec=EDGES[about["runs"]], lw=1.2, zorder=3,
        )
    )  # fmt: skip
    lines = float(f"{about['lines']:.2g}")  # two digits: a picture need not change with every line
    size = f"{about['files']} files, {lines:,.0f} lines"
    small = [size, *textwrap.wrap(", ".join(about["parts"]), 31)]
    rows = [(name, 11, "bold", INK), *((line, 8, "normal", INK) for line in small)]
    steps = [0.19] + [0.13] * len(small)
    top = y + sum(steps) / 2
    for (text, size_pt, weight, colour), step in zip(rows, steps, strict=True):
        axes.text(
            x, top - step / 2, text, fontsize=size_pt, fontweight=weight, color=colour,
            ha="center", va="center", zorder=4,
        )  # fmt: skip
        top -= step


def _draw_legend(axes: Any) -> None:
    from matplotlib.patches import Rectangle

    x = 0.4
    for key, text in LEGEND.items():
        axes.add_patch(Rectangle((x, 0.58), 0.24, 0.17, fc=COLOURS[key], ec=EDGES[key], lw=1))
        axes.text(x + 0.34, 0.665, text, fontsize=9, color=INK, va="center")
        x += 0.34 + 0.083 * len(text) + 0.2
    for left, starts, text in (
        (0.4, False, "imports; what follows from other arrows is left out"),
        (5.2, True, "starts as a process"),
    ):
        style = {"color": EDGES["engine"], "linestyle": (0, (4, 2.5))} if starts else {"color": GREY}
        axes.plot([left, left + 0.42], [0.27, 0.27], lw=1.2, **style)
        axes.text(left + 0.52, 0.27, text, fontsize=9, color=INK, va="center")


if __name__ == "__main__":
    run_script(main)
