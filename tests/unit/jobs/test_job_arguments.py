"""What a job asks for, from its specification and its prompts."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from support.label_answers import label_tokenizer

from batchscope.common.answer_limits import exactly
from batchscope.common.atomic_files import sha256_of
from batchscope.common.errors import UserError
from batchscope.jobs.job_arguments import Job, answers_of, check_asked, check_fits, check_texts, sizes_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    label_tokenizer().save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def prompts(n: int = 4, texts: int = 10) -> dict[str, Any]:
    return {"n": n, "texts": texts, "longest_prompt": {"id": 2, "tokens": 100, "n": n}}


def spec(**workload: Any) -> dict[str, Any]:
    labels = workload.pop("labels", None)
    task = {"task": {"labels": labels}} if labels else {}
    values = {"layout": "packed", "n": 4, "texts": 10, **workload}
    return {"workload": values, "engine": {"args": {}}, **task}


@pytest.mark.parametrize(("n", "texts", "sizes"), [(4, 10, [4, 2]), (4, 8, [4]), (1, 5, [1]), (4, 4, [4])])
def test_the_last_prompt_holds_what_remains(n: int, texts: int, sizes: list[int]) -> None:
    assert sizes_of(prompts(n, texts)) == sizes


def test_a_free_answer_needs_no_tokenizer(tmp_path: Path) -> None:
    assert answers_of(spec(output_tokens_per_text=2), prompts(), tmp_path) == exactly(2, 4, 2)


def test_a_specification_from_before_restricts_as_it_did(model: Path) -> None:
    limits = answers_of(spec(decoding="labels"), prompts(), model).limits
    assert {n: (each.least, each.most, each.restricted_by) for n, each in limits.items()} == {
        2: (2, 2, "tokens"),
        4: (4, 4, "tokens"),
    }


def test_labels_of_the_specification_are_those_allowed(model: Path) -> None:
    asked = answers_of(spec(answer="labels", labels=["glad", "very sad"]), prompts(), model)
    assert asked.limits[4].restricted_by == "grammar"
    assert '"glad" | "very sad"' in (asked.limits[4].grammar or "")


def test_the_longest_answer_must_fit(model: Path) -> None:
    asked = answers_of(spec(answer="labels", labels=["glad", "very sad"]), prompts(), model)
    needed = 100 + asked.limits[4].most
    check_fits("s/r", prompts(), asked, context=needed)
    with pytest.raises(
        UserError, match=f"^s/r: prompt 2 needs {needed} tokens .* max_model_len is {needed - 1}"
    ):
        check_fits("s/r", prompts(), asked, context=needed - 1)


def job(folder: Path, content: bytes, **summary: Any) -> Job:
    """A job whose prompts.json counts the prompts as they are, unless told otherwise."""
    path = folder / "prompts.jsonl"
    path.write_bytes(content)
    told = {"sha256": sha256_of(path), "prompts": content.count(b"\n")} | summary
    return Job("s/r", {}, "python", 0, 1.0, path, told, exactly(1, 1), folder, folder / "out", folder / "log")


def test_prompts_that_were_changed_or_lost_are_refused_before_an_engine_is_asked(tmp_path: Path) -> None:
    check_asked(job(tmp_path, b"{}\n{}\n"))
    remedy = f"delete {tmp_path} and rerun"
    for content in (b"", b"{}\n", b"{}\n{} \n"):
        changed = job(tmp_path, content, sha256=hashlib.sha256(b"{}\n{}\n").hexdigest(), prompts=2)
        with pytest.raises(UserError, match=r"s/r: .*not the prompts that prompts\.json counts") as error:
            check_asked(changed)
        assert remedy in str(error.value)
    with pytest.raises(UserError, match="it holds no prompt") as error:
        check_asked(job(tmp_path, b""))
    assert remedy in str(error.value)
    gone = job(tmp_path, b"{}\n")
    gone.prompts.unlink()
    with pytest.raises(UserError, match=r"prompts\.jsonl: No such file"):
        check_asked(gone)


@pytest.mark.parametrize(("texts", "sound"), [(b"1\n2\n3\n4\n", True), (b"1\n2\n", True), (b"1\n2\n3\n", False), (b"", False)])  # fmt: skip
def test_texts_for_a_server_are_those_of_its_prompts(tmp_path: Path, texts: bytes, sound: bool) -> None:
    asked, path = job(tmp_path, b"{}\n" * 4), tmp_path / "texts.jsonl"
    path.write_bytes(texts)
    if sound:
        check_texts(asked, path)
    else:
        with pytest.raises(UserError, match=r"texts\.jsonl: \d texts for 4 prompts; delete"):
            check_texts(asked, path)
