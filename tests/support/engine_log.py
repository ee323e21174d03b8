"""What real engines said when they failed: logs of vLLM 0.32.0 on CPU, from the first line that matters."""

from pathlib import Path

FOLDER = Path(__file__).parent / "engine_logs"


def engine_log(name: str) -> list[str]:
    """Lines of a captured log; paths in it are short."""
    return (FOLDER / f"{name}.log").read_text(encoding="utf-8").splitlines()
