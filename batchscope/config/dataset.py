"""The block ``dataset``: where the texts come from, and which of them runs use."""

import codecs
from typing import Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from batchscope.config.base_block import Block

Selection = Literal["random", "first", "stratified"]
Format = Literal["auto", "csv", "jsonl", "parquet", "txt"]

AUTO = "auto"
"""Stands for a column that is to be found by its name and content."""

SHA256 = "^[0-9a-f]{64}$"


class GeneratedDataset(Block):
    """Reviews of IMDB's length and style from a seeded generator; nothing to download."""

    texts: PositiveInt = Field(4000, le=1_000_000, description="how many reviews to write")
    seed: int = Field(0, ge=0, description="same seed, same reviews")


class FileDataset(Block):
    """A file of texts, a folder of .txt files, or an address."""

    path: str = Field(
        "data/my-texts.csv",
        min_length=1,
        description="file (also .gz, .bz2, .xz, .zst, .zip), http(s) address, or folder of .txt files, whose "
        "sub-folders name the labels",
    )
    sha256: str | None = Field(None, pattern=SHA256, description="checksum to insist on")
    format: Format = Field(
        "auto",
        description="csv (any delimiter), jsonl, parquet or txt (a text a line); auto: by name and content",
    )
    delimiter: str | None = Field(
        None, description="csv: the character between two fields, or 'tab'; null: read off the header"
    )
    quotes: bool = Field(
        True, description="csv: whether fields may be in double quotes; false: quotes are part of the text"
    )
    encoding: str = Field("utf-8", description="csv, jsonl and txt, such as cp1252 or utf-16")
    text_column: str = Field(AUTO, min_length=1, description="column with the text; auto: found, and said")
    label_column: str | None = Field(
        AUTO, description="column with the gold label; auto: found, and said; null: there are none"
    )
    id_column: str | None = Field(None, description="column with the texts' ids; null: the row's number")

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and delimiter != "tab" and len(delimiter) != 1:
            raise ValueError(f"'{delimiter}' is not one character; write it as ';' or tab")
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"there is no encoding '{encoding}'; write utf-8, utf-16, cp1252, ...") from None
        return encoding


class HubDataset(Block):
    """A data set of the Hugging Face hub, read from its Parquet files."""

    id: str | None = Field(None, min_length=3, description="its id, such as stanfordnlp/imdb")
    config: str | None = Field(None, description="which of its subsets; null: its only one")
    split: str = Field("train", min_length=1, description="train, test, ...")
    revision: str | None = Field(
        None, description="branch, tag or commit; null: the hub's own conversion to Parquet"
    )
    text_column: str = Field(AUTO, min_length=1, description="column with the text; auto: found, and said")
    label_column: str | None = Field(
        AUTO, description="column with the gold label; auto: found, and said; null: there are none"
    )
    id_column: str | None = Field(None, description="column with the texts' ids; null: the row's number")


class CsvDataset(Block):
    """The older form of 'file': a CSV file with commas and given columns, UTF-8."""

    path: str = Field("data/IMDB Dataset.csv", min_length=1, description="file, or http(s) URL")
    sha256: str | None = Field(None, pattern=SHA256, description="checksum to insist on")
    text_column: str = Field("review", description="column with the text")
    label_column: str | None = Field(
        "sentiment", description="column with the gold label; null: there are none"
    )


class ImdbDataset(Block):
    """The official Large Movie Review Dataset archive (50,000 labelled reviews)."""

    url: str = Field(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        pattern="^https?://",
        description="where the archive lies",
    )
    md5: str = Field("7c2ac02c03563afcf9b574c7e56c153a", pattern="^[0-9a-f]{32}$", description="its checksum")


class Dataset(Block):
    """Where the texts come from, and which of them runs use."""

    source: Literal["generated", "file", "hub", "csv", "imdb"] = Field(
        "generated",
        description="which of the blocks below is used: generated, file, hub, csv (an older 'file') or imdb",
    )
    deduplicate: bool = Field(
        False, description="drop later copies of a text; copies are counted and reported either way"
    )
    select: Selection | None = Field(
        None,
        description="the m texts that a run uses: random (a sample), stratified (a sample with the labels in "
        "proportion) or first (the first m); null: random, but first for generated and imdb",
    )
    seed: int = Field(0, ge=0, description="of the sample; another seed draws other texts")
    generated: GeneratedDataset = Field(default_factory=GeneratedDataset)
    file: FileDataset = Field(default_factory=FileDataset)
    hub: HubDataset = Field(default_factory=HubDataset)
    csv: CsvDataset = Field(default_factory=CsvDataset)
    imdb: ImdbDataset = Field(default_factory=ImdbDataset)

    @property
    def selection(self) -> Selection:
        """How texts are chosen; the order of generated texts and of the archive's mixes labels already."""
        return self.select or ("first" if self.source in {"generated", "imdb"} else "random")

    @model_validator(mode="after")
    def _hub_has_an_id(self) -> "Dataset":
        if self.source == "hub" and self.hub.id is None:
            raise ValueError("hub: needs the key 'id', such as id: stanfordnlp/imdb")
        return self
