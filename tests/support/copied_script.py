"""Run with an engine environment's Python: a script that was copied from a verdict, and what it asked the engine.

Arguments: the script, its file of texts, the file that gets what was found, and other scripts. The first is run as it
is; vLLM's processes begin as copies, as in the runs that it is held against. Of the others it writes down what they
would ask the engine, and how they read an answer: an engine start each would take minutes.
"""

import json
import runpy
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from vllm import LLM


class Said:
    def __init__(self, tokenizer, text):
        self.text, self.token_ids = text, tokenizer.encode(text, add_special_tokens=False)


def run(script: str, texts: str) -> dict:
    """What the script printed, the prompts and answers that it saw, and its tokenizer."""
    seen, kept, generate = [], [], LLM.generate

    def recording(self, *args, **more):
        outputs = generate(self, *args, **more)
        seen.extend([list(each.prompt_token_ids), list(each.outputs[0].token_ids)] for each in outputs)
        kept.append(self.get_tokenizer())
        return outputs

    LLM.generate, sys.argv = recording, [script, texts]
    with redirect_stdout(StringIO()) as printed:
        runpy.run_path(script, run_name="__main__")
    return {"seen": seen, "printed": printed.getvalue(), "tokenizer": kept[0]}


def asks(script: str, tokenizer, lines: list[str]) -> dict:
    """What a script would ask the engine, and how it reads the answer that lies beside it."""
    names = runpy.run_path(script)
    n = names["N"]
    limits = names["sampling"](tokenizer, n)
    answer = json.loads(Path(f"{script}.answer").read_text(encoding="utf-8"))
    return {
        "prompt": names["prompt_of"](tokenizer, lines[:n])["prompt_token_ids"],
        "max_tokens": limits.max_tokens,
        "allowed": limits.allowed_token_ids,
        "grammar": names["grammar"](n) if "grammar" in names else None,
        "labels": names["labels_of"](tokenizer, Said(tokenizer, answer), n),
    }


def main() -> None:
    from batchscope.worker.engine_core import fork_engine_core

    script, texts, out, *others = sys.argv[1:]
    fork_engine_core()
    found = run(script, texts)
    tokenizer, lines = found.pop("tokenizer"), Path(texts).read_text(encoding="utf-8").splitlines()
    found["asked"] = {other: asks(other, tokenizer, lines) for other in others}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
