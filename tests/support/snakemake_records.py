"""Records as Snakemake 9.27 writes them; tests/workflow/test_console.py has real ones."""

import logging
from typing import Any


def record(
    event: str | None = None, msg: str = "", level: int = logging.INFO, **fields: Any
) -> logging.LogRecord:
    """A record of Snakemake's logger."""
    return logging.makeLogRecord({"msg": msg, "levelno": level, "event": event, **fields})


def job_begins(
    number: int, rule: str, log: str = "", output: str = "", **wildcards: str
) -> logging.LogRecord:
    """A job begins."""
    return record(
        "job_info", jobid=number, rule_name=rule, wildcards=wildcards, output=[output], log=[log], local=True
    )


def job_ends(number: int) -> logging.LogRecord:
    """A job has ended well."""
    return record("job_finished", job_id=number)


def job_fails(number: int, status: int = 1) -> list[logging.LogRecord]:
    """All that Snakemake says of a job that failed, to the end of the call."""
    command = (
        f"RuleException:\nCalledProcessError in file x.smk, line 1:\nreturned non-zero exit status {status}."
    )
    return [
        record("error", command, logging.ERROR),
        record("job_error", "Error in rule x", logging.ERROR, jobid=number, indent=False),
        record(None, "Shutting down, this might take some time."),
        record(None, "Exiting because a job execution failed. Look above for error messages", logging.ERROR),
        record(None, "Complete log(s): x.log"),
        record("error", "WorkflowError:\nAt least one job did not complete successfully.", logging.ERROR),
    ]
