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
MODE = "engine.extra.compilation_config.cudagraph_mode"

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
    "a GPU that is chosen for one engine": mistake(
        {"engine": {"variables": {"CUDA_VISIBLE_DEVICES": "1"}}},
        ["engine.variables: CUDA_VISIBLE_DEVICES", "remove it here"],
        {"engine": {"variables": {}}},
    ),
    "a mark that ends a field as the one between fields": mistake(
        {"dataset": {"file": {"delimiter": '"'}}},
        ["dataset.file.delimiter", "ends a field or a row already"],
        {"dataset": {"file": {"delimiter": ";"}}},
    ),
    "a result file with a brace in its name": mistake(
        {"imported": {"theirs": {"path": "results{1}.json"}}},
        ["imported.theirs.path: has a brace", "rename the file"],
        {"imported": {"theirs": None}},
    ),
    "too few repeats for a precision": mistake(
        {"measure": {"repeats": 1, "precision": 0.02}},
        ["repeats: 1 is too few", "raise it to 3 or more, or set precision: null"],
        {"measure": {"repeats": 1, "precision": None}},
    ),
    "a profile of a run without its study": mistake(
        {"profile": {"runs": ["packed-n4"]}},
        ["profile.runs", "'packed-n4' names no run", "write it as study/run"],
        {"profile": {"runs": ["packing/packed-n4"]}},
    ),
    "a profile of a run that there is not": mistake(
        {"profile": {"runs": ["packing/packed-n5"]}},
        ["profile.runs: no run 'packing/packed-n5'", "did you mean 'packing/packed-n4'"],
        {"profile": {"runs": ["packing/packed-n4"]}},
    ),
    "an address without a server": mistake(
        {"dataset": {"csv": {"path": "https:///texts.csv"}}},
        ["dataset.csv.path", "names no server", "write it as https://host/file.csv"],
        {"dataset": {"csv": {"path": "https://host/texts.csv"}}},
    ),
    "an address that cannot be read": mistake(
        {"dataset": {"csv": {"path": "https://[host/texts.csv"}}},
        ["dataset.csv.path", "is no address (Invalid IPv6 URL)"],
        {"dataset": {"csv": {"path": "https://host/texts.csv"}}},
    ),
    "a blank in a name on the hub": mistake(
        {"models": {"mine": {"source": "hub", "id": "my self/model"}}},
        ["models.mine.id", "'my self/model' is no name on the hub", "owner/name"],
        {"models": {"mine": {"source": "hub", "id": "myself/model"}}},
    ),
    "a blank in a revision": mistake(
        {"models": {"mine": {"source": "hub", "id": "me/model", "revision": "v 1"}}},
        ["models.mine.revision", "'v 1' can be no branch, tag or commit"],
        {"models": {"mine": {"source": "hub", "id": "me/model", "revision": "v1"}}},
    ),
    "a label of two lines": mistake(
        {"task": {"labels": ["negative\nor so", "positive"]}},
        ["task.labels", "a label is one line"],
        {"task": {"labels": ["negative", "positive"]}},
    ),
    "a label that stands twice": mistake(
        {"task": {"labels": ["negative", "positive", "positive"]}},
        ["labels: 'positive' stands there twice", "drop one"],
        {"task": {"labels": ["negative", "positive"]}},
    ),
    "a spelling of two labels": mistake(
        {
            "task": {
                "labels": [
                    {"name": "negative", "spellings": ["so"]},
                    {"name": "positive", "spellings": ["So"]},
                ]
            }
        },
        ["labels: 'So' means both 'negative' and 'positive'", "drop one of the two"],
        {
            "task": {
                "labels": [{"name": "negative", "spellings": ["so"]}, {"name": "positive", "spellings": []}]
            }
        },
    ),
    "an example of another label": mistake(
        {"task": {"examples": [{"text": "Fine", "label": "good"}]}},
        ["examples: there is no label 'good'", "the labels are positive, negative"],
        {"task": {"examples": [{"text": "Fine", "label": "positive"}]}},
    ),
    "other orders of one copy": mistake(
        study(set={"permuted": True}, grid=GRID),
        ["studies.odd (n: 4)", "permuted: needs duplicates above 1"],
        study(set={"permuted": True, "duplicates": 2}, grid=GRID),
    ),
    "numbered lines of one token": mistake(
        study(set={"numbered": True}, grid=GRID),
        ["numbered: a line such as", "set output_tokens_per_text: null"],
        study(set={"numbered": True, "output_tokens_per_text": None}, grid=GRID),
    ),
    "too many texts in a pass": mistake(
        study(set={"duplicates": 10_000, "texts": 2_000}, grid=GRID),
        ["duplicates: 10000 times 2000 texts are 20,000,000 texts"],
        study(set={"duplicates": 2, "texts": 200}, grid=GRID),
    ),
    "a hyphen in an argument's name": mistake(
        study(set={"n": 4}, grid={"engine.extra.max-logprobs": [1]}),
        ["'max-logprobs' is no engine argument", "write it as in Python, with _"],
        study(set={"n": 4}, grid={"engine.extra.max_logprobs": [1]}),
    ),
    "more runs than anybody measures": mistake(
        study(grid={"n": [*range(2, 200)], "engine.max_num_seqs": [*range(1, 200)]}),
        ["studies.odd: asks for 39,402 runs", "take values off its axes"],
        study(grid={"n": [2, 4], "engine.max_num_seqs": [1, 2]}),
    ),
    "an axis inside what is a number": mistake(
        {**args(extra={"compilation_config": 0}), **study(grid={"n": [4], MODE: ["NONE"]})},
        ["'compilation_config' is 0, which holds no 'cudagraph_mode'", "write it as a mapping"],
        {**args(extra={"compilation_config": {"mode": 0}}), **study(grid={"n": [4], MODE: ["NONE"]})},
    ),
    "a baseline that is no run": mistake(
        study(grid={"n": [4, 8]}, plot={"x": "n", "series": "layout", "baseline": "whole"}),
        ["studies.odd.plot.baseline: no run has whole", "or leave it out"],
        study(grid={"n": [4, 8]}, plot={"x": "n", "series": "layout"}),
    ),
    "a plot over an unknown key": mistake(
        study(grid={"n": [4, 8]}, plot={"x": "layot"}),
        ["studies.odd.plot.x: unknown key", "did you mean 'layout'"],
        study(grid={"n": [4, 8]}, plot={"x": "n"}),
    ),
    "a list of lists of lists": mistake(
        "title: " + "[" * 2000 + "]" * 2000 + "\n",
        ["mine.yaml: is nested too deeply", "40 levels"],
        "title: My texts\n",
    ),
    "an alias inside what it stands for": mistake(
        "task: &task {labels: [*task]}\n",
        ["mine.yaml, line 1: an alias (*name) stands inside what it stands for"],
        "task: {labels: [negative, positive]}\n",
    ),
    "an instruction longer than a job can be told": mistake(
        {"task": {"instruction": "word " * 25_000}},
        ["task.instruction: takes 125,004", "100,000 are the most; shorten it"],
        {"task": {"instruction": "Name the sentiment of each review."}},
    ),
    "one list of cores for all": mistake(
        {"core_sets": [0, 1]}, ["core_sets.0: must be a list, such as [1, 2], got 0"], {"core_sets": []}
    ),
    "a core in two sets": mistake(
        {"core_sets": [[0, 1], [1, 2]]},
        ["core_sets: core 1 stands there twice", "a core belongs to one set"],
        {"core_sets": []},
    ),
    "products of an unknown model": mistake(
        {"gemm": {"models": ["hermes"]}},
        ["gemm: models: no 'hermes' under models", "there are demo"],
        {"gemm": {"models": ["demo"]}},
    ),
    "products in an unknown environment": mistake(
        {"gemm": {"models": ["demo"], "environment": "cdua"}},
        ["gemm: environment: no 'cdua' under environments", "did you mean 'cuda'"],
        {"gemm": {"models": ["demo"], "environment": "cpu"}},
    ),
}
