"""Databases that Nsight Systems exports: what is read of them, and those that are no good."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from batchscope.common.errors import UserError
from batchscope.profiling.kernel_classes import load_rules, steps_by_class
from batchscope.profiling.nsys import parse
from batchscope.profiling.nsys_database import read_database, tables

PROCESS, OTHER = 7 << 24, 8 << 24

WORKER = PROCESS + 41
"""A thread, as nsys numbers it: its process's number, then its own."""

Row = tuple[Any, ...]

STEP = "execute_context_1(100)_generation_0(0)"


def database(folder: Path, added: str, ranges: list[Row], calls: list[Row], kernels: list[Row]) -> Path:
    """A database as nsys exports it, as far as it is read; times in µs.

    Args:
        folder: for the file.
        added: columns that some versions have in addition.
        ranges: start, end, thread, name.
        calls: start, thread, correlation.
        kernels: start, end, process, device, stream, correlation, name; a copy has no name.
    """
    path = folder / "window.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        place = f"start, end, globalPid, deviceId, {added} streamId, correlationId"
        connection.executescript(f"""
            CREATE TABLE StringIds (id, value);
            CREATE TABLE NVTX_EVENTS (start, end, eventType, {added} text, globalTid, textId, domainId);
            CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start, end, {added} globalTid, correlationId, nameId);
            CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL ({place}, demangledName, shortName);
            CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY ({place}, bytes);""")
        for number, (start, end, thread, name) in enumerate(ranges):
            connection.execute("INSERT INTO StringIds VALUES (?, ?)", (number, name))
            insert(
                connection, "NVTX_EVENTS", start=start, end=end, eventType=59, globalTid=thread, textId=number
            )
        for start, thread, correlation in calls:
            insert(
                connection,
                "CUPTI_ACTIVITY_KIND_RUNTIME",
                start=start,
                globalTid=thread,
                correlationId=correlation,
            )
        for number, (start, end, process, device, stream, correlation, name) in enumerate(kernels, start=100):
            connection.execute("INSERT INTO StringIds VALUES (?, ?)", (number, name))
            insert(
                connection,
                "CUPTI_ACTIVITY_KIND_KERNEL" if name else "CUPTI_ACTIVITY_KIND_MEMCPY",
                start=start, end=end, globalPid=process, deviceId=device, streamId=stream,
                correlationId=correlation, **({"demangledName": number} if name else {}),
            )  # fmt: skip
        connection.commit()
    return path


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    """One row; times become nanoseconds."""
    values = {key: 1000 * value if key in ("start", "end") else value for key, value in values.items()}
    holes = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({holes})", list(values.values()))


RANGES = [(start, start + 20, WORKER, STEP) for start in (0, 100, 200)]  # the CPU launches long before

LAUNCHES = [(start + 5, WORKER, start) for start in (0, 100, 200)] + [(125, WORKER, 101)]

KERNELS = [
    (50, 130, PROCESS, 0, 7, 0, "nvjet_tst"),
    (150, 190, PROCESS, 0, 7, 100, "nvjet_tst_128x256_64x4_2x1_v_bz_coopA_TNT"),
    (180, 220, PROCESS, 0, 8, 100, "void flash::FlashAttnFwdSm90<cutlass::bfloat16_t>"),
    (170, 230, PROCESS, 0, 9, 100, None),
    (235, 240, PROCESS, 0, 7, 101, "at::native::ArgMaxOps"),  # launched behind the step
    (250, 330, PROCESS, 0, 7, 200, "nvjet_tst"),
    (0, 1000, OTHER, 1, 7, 100, "nvjet_tst"),  # another GPU: it does not count
]


@pytest.mark.parametrize("added", ["", "greenContextId, jsonTextId,"])
def test_a_gpus_database_gives_what_the_torch_profilers_trace_gives(tmp_path: Path, added: str) -> None:
    other = [(start, end, OTHER + 9, STEP) for start, end, _, _ in RANGES]
    path = database(tmp_path, added, RANGES + other, LAUNCHES, KERNELS)
    events, steps = tables(read_database(path), "x")
    assert (steps["start_s"] * 1e6).round().tolist() == [0, 100, 200]  # the device's, from 50 µs on
    assert (steps["duration_s"] * 1e6).round().tolist() == [80, 40, 80]
    assert set(events["kind"]) == {"kernel", "copy"}
    found = steps_by_class(events, steps, load_rules())
    expected = {"GEMM": 40, "attention": 30, "sampling": 5, "copy": 10, "idle": 15, "idle_behind": 15}
    assert {
        name: round(1e6 * value) for name, value in found.loc[1].items() if round(1e6 * value)
    } == expected


def test_where_a_step_launched_nothing_the_cpus_ranges_stand(tmp_path: Path) -> None:
    path = database(tmp_path, "", [*RANGES, (300, 320, WORKER, STEP)], LAUNCHES, KERNELS)
    _, steps = tables(read_database(path), "x")
    assert (steps["start_s"] * 1e6).round().tolist() == [0, 100, 200, 300]
    assert (steps["duration_s"] * 1e6).round().tolist() == [20] * 4


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ([], "holds no engine step"),
        ([(0, 1, WORKER, "window")], "holds no engine step"),
        (RANGES, "nothing in them"),
    ],
)
def test_a_database_without_steps_or_work_says_so(tmp_path: Path, ranges: list[Row], message: str) -> None:
    database(tmp_path, "", ranges, [], [])
    with pytest.raises(UserError, match=message):
        parse(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"no database", "cut off"])
def test_a_database_that_is_no_good_says_so(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "window.sqlite"
    if content == "cut off":
        database(tmp_path, "", RANGES, LAUNCHES, KERNELS)
        content = path.read_bytes()[:9000]
    if isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"window\.sqlite: the database is missing, cut off or damaged \("):
        parse(tmp_path)
