"""Which streams get what, and what --quiet means."""

import logging
from pathlib import Path

import pytest

from batchscope.console.capture import STDERR, STDOUT
from batchscope.console.streams import Options, Streams


@pytest.mark.parametrize(
    ("quiet", "silent", "progress", "rules"),
    [
        ((), False, False, False),
        (("progress",), False, True, False),
        (("progress", "rules"), False, True, True),
        (("all",), True, True, True),
    ],
)
def test_quiet(quiet: tuple[str, ...], silent: bool, progress: bool, rules: bool) -> None:
    options = Options(quiet)
    assert (options.silent, options.quiet_progress, options.quiet_rules) == (silent, progress, rules)


def test_a_job_s_line_goes_where_it_was_meant_to(capfd: pytest.CaptureFixture[str]) -> None:
    streams = Streams(Options())
    streams.pass_on(STDOUT, "to be read by another program")
    streams.pass_on(STDERR, "a warning")
    streams.write("43,100 tok/s")
    streams.final("the end")
    out, err = capfd.readouterr()
    assert not streams.moves, "no terminal"
    assert out == "to be read by another program\n"
    assert err == "a warning\n43,100 tok/s\nthe end\n"


def test_job_lines_are_kept_in_snakemake_s_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = logging.FileHandler(tmp_path / "snakemake.log")
    options = Options(log=log)
    options.keep("100 % {of} it")
    log.close()
    assert (tmp_path / "snakemake.log").read_text() == "100 % {of} it\n"
    assert options.log_path == "snakemake.log"
    assert Options().log_path == ""
