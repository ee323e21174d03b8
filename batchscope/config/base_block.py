"""What blocks of the configuration are made of: their base class, and the types that several of them use."""

import re
from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

Scalar = bool | int | float | str | None
"""A value that a study may give to a key."""

LONGEST_NAME = 60
"""Most characters of a name. Several make up a file's name, and some file systems take 143 in one."""

LONGEST_TIME_S = 10_000_000
"""Most seconds that may be asked for, 115 days; a timer takes no number of any size."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""No file can have such a name on Windows' file systems, which Linux mounts too."""


def _checked(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"'{name}' is no name: it becomes a folder; write it with letters (a to z), digits, . _ -, "
            f"and a letter or "
            f"digit first{_instead(name)}"
        )
    if name.endswith("."):
        raise ValueError(f"'{name}' ends in a dot, which some file systems drop; take it off")
    if len(name) > LONGEST_NAME:
        raise ValueError(
            f"'{name[:20]}...' has {len(name):,} characters; a name becomes a folder and has "
            f"{LONGEST_NAME} at most"
        )
    if DEVICES.fullmatch(name):
        raise ValueError(f"'{name}' is the name of a device on some systems; choose another one")
    return name


def _instead(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name[:LONGEST_NAME]).strip("._-")
    return f", such as '{plain}'" if plain else ""


Name = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": NAME})]
"""A name that the user chooses and that becomes part of a path: of a study, a model or an environment."""


def told_apart(names: Collection[str]) -> None:
    """Stop at names that differ in capitals alone: on some file systems one folder would hold both.

    Raises:
        ValueError: names the two.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise ValueError(f"'{other}' and '{name}' differ in capitals alone; rename one")


class Block(BaseModel):
    """A block of the configuration: unknown keys are errors, and values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
