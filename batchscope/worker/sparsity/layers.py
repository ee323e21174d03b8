"""Which tensors of a checkpoint are the weights of a decoder's linear layers, by their names."""

import re
from collections.abc import Sequence

IN_A_LAYER = re.compile(r"(^|\.)layers\.\d+\.(?P<inside>.+)\.weight$")
"""``model.layers.0.mlp.down_proj.weight``: a weight of one of the decoder's layers."""

NO_LINEAR = re.compile(r"norm|embed|rotary|conv|(^|\.)(gate|router)$")
"""What else has a weight inside a layer: norms, embeddings, convolutions, routers of experts."""

OTHER_TOWERS = re.compile(r"(^|\.)(vision|visual|image|audio|encoder)[^.]*\.")
"""Parts of a model that read no text."""


def is_linear(name: str, shape: Sequence[int]) -> bool:
    """Whether a tensor is the matrix of a linear layer of the decoder, as [output, input].

    Embeddings, the output head, norms, biases and routers of experts are none. GPT-2's layers, which are
    stored the other way round under ``h.``, are none either.
    """
    found = IN_A_LAYER.search(name)
    return (
        found is not None
        and len(shape) == 2
        and not NO_LINEAR.search(found["inside"])
        and not OTHER_TOWERS.search(name)
    )
