"""Wrong configurations and wrong files: what is asked for, and what the message must say."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEXTS = "results/data/texts.csv"
PROMPTS = "results/prompts/{}/prompts.json"
RUN = "results/runs/packing/packed-n4/measurement.json"


@dataclass
class Mistake:
    """A configuration, the target asked for, and what the message must say."""

    config: dict[str, Any]
    says: list[str]
    target: str = "all"
    files: dict[str, bytes] = field(default_factory=dict)

    def write_files(self, folder: Path) -> None:
        """Lay its files below a folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def study(**keys: Any) -> dict[str, Any]:
    return {"studies": {"odd": keys}}


def csv_file(content: bytes) -> dict[str, Any]:
    return {
        "config": {"dataset": {"source": "csv", "csv": {"path": "mine.csv"}}},
        "target": TEXTS,
        "files": {"mine.csv": content},
    }


def text_file(name: str, content: bytes, **keys: Any) -> dict[str, Any]:
    return {
        "config": {"dataset": {"source": "file", "file": {"path": name} | keys}},
        "target": TEXTS,
        "files": {name: content},
    }


def local_model(**files: bytes) -> dict[str, Any]:
    asset = {"source": "local", "path": "my-model", "load_format": "dummy"}
    return {
        "config": {"models": {"mine": asset}, "engine": {"model": "mine"}},
        "target": PROMPTS.format("mine-packed-n4-r4"),
        "files": {f"my-model/{name.replace('_', '.')}": content for name, content in files.items()},
    }


CONFIG_MISTAKES = {
    "unknown block": Mistake({"datasets": {}}, ["datasets: unknown key", "did you mean 'dataset'"]),
    "unknown key": Mistake(
        {"engine": {"args": {"max_num_batch_tokens": 8}}},
        ["engine.args.max_num_batch_tokens: unknown key", "did you mean 'max_num_batched_tokens'"],
    ),
    "unknown key of a study": Mistake(study(gird={"n": [4]}), ["studies.odd.gird: unknown key", "'grid'"]),
    "word for a number": Mistake(
        {"measure": {"repeats": "three"}}, ["measure.repeats", "integer", "'three'"]
    ),
    "no repeat": Mistake({"measure": {"repeats": 0}}, ["measure.repeats", "greater than 0", "got 0"]),
    "share above one": Mistake(
        {"engine": {"args": {"gpu_memory_utilization": 92}}}, ["engine.args.gpu_memory_utilization", "got 92"]
    ),
    "unknown source": Mistake(
        {"dataset": {"source": "kaggle"}}, ["dataset.source", "'generated', 'file', 'hub', 'csv' or 'imdb'"]
    ),
    "two characters between fields": Mistake(
        {"dataset": {"file": {"delimiter": "||"}}}, ["dataset.file.delimiter", "'||'", "one character"]
    ),
    "no such encoding": Mistake(
        {"dataset": {"file": {"encoding": "utf-9"}}}, ["dataset.file.encoding", "'utf-9'", "cp1252"]
    ),
    "no such selection": Mistake(
        {"dataset": {"select": "best"}}, ["dataset.select", "'stratified'", "'best'"]
    ),
    "hub data set without id": Mistake({"dataset": {"source": "hub"}}, ["dataset", "needs the key 'id'"]),
    "checksum that is none": Mistake(
        {"dataset": {"csv": {"sha256": "abc"}}}, ["dataset.csv.sha256", "'abc'"]
    ),
    "hub model without id": Mistake({"models": {"h": {"source": "hub"}}}, ["models.h", "needs the key 'id'"]),
    "local model without path": Mistake({"models": {"h": {"source": "local"}}}, ["models.h", "key 'path'"]),
    "prompt without its mark": Mistake(
        {"prompts": {"packed": "Label these"}}, ["prompts", "'packed'", "{texts}"]
    ),
    "known argument under extra": Mistake(
        {"engine": {"args": {"extra": {"max_num_seqs": 4}}}},
        ["engine.args.extra", "max_num_seqs", "not under"],
    ),
    "name with a slash": Mistake({"studies": {"a/b": {"grid": {"n": [4]}}}}, ["studies", "a/b"]),
    "name of a table": Mistake(
        {"studies": {"summary": {"grid": {"n": [4]}}}}, ["studies: 'summary'", "rename"]
    ),
    "name of a page": Mistake({"studies": {"cost": {"grid": {"n": [4]}}}}, ["studies: 'cost'", "rename"]),
    "reuse of a text behind another instruction": Mistake(
        study(set={"reuse": "text", "instruction": "first"}, grid={"n": [4]}),
        ["studies.odd (n: 4)", "reuse: text needs instruction: last"],
    ),
    "reuse without a cache": Mistake(
        study(set={"reuse": "full", "engine.enable_prefix_caching": False}, grid={"n": [4]}),
        ["studies.odd (n: 4)", "reuse: full needs engine.enable_prefix_caching: true"],
    ),
    "unknown axis": Mistake(
        study(grid={"batch": [1]}), ["studies.odd.grid: unknown key 'batch'", "known keys"]
    ),
    "misspelt axis": Mistake(
        study(grid={"engine.max_num_seq": [1]}),
        ["'engine.max_num_seq'", "did you mean 'engine.max_num_seqs'"],
    ),
    "empty axis": Mistake(
        study(grid={"n": []}), ["studies.odd.grid.n: the list is empty", "at least one value"]
    ),
    "study without runs": Mistake(study(set={"n": 4}), ["studies.odd: no runs", "grid"]),
    "the same run twice": Mistake(study(grid={"n": [4, 4]}), ["studies.odd", "the same run", "drop one"]),
    "override for nothing": Mistake(
        study(grid={"n": [4]}, overrides=[{"when": {"n": 9}, "set": {"texts": 9}}]),
        ["studies.odd.overrides", "n: 9", "correct 'when'"],
    ),
    "one text packed": Mistake(study(grid={"n": [1]}), ["studies.odd (n: 1)", "layout: separate"]),
    "fewer texts than n": Mistake(
        study(set={"texts": 5}, grid={"n": [8]}), ["studies.odd (n: 8)", "texts: 5 is less than n: 8"]
    ),
    "wrong value on an axis": Mistake(
        study(grid={"n": ["many"]}), ["studies.odd (n: many)", "n: ", "'many'"]
    ),
    "more texts than are generated": Mistake(
        study(set={"texts": 201}, grid={"n": [4]}),
        ["texts: 201 asked", "dataset.generated.texts makes 200"],
    ),
    "unknown model": Mistake(
        {"engine": {"model": "hermes"}}, ["engine.model: no 'hermes'", "there are demo"]
    ),
    "unknown environment": Mistake(
        {"engine": {"environment": "tpu"}}, ["engine.environment: no 'tpu'", "there are cpu, cuda"]
    ),
    "GPU run without GPUs": Mistake(
        {"engine": {"environment": "cuda"}}, ["needs 1 GPU(s) and 'gpus' allows 0", "raise 'gpus'"]
    ),
    "more GPUs than there are": Mistake(
        {"gpus": 1, "engine": {"environment": "cuda", "args": {"tensor_parallel_size": 4}}},
        ["needs 4 GPU(s) and 'gpus' allows 1", "tensor_parallel_size"],
    ),
    "no study left": Mistake(
        {"studies": {"packing": None, "saturation": None}}, ["studies", "nothing to run"]
    ),
    "run that is not planned": Mistake(
        {}, ["results/runs/packing/packed-n5"], "results/runs/packing/packed-n5"
    ),
}

HEADER = b"review,sentiment\n"
TOKENIZER = b'{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}'
FILE_MISTAKES = {
    "no such CSV file": Mistake(
        {"dataset": {"source": "csv", "csv": {"path": "nowhere.csv"}}},
        ["dataset.csv.path", "nowhere.csv"],
        TEXTS,
    ),
    "missing column": Mistake(**csv_file(b"text,sentiment\nfine,positive\n"), says=["text_column", "text"]),
    "empty text": Mistake(**csv_file(HEADER + b"fine,positive\n,negative\n"), says=["mine.csv", "row 2"]),
    "unknown label": Mistake(**csv_file(HEADER + b"fine,meh\n"), says=["mine.csv", "row 1", "meh"]),
    "bad encoding": Mistake(
        **csv_file(HEADER + b"a,positive\nb\xff,negative\n"), says=["mine.csv", "row 2", "UTF-8"]
    ),
    "labels of another task": Mistake(
        **text_file("mine.tsv", b"text\tcategory\nWhere is it?\tdelivery\nI paid twice.\tbilling\n"),
        says=["task.labels", "mine.tsv", "task: {labels: [billing, delivery]}"],
    ),
    "line that is no JSON": Mistake(
        **text_file("mine.jsonl", b'{"text": "fine"}\n{"text": "bad"\n'),
        says=["mine.jsonl", "row 2 (line 2)"],
    ),
    "web page": Mistake(**text_file("mine.csv", b"<!doctype html>"), says=["mine.csv", "is a web page"]),
    "damaged archive": Mistake(
        **text_file("mine.csv.gz", b"\x1f\x8bno"), says=["mine.csv.gz", "cannot read"]
    ),
    "which column": Mistake(
        **text_file("mine.csv", b"a,b\nsome words,more words\n"), says=["dataset.file.text_column", "a, b"]
    ),
    "no rows": Mistake(**csv_file(HEADER), says=["mine.csv", "no rows"]),
    "more texts than rows": Mistake(
        **{
            **csv_file(HEADER + b"fine,positive\nbad,negative\n"),
            "target": PROMPTS.format("demo-packed-n4-r4"),
        },
        says=["texts: 4 asked, the data set holds 2"],
    ),
    "no such model folder": Mistake(**local_model(), says=["models: path", "my-model"]),
    "model without tokenizer": Mistake(**local_model(config_json=b"{}"), says=["my-model", "tokenizer.json"]),
    "damaged tokenizer": Mistake(
        **local_model(config_json=b"{}", tokenizer_json=b"no"),
        says=["tokenizer.json", "not a readable tokenizer"],
    ),
    "model without a context": Mistake(
        **local_model(config_json=b"{}", tokenizer_json=TOKENIZER),
        says=["config.json", "max_position_embeddings"],
    ),
    "model without weights": Mistake(
        {
            "models": {"mine": {"source": "local", "path": "my-model"}},
            "engine": {"model": "mine"},
        },
        ["my-model holds no weights", "load_format: dummy"],
        PROMPTS.format("mine-packed-n4-r4"),
        {"my-model/config.json": b"{}", "my-model/tokenizer.json": TOKENIZER},
    ),
    "prompts beyond the context": Mistake(
        {"studies": {"odd": {"set": {"texts": 200}, "grid": {"n": [100]}}}},
        ["the model's context is 16384 tokens", "the largest n that fits is"],
        PROMPTS.format("demo-packed-n100-r200"),
    ),
    "engine environment not made": Mistake(
        {"environments": {"cpu": {"python": "nowhere/bin/python", "device": "cpu"}}},
        ["environments.cpu", "nowhere/bin/python", "make env ENGINE=cpu"],
        RUN,
    ),
    "engine environment without vLLM": Mistake(
        {"environments": {"cpu": {"python": "workflow", "device": "cpu"}}},
        ["environments.cpu", "has no vLLM"],
        RUN,
    ),
    "max_model_len below a prompt": Mistake(
        {"engine": {"args": {"max_model_len": 128}}},
        ["128", "raise engine.args.max_model_len"],
        RUN,
    ),
}
