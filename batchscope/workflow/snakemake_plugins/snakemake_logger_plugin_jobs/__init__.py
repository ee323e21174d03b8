"""A Snakemake logger that writes each planned job to a file: rule, wildcards, reason, as JSON lines.

Snakemake finds it by its module name on PYTHONPATH. Its own text output says the same, in words that change.
"""

import json
import os
from logging import LogRecord
from typing import TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

FILE_VARIABLE = "BATCHSCOPE_JOBS_FILE"


class LogHandler(LogHandlerBase):
    """Keeps JOB_INFO events and drops the rest."""

    def __post_init__(self) -> None:
        """Open the file that the caller named."""
        self.file: TextIO = open(os.environ[FILE_VARIABLE], "a", encoding="utf-8")  # noqa: PTH123, SIM115

    def emit(self, record: LogRecord) -> None:
        """Write one line for one planned job."""
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            fields = vars(record)
            job = {
                "rule": fields["rule_name"],
                "wildcards": dict(fields.get("wildcards") or {}),
                "reason": str(fields.get("reason") or ""),
            }
            self.file.write(json.dumps(job) + "\n")
            self.file.flush()

    @property
    def writes_to_stream(self) -> bool:
        """No."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """Not in Snakemake's sense, which would list the file as its log."""
        return False

    @property
    def has_filter(self) -> bool:
        """Yes: see emit."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Yes: JSON."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False
