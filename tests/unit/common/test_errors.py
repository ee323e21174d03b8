"""How a script ends with an error."""

import pytest

from batchscope.common.errors import LONGEST_MESSAGE, UserError, run_script


def raising(error: BaseException):
    def main() -> None:
        raise error

    return main


def test_a_user_s_error_is_one_message_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_script(raising(UserError("gpus: 9 asked, 2 there; lower 'gpus'")))
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "error: gpus: 9 asked, 2 there; lower 'gpus'\n")


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\0\r\x9b", "a\\x00\\r\\x9b"),
        ("\ud800", "\\ud800"),
        ("a\u202eb\u2028", "a\\u202eb\\u2028"),
        ("電影 🎬 é\n\tx", "電影 🎬 é\n\tx"),
    ],
)
def test_what_would_change_the_terminal_is_shown_as_an_escape(quoted: str, shown: str) -> None:
    assert str(UserError(f"file: {quoted}; correct it")) == f"file: {shown}; correct it"


def test_of_a_huge_message_the_ends_are_shown_where_key_and_remedy_stand() -> None:
    said = str(UserError(f"dataset.file.path: {'x' * 3_000_000}; correct it"))
    assert said.startswith("dataset.file.path: xxx")
    assert said.endswith("xxx; correct it")
    assert "(2,990,031 characters left out)" in said
    assert len(said) < LONGEST_MESSAGE + 100


def test_an_interrupt_is_status_130_and_a_fault_of_ours_is_a_traceback() -> None:
    with pytest.raises(SystemExit) as ended:
        run_script(raising(KeyboardInterrupt()))
    assert ended.value.code == 130
    with pytest.raises(ZeroDivisionError):
        run_script(raising(ZeroDivisionError()))
    run_script(lambda: None)
