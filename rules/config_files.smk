"""Configuration files, checked before Snakemake reads them. No rules here.

Snakemake names neither file nor line of what is no YAML, and takes the second of two keys of one name.
"""

import sys

if workflow.basedir not in sys.path:
    sys.path.insert(0, workflow.basedir)

from batchscope.common.errors import UserError
from batchscope.config.reading.layers import check_layers
from batchscope.workflow.snakemake_internals import configuration_parts, is_first_parse
from batchscope.workflow.user_files import refuse_unfit_place

if is_first_parse(workflow):
    try:
        refuse_unfit_place(workflow.basedir)
        check_layers(*configuration_parts(workflow, "config.yaml"))
    except UserError as error:
        raise SystemExit(f"error: {error}") from None
