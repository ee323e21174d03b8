"""Keys and values that the configuration cannot have."""

from typing import Any

from support.mistakes.mistake import mistake


def study(**keys: Any) -> dict[str, Any]:
    """One study of these keys, over those of configs/ci.yaml."""
    return {"studies": {"odd": keys}}


def args(**keys: Any) -> dict[str, Any]:
    """An overlay of engine arguments."""
    return {"engine": {"args": keys}}


GRID = {"n": [4]}

CONFIGURATION = {
    "an unknown block": mistake(
        {"datasets": {"select": "first"}},
        ["datasets: unknown key", "did you mean 'dataset'"],
        {"dataset": {"select": "first"}},
    ),
    "an unknown key": mistake(
        args(max_num_batch_tokens=4096),
        ["engine.args.max_num_batch_tokens: unknown key", "did you mean 'max_num_batched_tokens'"],
        args(max_num_batched_tokens=4096),
        e2e=True,
    ),
    "an unknown key of a study": mistake(
        study(gird=GRID), ["studies.odd.gird: unknown key", "'grid'"], study(grid=GRID)
    ),
    "a word for a number": mistake(
        {"measure": {"repeats": "three"}},
        ["measure.repeats", "integer", "'three'"],
        {"measure": {"repeats": 3}},
    ),
    "no repeat": mistake(
        {"measure": {"repeats": 0}},
        ["measure.repeats", "greater than 0", "got 0"],
        {"measure": {"repeats": 1}},
    ),
    "a share above one": mistake(
        args(gpu_memory_utilization=92),
        ["engine.args.gpu_memory_utilization", "got 92"],
        args(gpu_memory_utilization=0.92),
    ),
    "an address of a result file": mistake(
        {"imported": {"theirs": {"path": "https://host/results.json"}}},
        ["imported.theirs.path: is an address", "download the file"],
        {"imported": {"theirs": None}},
    ),
    "a model of a result file that is none of ours": mistake(
        {"imported": {"theirs": {"path": "theirs.json", "model": "dmeo"}}},
        ["imported: theirs.model: no model 'dmeo'", "did you mean 'demo'"],
        {"imported": {"theirs": None}},
    ),
    "an unknown source": mistake(
        {"dataset": {"source": "kaggle"}},
        ["dataset.source", "'generated', 'file', 'hub', 'csv' or 'imdb'"],
        {"dataset": {"source": "generated"}},
    ),
    "two characters between fields": mistake(
        {"dataset": {"file": {"delimiter": "||"}}},
        ["dataset.file.delimiter", "'||'", "one character"],
        {"dataset": {"file": {"delimiter": "|"}}},
    ),
    "no such encoding": mistake(
        {"dataset": {"file": {"encoding": "utf-9"}}},
        ["dataset.file.encoding", "'utf-9'", "cp1252"],
        {"dataset": {"file": {"encoding": "cp1252"}}},
    ),
    "no such selection": mistake(
        {"dataset": {"select": "best"}},
        ["dataset.select", "'stratified'", "'best'"],
        {"dataset": {"select": "stratified"}},
    ),
    "a checksum that is none": mistake(
        {"dataset": {"csv": {"sha256": "abc"}}},
        ["dataset.csv.sha256", "'abc'"],
        {"dataset": {"csv": {"sha256": None}}},
    ),
    "a prompt without its mark": mistake(
        {"prompts": {"packed": "Label these"}},
        ["prompts", "'packed'", "{texts}"],
        {"prompts": {"packed": "Label these: {texts}"}},
    ),
    "reuse of a text behind another instruction": mistake(
        study(set={"reuse": "text", "instruction": "first"}, grid=GRID),
        ["studies.odd (n: 4)", "reuse: text needs instruction: last"],
        study(set={"reuse": "text", "instruction": "last", "duplicates": 2}, grid=GRID),
    ),
    "reuse without a cache": mistake(
        study(set={"reuse": "full", "engine.enable_prefix_caching": False}, grid=GRID),
        ["studies.odd (n: 4)", "reuse: full needs engine.enable_prefix_caching: true"],
        study(set={"reuse": "full", "duplicates": 2, "engine.enable_prefix_caching": True}, grid=GRID),
    ),
    "an unknown axis": mistake(
        study(grid={"batch": [1]}), ["studies.odd.grid: unknown key 'batch'", "known keys"], study(grid=GRID)
    ),
    "a misspelt axis": mistake(
        study(grid={"engine.max_num_seq": [8]}),
        ["'engine.max_num_seq'", "did you mean 'engine.max_num_seqs'"],
        study(set={"n": 4}, grid={"engine.max_num_seqs": [8]}),
    ),
    "an empty axis": mistake(
        study(grid={"n": []}),
        ["studies.odd.grid.n: the list is empty", "at least one value"],
        study(grid=GRID),
    ),
    "a study without runs": mistake(
        study(set={"n": 4}), ["studies.odd: no runs", "grid"], study(set={"n": 4}, grid=GRID)
    ),
    "the same run twice": mistake(
        study(grid={"n": [4, 4]}), ["studies.odd", "the same run", "drop one"], study(grid=GRID)
    ),
    "an override for nothing": mistake(
        study(grid=GRID, overrides=[{"when": {"n": 9}, "set": {"texts": 9}}]),
        ["studies.odd.overrides", "n: 9", "correct 'when'"],
        study(grid=GRID, overrides=[{"when": {"n": 4}, "set": {"texts": 8}}]),
    ),
    "one text in a packed prompt": mistake(
        study(grid={"n": [1]}),
        ["studies.odd (n: 1)", "layout: separate"],
        study(set={"layout": "separate"}, grid={"n": [1]}),
    ),
    "fewer texts than n": mistake(
        study(set={"texts": 5}, grid={"n": [8]}),
        ["studies.odd (n: 8)", "texts: 5 is less than n: 8"],
        study(set={"texts": 8}, grid={"n": [8]}),
    ),
    "a wrong value on an axis": mistake(
        study(grid={"n": ["many"]}), ["studies.odd (n: many)", "n: ", "'many'"], study(grid=GRID)
    ),
    "more texts than are generated": mistake(
        study(set={"texts": 201}, grid=GRID),
        ["texts: 201 asked", "dataset.generated.texts makes 200"],
        study(set={"texts": 200}, grid=GRID),
    ),
    "no study is left": mistake(
        {"studies": {"packing": None, "saturation": None}},
        ["studies", "nothing to run"],
        {"studies": {"packing": None}},
        e2e=True,
    ),
    "a study that is dropped and was never there": mistake(
        {"studies": {"packng": None}},
        ["studies.packng: null drops a study", "packing"],
        {"studies": {"packing": None}},
        e2e=True,
    ),
    "a key that stands twice": mistake(
        "measure: {repeats: 2}\nmeasure: {repeats: 3}\n",
        ["mine.yaml, line 2", "'measure'", "drop or rename one"],
        "measure: {repeats: 3}\n",
        e2e=True,
    ),
    "a file that is no YAML": mistake(
        "measure: {repeats: 2\n", ["mine.yaml, line"], "measure: {repeats: 2}\n"
    ),
    "a file without keys": mistake(
        "- a list\n", ["mine.yaml: holds no keys", "such as `title: My texts`"], "title: My texts\n"
    ),
    "ten million copies of each prompt": mistake(
        study(set={"duplicates": 10_000_000}, grid=GRID),
        ["studies.odd (n: 4): duplicates", "less than or equal to 10000"],
        study(set={"duplicates": 2}, grid=GRID),
    ),
    "a number that is none": mistake(
        "measure: {precision: .nan}\n", ["measure.precision"], "measure: {precision: null}\n"
    ),
}
