"""How right labels are (docs/labels.md), written again; rows of labels in, figures out."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from tests.audit.intervals import NOTHING, mean_over_prompts, over_prompts, share_of_groups

Row = dict[str, Any]
FIGURES = (
    "accuracy",
    "balanced_accuracy",
    "majority_share",
    "macro_f1",
    "agreement",
    "kappa",
    "expected_calibration_error",
    "label_coverage",
)
FEWEST_PROMPTS, FEWEST_DIFFERING = 10, 6


def repeat_figures(labels: pd.DataFrame | None, reference: pd.DataFrame | None, repeat: int) -> Row:
    """The metrics of one repeat that are made of labels; NaN without labels that mean something."""
    if labels is None:
        return dict.fromkeys(FIGURES, math.nan)
    rows = labels[labels["repeat"] == repeat]
    sums = label_sums(rows[rows["gold"].notna()])
    gold = rows["gold"].notna()
    right = (rows["gold"] == rows["label"]) & gold
    found: Row = dict.fromkeys(FIGURES, math.nan) | {"label_coverage": float(rows["label"].notna().mean())}
    if gold.any():
        found |= {
            "accuracy": right.sum() / gold.sum(),
            "balanced_accuracy": float(balanced(sums)),
            "macro_f1": float(macro_f1(sums)),
            "majority_share": float(rows["gold"].value_counts().iloc[0] / gold.sum()),
        }
    if reference is not None:
        found["agreement"], found["kappa"] = beside(rows, reference)[:2]
    sure = rows["confidence"].notna() & gold & rows["label"].notna()
    if sure.any():
        found["expected_calibration_error"] = float(calibration_error(bin_sums(rows[sure])).sum())
    return found


def label_sums(rows: pd.DataFrame, names: Sequence[str] = ()) -> np.ndarray:
    """By gold label: texts that have it, texts answered so, texts rightly answered so."""
    labels = list(names) or sorted(set(rows["gold"].dropna()))
    counts = [rows["gold"].value_counts(), rows["label"].value_counts()]
    counts.append(rows.loc[rows["gold"] == rows["label"], "gold"].value_counts())
    return np.array([count.reindex(labels).fillna(0).to_numpy(float) for count in counts])


def balanced(sums: np.ndarray) -> np.ndarray:
    """Mean over labels that some text has, along the last axis."""
    texts, right = sums[..., 0, :], sums[..., 2, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nanmean(np.where(texts > 0, right / texts, np.nan), axis=-1)


def macro_f1(sums: np.ndarray) -> np.ndarray:
    texts, answered, right = (sums[..., place, :] for place in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nanmean(np.where(texts > 0, 2 * right / (texts + answered), np.nan), axis=-1)


def by_prompt(rows: pd.DataFrame, columns: Sequence[np.ndarray]) -> np.ndarray:
    """Sums of columns (texts x some) over each prompt: prompts x all of them."""
    _, prompt = np.unique(rows["prompt"], return_inverse=True)
    found = np.zeros((int(prompt.max()) + 1, len(columns)))
    for place, column in enumerate(columns):
        found[:, place] = np.bincount(prompt, weights=np.asarray(column, float))
    return found


def of_labels(rows: pd.DataFrame) -> np.ndarray:
    """Prompts x (texts, answered, right of each label that some text has)."""
    labels = sorted(set(rows["gold"]))
    gold, answer = rows["gold"].to_numpy(object), rows["label"].to_numpy(object)
    columns = [gold == label for label in labels] + [answer == label for label in labels]
    return by_prompt(rows, [*columns, *[(gold == label) & (answer == label) for label in labels]])


def answers_in(rows: pd.DataFrame) -> np.ndarray:
    return rows["label"].fillna("").to_numpy(object)


def beside(rows: pd.DataFrame, reference: pd.DataFrame) -> tuple[float, float, pd.DataFrame, np.ndarray]:
    """Agreement, kappa, the rows of texts of both, and the reference run's answer to each."""
    its = reference.set_index("text_id")["label"].fillna("")
    both = rows[rows["text_id"].isin(its.index)]
    theirs = its.loc[both["text_id"]].to_numpy(object)
    mine = answers_in(both)
    return (
        float((mine == theirs).mean()),
        float(kappa(kappa_sums(both, mine, theirs).sum(axis=0))),
        both,
        theirs,
    )


def kappa_sums(rows: pd.DataFrame, mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Prompts x (texts, alike, mine by answer, theirs by answer)."""
    names = sorted({*mine, *theirs})
    columns = [np.ones(len(rows)), mine == theirs]
    return by_prompt(rows, columns + [mine == name for name in names] + [theirs == name for name in names])


def kappa(sums: np.ndarray) -> np.ndarray:
    texts, alike = sums[..., 0], sums[..., 1]
    half = (sums.shape[-1] - 2) // 2
    mine, theirs = sums[..., 2 : 2 + half], sums[..., 2 + half :]
    chance = (mine * theirs).sum(axis=-1) / texts**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance == 1, np.nan, (alike / texts - chance) / (1 - chance))


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """Ten bins; an edge belongs to the bin below it."""
    return np.clip(np.ceil(confidence * 10).astype(int) - 1, 0, 9)


def bin_sums(rows: pd.DataFrame) -> np.ndarray:
    """Prompts x (answers, then rights minus confidence of each bin)."""
    confidence = rows["confidence"].to_numpy(float)
    apart = (rows["gold"] == rows["label"]).to_numpy(float) - confidence
    place = bins_of(confidence)
    return by_prompt(rows, [np.ones(len(rows)), *[apart * (place == each) for each in range(10)]])


def calibration_error(sums: np.ndarray) -> np.ndarray:
    total = sums.sum(axis=0)
    return np.abs(total[1:]) / total[0]


def labels_row(rows: pd.DataFrame, once: pd.DataFrame) -> Row:
    """A run's figures in labels.csv that need no other run."""
    gold = once[once["gold"].notna()]
    prompts = once.groupby("prompt")[["missing", "surplus"]].first()
    row: Row = {
        "labels": len(once),
        "with_gold": len(gold),
        "label_coverage": once["label"].notna().mean(),
        "prompts": len(prompts),
        "too_few": int((prompts["missing"] > 0).sum()),
        "too_many": int((prompts["surplus"] > 0).sum()),
        "agreeing": agreeing(rows),
    }
    if len(gold):
        row |= accuracy_row(gold)
    return row | confidence_row(gold[gold["confidence"].notna() & gold["label"].notna()])


def agreeing(rows: pd.DataFrame) -> float:
    first = rows[rows["duplicate"] == 0]
    if first["repeat"].nunique() < 2:
        return math.nan
    return float(
        (first.assign(label=first["label"].fillna("")).groupby("text_id")["label"].nunique() == 1).mean()
    )


def accuracy_row(gold: pd.DataFrame) -> Row:
    right = (gold["gold"] == gold["label"]).to_numpy()
    low, high = share_of_groups(right, gold["prompt"].to_numpy())
    sums = of_labels(gold)
    shape = (-1, 3, sums.shape[1] // 3)
    row = {
        "right": int(right.sum()),
        "accuracy": right.mean(),
        "accuracy_low": low,
        "accuracy_high": high,
        "majority_share": gold["gold"].value_counts().iloc[0] / len(gold),
    }
    for name, figure in (("balanced_accuracy", balanced), ("macro_f1", macro_f1)):
        row[name] = float(figure(sums.sum(axis=0).reshape(shape))[0])
        ends = over_prompts(lambda drawn, figure=figure: figure(drawn.reshape(shape)), sums)
        row[f"{name}_low"], row[f"{name}_high"] = ends
    return row


def confidence_row(sure: pd.DataFrame) -> Row:
    names = ("mean_confidence", "expected_calibration_error")
    if sure.empty:
        return dict.fromkeys((*names, f"{names[1]}_low", f"{names[1]}_high"), math.nan)
    sums = bin_sums(sure)
    low, high = over_prompts(lambda drawn: np.abs(drawn[:, 1:]).sum(axis=1) / drawn[:, 0], sums)
    return {
        names[0]: sure["confidence"].mean(),
        names[1]: float(calibration_error(sums).sum()),
        f"{names[1]}_low": low,
        f"{names[1]}_high": high,
    }


def agreement_row(once: pd.DataFrame, reference: pd.DataFrame) -> Row:
    share, beyond, both, theirs = beside(once, reference)
    mine = answers_in(both)
    prompts = both["prompt"].to_numpy()
    differing = len(np.unique(prompts[mine != theirs]))
    low, high = share_of_groups(mine == theirs, prompts)
    ends = over_prompts(kappa, kappa_sums(both, mine, theirs)) if differing >= FEWEST_DIFFERING else NOTHING
    return {
        "agreement_texts": len(both),
        "agreement_prompts": len(np.unique(prompts)),
        "agreement": share,
        "agreement_low": low,
        "agreement_high": high,
        "kappa": beyond,
        "kappa_low": ends[0] if not math.isnan(beyond) else math.nan,
        "kappa_high": ends[1] if not math.isnan(beyond) else math.nan,
    }


def difference_row(once: pd.DataFrame, base: pd.DataFrame) -> Row:
    mine, its = (rows[rows["gold"].notna()] for rows in (once, base))
    mine = mine.assign(right=mine["gold"] == mine["label"])[["text_id", "prompt", "right"]]
    its = its.assign(base=its["gold"] == its["label"])[["text_id", "base"]]
    pairs = mine.merge(its, on="text_id")
    change = pairs["right"].astype(int) - pairs["base"].astype(int)
    prompts = change.groupby(pairs["prompt"]).agg(["sum", "size"])
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    differing = int((prompts["sum"] != 0).sum())
    enough = len(prompts) >= FEWEST_PROMPTS and differing >= FEWEST_DIFFERING
    sums, sizes = (prompts[name].to_numpy(float) for name in ("sum", "size"))
    low, high = mean_over_prompts(sums, sizes) if enough else NOTHING
    return {
        "paired_texts": len(pairs),
        "paired_prompts": len(prompts),
        "differing_prompts": differing,
        "difference": change.mean(),
        "difference_low": low,
        "difference_high": high,
        "gained": gained,
        "lost": lost,
        "mcnemar_p": float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0,
    }
