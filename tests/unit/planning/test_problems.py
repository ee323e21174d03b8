"""Problems: each told once, one in a line, several in a list."""

from batchscope.common.errors import UserError
from batchscope.planning.problems import (
    Problem,
    Unchecked,
    describe_problems,
    describe_unchecked,
    problem_from,
    problems_of,
    unchecked_of,
)

FIRST, SECOND = Problem("gpus", "there is none", "add one"), Problem("a.csv", "it is empty", "fill it")


def test_one_problem_is_a_line_and_several_are_a_list() -> None:
    assert describe_problems([FIRST]) == "gpus: there is none; add one"
    assert describe_problems([FIRST, SECOND]).splitlines() == [
        "2 things are wrong, and nothing has been started:",
        "  1. gpus: there is none; add one",
        "  2. a.csv: it is empty; fill it",
    ]


def test_a_remedy_of_several_lines_has_lines_of_its_own() -> None:
    rows = Problem("a.csv", "2 dirty rows:", "  row 1: empty\n  row 2: empty\ncorrect them")
    assert describe_problems([rows]).splitlines()[:2] == ["a.csv: 2 dirty rows:", "  row 1: empty"]
    assert describe_problems([FIRST, rows]).splitlines()[2:] == [
        "  2. a.csv: 2 dirty rows:",
        "       row 1: empty",
        "       row 2: empty",
        "     correct them",
    ]


def test_each_is_told_once_and_what_is_not_checked_is_no_problem() -> None:
    unchecked = Unchecked("models.a", "not fetched yet")
    found = [FIRST, unchecked, SECOND, FIRST, unchecked]
    assert problems_of(found) == [FIRST, SECOND]
    assert unchecked_of(found) == [unchecked]
    assert describe_unchecked([unchecked]) == "Not checked:\n  models.a: not fetched yet"


def test_a_message_falls_into_its_parts() -> None:
    error = UserError("environments.cpu: there is no a/b; or c; make it")
    assert problem_from(error) == Problem("environments.cpu", "there is no a/b; or c", "make it")
    assert problem_from(error, "here").where == "here"
    assert problem_from(UserError("nsys: does not work")) == Problem("nsys", "does not work", "see there")
