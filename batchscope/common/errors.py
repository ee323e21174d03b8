"""Errors that a user can act on, and how a script ends with one."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """Something wrong or missing that the user can put right.

    The message names the key, file or row and says what to do; it is printed without a traceback.
    """


def run_script(main: Callable[[], None]) -> None:
    """Run a script's ``main``.

    A `UserError` becomes one ``error:`` message and exit status 1; an interrupt from the keyboard becomes
    status 130, as in a shell.
    """
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
