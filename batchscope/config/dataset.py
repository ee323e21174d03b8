"""The block ``dataset``: where the reviews come from."""

from typing import Literal

from pydantic import Field, PositiveInt

from batchscope.config.base_block import Block


class GeneratedDataset(Block):
    """Reviews of IMDB's length and style from a seeded generator; nothing to download."""

    reviews: PositiveInt = Field(4000, le=1_000_000, description="how many reviews to write")
    seed: int = Field(0, ge=0, description="same seed, same reviews")


class CsvDataset(Block):
    """A CSV file or URL with one review and its label per row, in the order that counts."""

    path: str = Field("data/IMDB Dataset.csv", min_length=1, description="file, or http(s) URL")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="checksum to insist on")
    review_column: str = Field("review", description="column with the text")
    label_column: str = Field("sentiment", description="column with the label: positive or negative")


class ImdbDataset(Block):
    """The official Large Movie Review Dataset archive (50,000 labelled reviews)."""

    url: str = Field(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        pattern="^https?://",
        description="where the archive lies",
    )
    md5: str = Field("7c2ac02c03563afcf9b574c7e56c153a", pattern="^[0-9a-f]{32}$", description="its checksum")


class Dataset(Block):
    """Where the reviews come from."""

    source: Literal["generated", "csv", "imdb"] = Field(
        "generated", description="which of the blocks below is used: generated, csv or imdb"
    )
    deduplicate: bool = Field(
        False, description="drop later copies of a review; copies are counted and reported either way"
    )
    generated: GeneratedDataset = Field(default_factory=GeneratedDataset)
    csv: CsvDataset = Field(default_factory=CsvDataset)
    imdb: ImdbDataset = Field(default_factory=ImdbDataset)
