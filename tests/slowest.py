"""Writes the table of the slowest tests in CONTRIBUTING.md from what `make test` printed: ``... | tee LOG``, then

python tests/slowest.py LOG
"""

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
TABLE = re.compile(r"(?<=<!-- slowest -->\n).*?(?=<!-- /slowest -->)", re.DOTALL)
LINE = re.compile(r"^ *([\d.]+)s (setup|call|teardown) +tests/(.+?)(?:@[\w ]+)?$", re.MULTILINE)
TOTAL = re.compile(r"(\d+) passed.* in ([\d.]+)s")


def main() -> None:
    log = Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace")
    PAGE.write_text(TABLE.sub(lambda _: table(log), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def table(log: str) -> str:
    """The end of pytest's output as a table."""
    passed, seconds = TOTAL.findall(log)[-1]
    rows = [
        f"| {float(taken):.0f} | {'' if part == 'call' else part} | {test.replace('::', ' ')} |"
        for taken, part, test in LINE.findall(log)[-20:]
    ]
    head = f"{passed} tests passed in {float(seconds):,.0f} s."
    return "\n".join([head, "", "| s | | test |", "|---:|---|---|", *rows, ""])


if __name__ == "__main__":
    main()
