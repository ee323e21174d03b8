"""A setting as a Python script that labels a file of texts, and needs nothing but vLLM."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from batchscope.inputs.cut_texts import GAP
from batchscope.verdict.copies.comments import commented
from batchscope.verdict.copies.recipe import Recipe

WIDTH = 100


def python_script(recipe: Recipe) -> str:
    """The whole script."""
    top = "\n\n".join([_head(recipe), _imports(recipe), _constants(recipe)])
    parts = [top, *_functions(recipe), _MAIN]
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _head(recipe: Recipe) -> str:
    python = "a Python" if recipe.python == "python" else "any Python, such as this one"
    return (
        f"# Labels texts, a line each, as the run {recipe.title} did. With {python} that has vLLM:\n"
        f"#   {recipe.python} label.py texts.txt"
    )


def _imports(recipe: Recipe) -> str:
    lines = ["import json", *(["import os"] if recipe.variables else []), "import re", "import sys"]
    lines += ["from pathlib import Path", ""]
    lines += [f"os.environ[{_py(key)}] = {_py(value)}" for key, value in recipe.variables.items()]
    lines += ["from vllm import LLM, SamplingParams", "from vllm.inputs import TokensPrompt"]
    if recipe.restricted_by == "grammar":
        lines.append("from vllm.sampling_params import StructuredOutputsParams")
    return "\n".join(lines)


def _constants(recipe: Recipe) -> str:
    words = recipe.wording
    lines = [f"{commented(recipe)}MODEL = {_py(recipe.model)}"]
    lines += [f"N = {recipe.n}  # texts in one prompt", f"BEFORE = {_text(words.before)}"]
    lines += [f"HEADING = {_py(words.heading)}  # before each text", f"SEPARATOR = {_py(words.separator)}"]
    lines += [f"AFTER = {_text(words.after)}"]
    lines += [f"LABELS = {_dict(recipe.spellings)}  # what an answer may say, and the label that it means"]
    if recipe.restricted_by:
        lines.append(f"WORDS = [{', '.join(map(_py, recipe.words.values()))}]")
    if recipe.most:
        lines.append(f"MOST = {recipe.most!r}  # output tokens, by the texts in a prompt")
    return "\n".join(lines)


def _py(value: Any) -> str:
    """A value as Python has it, texts in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    """A string, a line of it a line where it has several."""
    parts = value.splitlines(keepends=True)
    if len(parts) < 2:
        return _py(value)
    return "(\n" + "".join(f"    {_py(part)}\n" for part in parts) + ")"


def _dict(values: dict[str, str]) -> str:
    line = "{" + ", ".join(f"{_py(key)}: {_py(value)}" for key, value in values.items()) + "}"
    if len(line) < WIDTH:
        return line
    return "{\n" + "".join(f"    {_py(key)}: {_py(value)},\n" for key, value in values.items()) + "}"


def _functions(recipe: Recipe) -> Iterator[str]:
    yield _start(recipe)
    yield _cut(recipe)
    yield _prompt(recipe)
    if recipe.restricted_by == "tokens":
        yield _ALLOWED
    if recipe.restricted_by == "grammar":
        yield _grammar(recipe)
    yield _sampling(recipe)
    yield _READ[_form(recipe)]


def _start(recipe: Recipe) -> str:
    args: dict[str, Any] = {"revision": recipe.revision} if recipe.revision else {}
    lines = [
        "        model=MODEL,",
        *(f"        {key}={_py(value)}," for key, value in (args | recipe.args).items()),
    ]
    return "def start():\n    return LLM(\n" + "\n".join(lines) + "\n    )"


def _cut(recipe: Recipe) -> str:
    """Nothing where texts are whole."""
    tokens, keep = recipe.workload.text_tokens, recipe.workload.cut
    if not tokens:
        return ""
    last = tokens // 2
    tail = f" + {GAP!r} + text[places[-{last}][0] :]" if last else ""
    kept = {
        "head": f"text[: places[{tokens - 1}][1]]",
        "tail": f"text[places[-{tokens}][0] :]",
        "both": f"text[: places[{tokens - last - 1}][1]]{tail}",
    }[keep]
    return textwrap.dedent(f"""
        def cut(tokenizer, text):
            places = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
            return text if len(places) <= {tokens} else {kept}
        """)


def _prompt(recipe: Recipe) -> str:
    cut = "cut(tokenizer, text)" if recipe.workload.text_tokens else "text"
    lines = [
        "def prompt_of(tokenizer, texts):",
        '    headings = [HEADING.replace("{number}", str(place)) for place in range(1, len(texts) + 1)]',
        f"    shown = [heading + {cut} for heading, text in zip(headings, texts)]",
        "    prompt = BEFORE + SEPARATOR.join(shown) + AFTER",
    ]
    special = recipe.adds_special_tokens
    if recipe.chat:
        system = (
            f'{{"role": "system", "content": {_py(recipe.system)}}}, ' if recipe.system is not None else ""
        )
        more = "".join(f", {key}={_py(value)}" for key, value in recipe.chat_arguments.items())
        lines += [
            f'    chat = [{system}{{"role": "user", "content": prompt}}]',
            "    prompt = tokenizer.apply_chat_template(",
            f"        chat, tokenize=False, add_generation_prompt=True{more}",
            "    )",
        ]
    lines.append(f"    ids = tokenizer.encode(prompt, add_special_tokens={special})")
    lines.append("    return TokensPrompt(prompt_token_ids=ids)")
    return "\n".join(lines)


_ALLOWED = """
def allowed(tokenizer):
    forms = [form for word in WORDS for form in (f" {word}", word)]
    tokens = [tokenizer.encode(form, add_special_tokens=False) for form in forms]
    return sorted({ids[0] for ids in tokens if len(ids) == 1})
"""


def _grammar(recipe: Recipe) -> str:
    before, after = _around(recipe)
    blank = not (recipe.packs and (recipe.workload.answer == "json" or recipe.workload.numbered))
    word = "json.dumps(word, ensure_ascii=False)[1:-1]" if recipe.workload.answer == "json" else "word"
    return textwrap.dedent(f"""
        def quoted(text):
            return [json.dumps(text, ensure_ascii=False)] if text else []


        def grammar(n):
            parts = {['" "?'] if blank else []!r}
            for number in range(1, n + 1):
                parts += [*quoted({before}), "label", *quoted({after})]
            words = [quoted({word})[0] for word in WORDS]
            return f"root ::= {{' '.join(parts)}}\\nlabel ::= {{' | '.join(words)}}\\n"
        """)


def _around(recipe: Recipe) -> tuple[str, str]:
    """What stands before and after the label with this number, as Python."""
    line = '("\\n" if number > 1 else "")'
    if recipe.workload.answer != "json":
        number = ' + f"{number}. "' if recipe.workload.numbered and recipe.packs else ""
        return f"{line}{number}", '""'
    if not recipe.packs:
        return '\'{"label": "\'', "'\"}'"
    return "('{' if number == 1 else ', ') + f'\"{number}\": \"'", "'\"}' if number == n else '\"'"


def _sampling(recipe: Recipe) -> str:
    lines = [
        "def sampling(tokenizer, n):",
        "    return SamplingParams(",
        "        temperature=0.0,",
    ]
    exact = recipe.exact
    if exact is None:
        lines.append("        max_tokens=MOST.get(n, MOST[N]),")
    else:
        lines += [f"        max_tokens={'n' if exact == 1 else f'{exact} * n'},", "        ignore_eos=True,"]
    if recipe.restricted_by == "tokens":
        lines.append("        allowed_token_ids=allowed(tokenizer),")
    if recipe.restricted_by == "grammar":
        lines.append("        structured_outputs=StructuredOutputsParams(grammar=grammar(n)),")
    return "\n".join([*lines, "    )"])


def _form(recipe: Recipe) -> str:
    if recipe.restricted_by == "tokens":
        return "tokens"
    if recipe.workload.answer == "json":
        return "json"
    return "numbered" if recipe.workload.numbered and recipe.packs else "order"


_WORD = '''
def label_of(text):
    """The label that a piece of an answer means; its beginning will do, for it may be cut off."""
    word = text.strip().lower()
    begun = {label for spelling, label in LABELS.items() if len(word) > 2 and spelling.startswith(word)}
    return LABELS.get(word) or (begun.pop() if len(begun) == 1 else None)
'''

_READ = {
    "tokens": _WORD
    + '''

def labels_of(tokenizer, answer, n):
    """One label a token."""
    return [label_of(tokenizer.decode([token])) for token in answer.token_ids]
''',
    "json": _WORD
    + '''

def labels_of(tokenizer, answer, n):
    """The values of a JSON object, by the texts' numbers."""
    try:
        found = json.loads(answer.text)
    except ValueError:
        return [None] * n
    return [label_of(str(found.get(str(number), found.get("label", "")))) for number in range(1, n + 1)]
''',
    "numbered": _WORD
    + '''

def labels_of(tokenizer, answer, n):
    """The labels by the numbers of their lines; the prompt itself may end with the first number."""
    lines = {int(number): text for number, text in re.findall(r"(\\d+)\\.[ \\t]*(.*)", answer.text)}
    lines.setdefault(1, answer.text.splitlines()[0] if answer.text else "")
    return [label_of(lines.get(number, "")) for number in range(1, n + 1)]
''',
    "order": _WORD
    + '''

def labels_of(tokenizer, answer, n):
    """The labels in their order; texts that the answer has none for get None."""
    spellings = "|".join(map(re.escape, sorted(LABELS, key=len, reverse=True)))
    words = re.findall(rf"(?<![^\\W_])(?:{spellings})(?![^\\W_])|[^\\W\\d_]+", answer.text.lower())
    found = [label for word in words if (label := label_of(word))]
    return (found + [None] * n)[:n]
''',
}

_MAIN = """
def main():
    texts = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    groups = [texts[first : first + N] for first in range(0, len(texts), N)]
    llm = start()
    tokenizer = llm.get_tokenizer()
    prompts = [prompt_of(tokenizer, group) for group in groups]
    answers = llm.generate(prompts, [sampling(tokenizer, len(group)) for group in groups])
    for group, answer in zip(groups, answers):
        for text, label in zip(group, labels_of(tokenizer, answer.outputs[0], len(group))):
            print(json.dumps({"label": label, "text": text}, ensure_ascii=False))


if __name__ == "__main__":
    main()
"""
