"""Measure one run: find or start its engine, which holds the device, and keep what it measured.

An engine that runs out of memory, dies, takes too long or refuses its configuration leaves a result too, with
that status. One that is ended while it starts is an error.
"""

import time

from batchscope.common.errors import run_script
from batchscope.jobs.engine_pool import Limits
from batchscope.jobs.job_arguments import job_arguments, read_job
from batchscope.jobs.measure_job import measure_job
from batchscope.jobs.measurement_files import RUN


def main() -> None:
    """Parse the job, run it, write what docs/files.md lists for a run."""
    started = time.monotonic()
    job = read_job(job_arguments(__doc__, timeout_s=3600).parse_args())
    protocol = job.spec["measure"]
    least, most = protocol["repeats"], protocol.get("max_repeats")
    print(f"{job.run}: {job.describe()}, {least}{f' to {most}' if most else ''} repeats", flush=True)
    limits = Limits(job.timeout_s, keep=protocol.get("engine_reuse", True))
    measure_job(job, RUN, limits, started)


if __name__ == "__main__":
    run_script(main)
