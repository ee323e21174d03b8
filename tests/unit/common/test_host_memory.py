"""What memory this machine has, or the container that this process is in."""

from pathlib import Path

from batchscope.common.host_memory import free_memory_of_host, memory_of_host


def test_a_container_s_limit_counts(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    whole = memory_of_host(limit)
    for text, expected in (("max\n", whole), ("1048576\n", 1 << 20), (f"{2 * whole}\n", whole)):
        limit.write_text(text)
        assert memory_of_host(limit) == expected


def test_what_is_free_is_less_than_all(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    assert 0 < free_memory_of_host(limit) < memory_of_host(limit)
    limit.write_text("1048576\n")
    assert free_memory_of_host(limit) == 1 << 20
