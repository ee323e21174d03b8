"""Measure one load point: find or start its server, which holds the device, and keep what came back.

A server that runs out of memory, dies, takes too long or refuses its configuration leaves a result too, with
that status. One that is ended while it starts is an error.
"""

import time

from batchscope.common.errors import run_script
from batchscope.jobs.engine_pool import Limits
from batchscope.jobs.job_arguments import job_arguments, read_job
from batchscope.jobs.measure_job import measure_job
from batchscope.jobs.measurement_files import LOAD


def main() -> None:
    """Parse the job, run it, write what docs/files.md lists for a run on the server."""
    started = time.monotonic()
    parser = job_arguments(__doc__, timeout_s=900)
    parser.add_argument("--port", type=int, default=0, help="where the server listens; 0: a free port")
    args = parser.parse_args()
    job = read_job(args)
    print(f"{job.run}: {job.describe()}, sent to vLLM's server", flush=True)
    limits = Limits(job.timeout_s, keep=True, key="serving.load.timeout_s")
    measure_job(job, LOAD, limits, started, server={"port": args.port or None})


if __name__ == "__main__":
    run_script(main)
