"""Pages come from templates that are files, and what depends on pages depends on these."""

import shutil

import pytest
from support.project import ROOT

from batchscope.workflow.code_digest import digest_of

TEMPLATES = sorted((ROOT / "batchscope/reporting/templates").iterdir())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_changed_template_makes_pages_stale(tmp_path, template):
    shutil.copytree(
        ROOT / "batchscope", tmp_path / "batchscope", ignore=shutil.ignore_patterns("__pycache__")
    )
    before = digest_of(["batchscope.reporting.render"], root=tmp_path)
    assert before == digest_of(["batchscope.reporting.render"])
    # another root: what was read of the first one is kept for as long as the process lives
    shutil.copytree(tmp_path / "batchscope", tmp_path / "changed/batchscope")
    changed = tmp_path / "changed" / template.relative_to(ROOT)
    changed.write_text(changed.read_text() + "\n")
    assert digest_of(["batchscope.reporting.render"], root=tmp_path / "changed") != before
