"""Errors that a user can act on, and how a script ends with one."""

import re
import sys
from collections.abc import Callable

from batchscope.common.quiet_exit import exit_undisturbed

LONGEST_MESSAGE = 10_000
"""Most characters of a message: what it quotes of a file may have any length."""

LONGEST_END = 2_000
"""So many of them are its end, where the remedy stands."""

NOT_SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would change the terminal itself, or cannot be printed."""


class UserError(Exception):
    """Something wrong or missing that the user can put right.

    The message names the key, file or row and says what to do; it is printed without a traceback. What
    it quotes
    may be of any length and hold any character: `plain` is applied.
    """

    def __init__(self, message: str) -> None:
        super().__init__(plain(message))


def plain(message: str) -> str:
    """A message as a terminal can show it.

    Control characters become escapes, and of a huge message the middle is left out.
    """
    if (left_out := len(message) - LONGEST_MESSAGE) > 0:
        start, end = message[: LONGEST_MESSAGE - LONGEST_END], message[-LONGEST_END:]
        message = f"{start}\n... ({left_out:,} characters left out) ...\n{end}"
    return NOT_SHOWN.sub(lambda found: ascii(found[0])[1:-1], message)


def run_script(main: Callable[[], None]) -> None:
    """Run a script's ``main``.

    A `UserError` becomes one ``error:`` message and exit status 1; an interrupt from the keyboard becomes
    status 130, as in a shell.
    """
    exit_undisturbed()
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
