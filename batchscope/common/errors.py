"""Errors a user can act on, and the one place where scripts turn them into a message."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """A mistake or a missing thing that the user can mend.

    The message names the key, file or row and says what to do; it is printed without a traceback.
    """


def run_script(main: Callable[[], None]) -> None:
    """Run a script's ``main``; a `UserError` becomes one ``error:`` message and exit status 1."""
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
