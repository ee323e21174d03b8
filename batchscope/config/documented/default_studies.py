"""The studies of the default configuration; after a change, ``make config`` writes config.yaml."""

from batchscope.config.studies import Plot, Study


def default_studies() -> dict[str, Study | None]:
    """The demo's studies: the published questions at a size that a laptop answers in minutes."""
    return {
        "packing": Study(
            question="Is it faster to put n texts into one prompt, or to send n prompts?",
            grid={"n": [4, 40], "layout": ["packed", "separate"]},
        ),
        "saturation": Study(
            question="With the engine kept busy, how many texts should share a prompt?",
            set={"layout": "packed", "texts": 160},
            grid={"n": [40, 20, 4]},
            # the last run has ten times the work: busy means that it is no faster
            include=[{"layout": "separate", "n": 1}, {"n": 40, "texts": 1600}],
        ),
        "reuse": Study(
            question="When the same prompts come again and the prefix cache serves them, does packing pay?",
            set={"n": 40, "duplicates": 5},
            grid={"reuse": ["none", "text", "full"], "layout": ["packed", "separate"]},
            plot=Plot(x="reuse", series="layout"),
        ),
        "instruction": Study(
            question="Does it pay to put the instruction first, where the prefix cache can serve it?",
            set={"layout": "separate", "n": 1, "texts": 200},
            grid={"instruction": ["last", "first"], "reuse": ["none", "full"]},
            plot=Plot(x="instruction", series="reuse", baseline="last"),
        ),
        "batched_tokens": Study(
            question="How many tokens, and how many requests, should one engine step hold?",
            set={"layout": "packed", "n": 4, "texts": 200},
            grid={"engine.max_num_batched_tokens": [4096, 1024, 16384]},
            include=[{"engine.max_num_batched_tokens": 4096, "engine.max_num_seqs": 4}],
            plot=Plot(x="engine.max_num_batched_tokens", series="engine.max_num_seqs"),
        ),
        "decoding": Study(
            question="Does it help to let the model answer with nothing but labels?",
            set={"layout": "packed", "texts": 200},
            grid={"n": [40, 4], "answer": ["free", "labels"]},
            include=[
                {"layout": "separate", "n": 1, "answer": "free"},
                {"layout": "separate", "n": 1, "answer": "labels"},
            ],
            plot=Plot(x="n", series="answer", baseline="free"),
        ),
    }
