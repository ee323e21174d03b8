"""An entry of the block ``models``."""

from typing import Literal

from pydantic import Field, model_validator

from batchscope.config.base_block import Block
from batchscope.config.reading.addresses import HubId, Revision


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

    @model_validator(mode="after")
    def _source_has_its_key(self) -> "ModelAsset":
        needed = {"hub": "id", "local": "path"}.get(self.source)
        if needed and not getattr(self, needed):
            raise ValueError(f"source: {self.source} needs the key '{needed}'")
        return self
