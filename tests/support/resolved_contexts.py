"""Run with an engine environment's Python: the context that vLLM resolves for each model of a JSON file.

Its argument names the file: ``{name: [model folder, arguments]}``. Writes contexts.json, ``{name: tokens}``, beside it.
"""

import json
import sys
from pathlib import Path

from vllm.config import ModelConfig
from vllm.model_executor.models import registry


def main() -> None:
    # vLLM looks at the class of each architecture in a process of its own, which imports all of vLLM, so that CUDA is
    # not initialised in this one. There is none here, and the class is the same.
    registry._run_in_subprocess = lambda look: look()
    asked, found = Path(sys.argv[1]), {}
    for name, (folder, arguments) in json.loads(asked.read_text()).items():
        try:
            found[name] = ModelConfig(model=folder, skip_tokenizer_init=True, **arguments).max_model_len
        except Exception as error:  # noqa: BLE001 - shown in its place
            found[name] = repr(error)[:2000]
    asked.with_name("contexts.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
