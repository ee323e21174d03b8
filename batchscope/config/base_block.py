"""What blocks of the configuration are made of: their base class, and the types that several of them use."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Scalar = bool | int | float | str | None
"""A value that a study may give to a key."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A name that the user chooses and that becomes part of a path: of a study, a model or an environment."""


class Block(BaseModel):
    """A block of the configuration: unknown keys are errors, and values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
