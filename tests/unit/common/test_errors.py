"""How a script ends with an error."""

import pytest

from batchscope.common.errors import UserError, run_script


def raising(error: BaseException):
    def main() -> None:
        raise error

    return main


def test_a_user_s_error_is_one_message_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_script(raising(UserError("gpus: 9 asked, 2 there; lower 'gpus'")))
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "error: gpus: 9 asked, 2 there; lower 'gpus'\n")


def test_an_interrupt_is_status_130_and_a_fault_of_ours_is_a_traceback() -> None:
    with pytest.raises(SystemExit) as ended:
        run_script(raising(KeyboardInterrupt()))
    assert ended.value.code == 130
    with pytest.raises(ZeroDivisionError):
        run_script(raising(ZeroDivisionError()))
    run_script(lambda: None)
