"""The intervals of docs/statistics.md, labels.md and serving.md, written again."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

LEVELS = {"fixed": 0.95, "first": 0.96, "between": 0.985, "last": 0.965}
PROMPT_LEVELS = ((40, 0.95), (20, 0.975), (10, 0.985))
BLOCKS, BLOCK_LEVEL, FEWEST = 8, 0.97, 40
NOTHING = (math.nan, math.nan)

Ends = tuple[float, float]


def geometric(values: Sequence[float], ending: str = "fixed") -> tuple[float, float, float]:
    """Mean of the repeats and its interval; the arithmetic mean, without interval, where one is not above 0."""
    if not values or any(math.isnan(value) for value in values):
        return (math.nan,) * 3
    if min(values) <= 0:
        return float(np.mean(values)), math.nan, math.nan
    logs = np.log(values)
    middle = math.exp(logs.mean())
    if len(logs) < 3:
        return middle, math.nan, math.nan
    half = student(len(logs) - 1, LEVELS[ending]) * logs.std(ddof=1) / math.sqrt(len(logs))
    return middle, middle * math.exp(-half), middle * math.exp(half)


def student(freedom: float, level: float = 0.95) -> float:
    return float(stats.t.ppf((1 + level) / 2, freedom))


def trends(seconds: Sequence[float]) -> bool:
    if len(seconds) < 5 or abs(math.log(seconds[-1] / seconds[0])) < math.log(1.01):
        return False
    return bool(stats.kendalltau(range(len(seconds)), seconds).pvalue < 0.02)


def two_groups(seconds: Sequence[float]) -> bool:
    """A gap of more than 10 %, and more than six times as wide as either group."""
    logs = np.sort(np.log(seconds))
    if len(logs) < 3:
        return False
    gaps = np.diff(logs)
    at = int(gaps.argmax())
    widest = max(logs[at] - logs[0], logs[-1] - logs[at + 1])
    return bool(gaps[at] > math.log(1.1) and gaps[at] > 6 * widest)


def wilson(share: float, count: float) -> Ends:
    z = float(stats.norm.ppf(0.975))
    scale = 1 + z * z / count
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((share + z * z / (2 * count) + sign * half) / scale for sign in (-1, 1))
    return 0.0 if share == 0 else low, 1.0 if share == 1 else high


def prompt_level(groups: int) -> float:
    return next((level for least, level in PROMPT_LEVELS if groups >= least), PROMPT_LEVELS[-1][1])


def share_of_groups(hits: np.ndarray, groups: np.ndarray) -> Ends:
    """Wilson's interval for as many independent texts as vary as much as the prompts do."""
    names, group = np.unique(groups, return_inverse=True)
    count, total, middle = len(names), len(hits), float(hits.mean())
    if count == total:
        return wilson(middle, total)
    if count == 1:
        return wilson(middle, 1)
    of_groups = np.bincount(group, weights=hits - middle)
    between = count / (count - 1) * float((of_groups**2).sum()) / total**2
    alone = middle * (1 - middle) / total
    widen = (float(stats.norm.ppf(0.975)) / student(count - 1, prompt_level(count))) ** 2
    return wilson(middle, total * widen / max(1.0, between / alone if alone else 1.0))


def tail(groups: int) -> float:
    """Share of draws left out at each end: percentiles, widened as Student's t is."""
    wide = student(groups - 1, prompt_level(groups)) * math.sqrt(groups / (groups - 1))
    return float(stats.norm.cdf(-wide))


def drawn_prompts(count: int) -> np.ndarray:
    """How often each prompt is drawn, 1,000 times."""
    rng = np.random.default_rng(0)
    return np.array(
        [np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(1000)], float
    )


def over_prompts(figure: Callable[[np.ndarray], np.ndarray], sums: np.ndarray) -> Ends:
    """Interval of a figure of sums over prompts.

    Args:
        figure: of a row of sums, for each row given.
        sums: a row a prompt.
    """
    count = len(sums)
    if count < PROMPT_LEVELS[-1][0]:
        return NOTHING
    out = tail(count)
    low, high = np.nanquantile(figure(drawn_prompts(count) @ sums), [out, 1 - out])
    return float(low), float(high)


def mean_over_prompts(sums: np.ndarray, sizes: np.ndarray) -> Ends:
    """Interval of sum(sums) / sum(sizes) over prompts that are drawn with replacement, 5,000 times."""

    def mean(sums: np.ndarray, sizes: np.ndarray, axis: int = -1) -> np.ndarray:
        return sums.sum(axis=axis) / sizes.sum(axis=axis)

    found = stats.bootstrap(
        (sums, sizes),
        mean,
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=1 - 2 * tail(len(sums)),
        n_resamples=5000,
        batch=1000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def median_of_blocks(values: np.ndarray) -> tuple[float, float, float]:
    """A median with its interval: eight blocks of consecutive requests are drawn with replacement, 200 times."""
    middle = float(np.median(values)) if len(values) else math.nan
    if len(values) < FEWEST:
        return middle, math.nan, math.nan
    rng, length = np.random.default_rng(0), math.ceil(len(values) / BLOCKS)
    logs = []
    for _ in range(200):
        places = rng.integers(len(values), size=BLOCKS)[:, None] + np.arange(length)
        logs.append(math.log(np.median(values[places.ravel()[: len(values)] % len(values)])))
    half = student(BLOCKS - 1, BLOCK_LEVEL) * math.sqrt(BLOCKS / (BLOCKS - 1)) * float(np.std(logs, ddof=1))
    return middle, middle * math.exp(-half), middle * math.exp(half)


def slopes(times: np.ndarray, start: float, end: float) -> np.ndarray:
    """Events a second, from the mean running count of each of eight blocks of time to the next's."""
    width = (end - start) / BLOCKS
    moments = start + width * (np.arange(40 * BLOCKS) + 0.5) / 40
    counts = np.array([(times <= moment).sum() for moment in moments]).reshape(BLOCKS, 40).mean(axis=1)
    return np.diff(counts) / width


def rate_ends(middle: float, rates: np.ndarray) -> Ends:
    half = math.sqrt(1.5) * student(len(rates) - 1) * float(rates.std(ddof=1)) / math.sqrt(len(rates))
    return max(middle - half, 0.0), middle + half
