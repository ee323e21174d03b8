"""The block ``imported``: result files of other benchmarks, to stand beside ours."""

from typing import Literal

from pydantic import Field, PositiveInt, field_validator

from batchscope.config.base_block import Block, Name
from batchscope.config.reading.addresses import is_address

ImportFormat = Literal["auto", "vllm_throughput", "vllm_serve", "guidellm", "aiperf"]


class ImportedFile(Block):
    """A result file that another benchmark wrote."""

    path: str = Field(min_length=1, description="the result file")
    format: ImportFormat = Field(
        "auto",
        description="vllm_throughput, vllm_serve (JSON of `vllm bench`), guidellm (JSON) or aiperf (JSON or "
        "CSV); auto: by its content",
    )
    texts_per_request: PositiveInt | None = Field(
        None,
        description="texts in one of its prompts; null: not known, so that it has no texts/s, and stands "
        "beside separate prompts",
    )
    model: Name | None = Field(
        None,
        description="the name under 'models' of the model that it measured; null: by the file's own name",
    )

    @field_validator("path")
    @classmethod
    def _of_this_machine(cls, path: str) -> str:
        if is_address(path):
            raise ValueError("is an address; download the file and write where it lies")
        if any(character in path for character in "{}\0\n"):
            raise ValueError("has a brace or a line break in it, which no rule can name; rename the file")
        return path
