"""Print, for each table of each reference, how many of its numbers come out again."""

import sys
from pathlib import Path

from tests.audit.reference import audit, folders


def main() -> None:
    chosen = [Path(name) for name in sys.argv[1:]] or folders()
    found = [(folder.name, table) for folder in chosen for table in audit(folder)]
    for name, table in found:
        print(f"{name}/" + "\n".join(table.told()))
    numbers, checked = (sum(getattr(table, what) for _, table in found) for what in ("numbers", "checked"))
    wrong = sum(len(table.off) for _, table in found)
    print(f"{numbers:,} numbers in {len(found)} tables: {checked:,} checked, {wrong:,} off")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
