"""An entry of the block ``models``."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from batchscope.config.base_block import Block
from batchscope.config.reading.addresses import HubId, Revision

ADDED_LATER = ("prune", "sparsity", "sparse_kernels")
"""Keys that the first measurements did not have; at their default they are written nowhere."""

TWO_OF_FOUR_WITHOUT_QUOTES = 2 * 60 + 4
"""YAML reads what looks like minutes and seconds as a number of seconds."""


class ModelAsset(Block):
    """A model that runs can name: from the hub, from a folder, or the demo's tiny Llama."""

    source: Literal["demo", "hub", "local"] = Field("hub", description="demo, hub or local")
    id: HubId | None = Field(
        None, description="hub: the repository, such as NousResearch/Hermes-3-Llama-3.1-8B"
    )
    revision: Revision = Field("main", description="hub: branch, tag or commit")
    path: str | None = Field(None, description="local: a folder with config.json and tokenizer.json")
    load_format: str = Field(
        "auto",
        description="auto loads the weights (demo: trains them first); dummy makes random ones: "
        "same speed, labels mean nothing",
    )
    trust_remote_code: bool = Field(False, description="run code that the model's repository brings")
    prune: Literal["2:4"] | None = Field(
        None,
        description="2:4 keeps the two largest of every four neighbouring weights in each linear layer of "
        "the decoder, and sets the others to zero",
    )
    sparsity: Literal["2:4"] | None = Field(
        None,
        description="2:4 says that its weights are so already: every group of four is counted, and one with "
        "fewer than two zeros stops the run",
    )
    sparse_kernels: bool = Field(
        False,
        description="let config.json say that the weights are 2:4: vLLM up to 0.18.1 then takes its 2:4 "
        "kernels, later ones refuse the model; without it any vLLM takes its dense kernels",
    )

    @field_validator("prune", "sparsity", mode="before")
    @classmethod
    def _in_quotes(cls, pattern: Any) -> Any:
        if pattern == TWO_OF_FOUR_WITHOUT_QUOTES:
            raise ValueError("2:4 without quotes is the number 124 in YAML; write '2:4'")
        return pattern

    @model_validator(mode="after")
    def _source_has_its_key(self) -> "ModelAsset":
        needed = {"hub": "id", "local": "path"}.get(self.source)
        if needed and not getattr(self, needed):
            raise ValueError(f"source: {self.source} needs the key '{needed}'")
        return self

    @model_validator(mode="after")
    def _pattern_has_weights(self) -> "ModelAsset":
        if self.pattern and self.load_format == "dummy":
            raise ValueError("load_format: dummy makes random weights, which are not 2:4; set it to auto")
        if self.prune and self.sparsity:
            raise ValueError("prune makes weights 2:4, sparsity says that they are; drop one of the two")
        if self.sparse_kernels and not self.pattern:
            raise ValueError("sparse_kernels needs 2:4 weights; set prune or sparsity to '2:4' as well")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without later keys at their default, so that what was measured before they came stays valid."""
        values: dict[str, Any] = handler(self)
        return {key: value for key, value in values.items() if value or key not in ADDED_LATER}

    @property
    def folder(self) -> Path:
        """A local model's own folder; ``~`` is the home of whoever calls."""
        return Path(self.path or "").expanduser()

    @property
    def pattern(self) -> str | None:
        """Which weights are zero: 2:4, made here or said to be so; None for any."""
        return self.prune or self.sparsity
