"""The 2:4 pattern of one matrix: two values of every four in a row of the input dimension are zero."""

import torch

GROUP = 4
"""Neighbours along the input dimension."""

KEPT = 2
"""Of a group, at most so many are not zero."""

PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
"""The positions of a group, two by two."""


def mask_by_magnitude(weight: torch.Tensor) -> torch.Tensor:
    """Which weights to keep: in each group the two of largest magnitude; of equal ones, the first.

    Positions are compared two by two, six comparisons for all groups at once. That takes less time and
    memory than sorting groups of four.

    Args:
        weight: [output, input]; the input dimension is a multiple of four.

    Returns:
        Booleans of the same shape; exactly two of each group are true.
    """
    # torch compares no 8-bit floats
    comparable = weight if weight.element_size() > 1 else weight.float()
    groups = comparable.abs().unflatten(-1, (-1, GROUP))
    columns = groups.unbind(-1)
    larger = [torch.zeros(columns[0].shape, dtype=torch.int8, device=weight.device) for _ in columns]
    for first, second in PAIRS:
        second_wins = columns[second] > columns[first]
        larger[first] += second_wins
        larger[second] += ~second_wins
    return torch.stack([count < KEPT for count in larger], -1).flatten(-2)


def nonzeros_of_groups(weight: torch.Tensor) -> torch.Tensor:
    """How many weights of each group are not zero.

    Args:
        weight: [output, input]; the input dimension is a multiple of four.

    Returns:
        [output, input / 4], from 0 to 4.
    """
    comparable = weight if weight.element_size() > 1 else weight.float()
    return (comparable != 0).unflatten(-1, (-1, GROUP)).sum(-1, dtype=torch.int8)


def first_broken_group(nonzeros: torch.Tensor) -> tuple[int, int] | None:
    """Row and group, both counted from 0, of the first group with more than two weights that are not zero.

    Args:
        nonzeros: what `nonzeros_of_groups` returns.
    """
    broken = (nonzeros > KEPT).nonzero()
    return (int(broken[0, 0]), int(broken[0, 1])) if len(broken) else None
