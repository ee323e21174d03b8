"""A verdict with as many settings as a test likes, in the form of verdict.json."""

import random
from typing import Any


def estimate(value: float, spread: float = 0.015) -> dict[str, Any]:
    return {
        "value": value, "low": value * (1 - spread), "high": value * (1 + spread),
        "means": "repeatability on one engine start",
    }  # fmt: skip


def setting(number: int, study: str, run: str, *, labels: bool = True, seed: int = 0) -> dict[str, Any]:
    """Packed ones are faster and less right, the more so the more texts share a prompt."""
    chance = random.Random(f"{seed}-{number}")
    n = (1, 2, 4, 8, 16, 40)[number % 6]
    share = 0.93 - 0.012 * (number % 6) + chance.uniform(-0.02, 0.01)
    right = {"by": "accuracy", "value": share, "low": share - 0.02, "high": min(share + 0.018, 1)}
    return {
        "id": f"{study}/{run}", "study": study, "layout": "packed" if n > 1 else "separate", "n": n,
        "words": f"{n} texts in one prompt" if n > 1 else "1 text a prompt", "answer": "free",
        "engine": {"max_num_batched_tokens": 8192} if number % 5 == 0 else {},
        "speed": estimate(400 + 90 * (number % 6) + chance.uniform(-40, 40)),
        "right": right if labels else None, "coverage": 0.99 if labels else None,
        "state": "refused" if n > 8 else "kept", "why": "less accurate by 4 points" if n > 8 else "",
        "frontier": False, "same_as": None, "also": [],
    }  # fmt: skip


def answer(best: dict[str, Any] | None, default: str) -> dict[str, Any]:
    """What is said of the recommended setting; without one, why there is none."""
    speed = best["speed"] if best else None
    hours = 1e6 / speed["value"] / 3600 if speed else None
    return {
        "recommended": best["id"] if best else None, "words": best["words"] if best else None,
        "sentence": f"Use {best['words']}: {speed['value']:,.0f} texts/s, 1.9 times as fast as vLLM's defaults, and as right."
        if best else "No setting can be recommended: labels of random weights say nothing.",
        "speed": speed, "coverage": 0.99 if best else None,
        "right": {**best["right"], "reference": default, "most_lost": 0.004, "margin": 0.01} if best and best["right"] else None,
        "rests_on": {"starts": 1, "gpus": 1, "repeats": 3, "texts": 400, "gold": True,
                     "words": "one engine start on one GPU, 3 repeats, 400 texts with gold labels"},
        "sure": {"level": "one start" if best else "none", "words": "Seen on one engine start; another one may differ by 1.4 %."},
        "gains": [
            {"over": "vLLM's defaults", "run": default, "ratio": 1.9, "low": 1.8, "high": 2.0, "conclusive": True, "why": "",
             "words": "1.9 times as fast as vLLM's defaults, 1 text a prompt (1.8 to 2.0)"},
        ] if best else [],
        "default": None, "fastest": None,
        "per_million": {"hours": hours, "low": hours * 0.98, "high": hours * 1.02,
                        "price_per_gpu_hour": None, "money": None} if hours else None,
        "limited_by": {"what": "compute", "words": "The GPU's arithmetic: 82 % of the time it could not go faster."},
        "could_be_wrong": ["Your texts may be longer than the 95 tokens measured here: time grows with their length.",
                           "One engine start: another one may be 1.4 % faster or slower."],
        "next": [{"words": "Two more engine starts would settle it.", "command": "snakemake --cores 1 all --config measure.starts=3"}],
        "copy": {"python": 'from vllm import LLM, SamplingParams\n\nllm = LLM(model="results/models/demo")\n',
                 "serve": "vllm serve results/models/demo --max-num-seqs 256",
                 "prompt": "Text: <b>A fine film</b>\nIs it positive or negative?\nAnswer:"} if best else None,
    }  # fmt: skip


def planted(
    ids: list[str], *, labels: bool = True, best: int | None = 2, demo: bool = False
) -> dict[str, Any]:
    """A verdict over runs, each ``study/run``; ``best``: the index of the recommended one."""
    settings = [setting(number, *each.split("/"), labels=labels) for number, each in enumerate(ids)]
    if best is not None:
        settings[best] |= {"state": "recommended", "why": ""}
    for each in settings[:4]:
        each["frontier"] = labels
    studies = list(dict.fromkeys(each["study"] for each in settings))
    questions = [
        ("packing", "How many texts in one prompt?", "yes"),
        ("cache", "Does the prefix cache help?", "can't tell"),
        ("precision", "Do fewer bits help?", "not asked"),
        ("answer", "Does it help to allow only labels?", "no"),
    ]
    return {
        "schema": 2, "demo": demo, "title": "Reviews, in a planted study",
        "machine": {"device": "cpu" if demo else "cuda", "name": "NVIDIA H100 80GB HBM3", "gpus": 1,
                    "driver": "580.159.04", "vllm": "0.26.0", "measured": "2026-11-26"},
        "model": {"name": "smollm2", "repository": None, "weights": "real" if labels else "random"},
        "texts": {"count": 400, "tokens": 95.2, "source": "words", "labels": 2, "gold": True},
        "offline": answer(settings[best] if best is not None else None, ids[0]), "server": None,
        "settings": settings,
        "questions": [{"id": name, "question": question, "answer": said, "effect": f"About {name}: 3 % either way.",
                       "study": studies[0] if name == "packing" else None} for name, question, said in questions],
    }  # fmt: skip
