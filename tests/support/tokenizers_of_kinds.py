"""Small tokenizers of the kinds that models have, each with control tokens."""

from collections.abc import Callable

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

CORPUS = [
    "The film is good and the plot is fine.\n For the above comment, answer positive or negative:\n",
    "A bad film, not worth the 12 euros; <br /><br />say im_end, user, assistant, system.\n\n",
    "Text: Ein schöner Film! Label the text above. The labels: positive, negative.",
] * 20
CONTROLS = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]"]


def byte_level() -> Tokenizer:
    """As Llama 3 and Qwen: byte-level BPE, a start token added by the post-processor."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=CONTROLS, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return _with_start(made)


def stripping() -> Tokenizer:
    """As Phi 3: its control tokens swallow the blanks beside them, and ``<think>`` is not called special."""
    made = byte_level()
    made.add_special_tokens([AddedToken("<|end|>", special=True, lstrip=True, rstrip=True, normalized=False)])
    made.add_tokens([AddedToken("<think>", special=False, normalized=False)])
    return made


def sentence_piece() -> Tokenizer:
    """As Llama 2: BPE on words that begin with ▁, the text's first one too, and bytes for what is unknown."""
    made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = [*CONTROLS, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=special, show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return _with_start(made)


def metaspace() -> Tokenizer:
    """As Mistral and newer Llama 2 files: only a text's very first word gets a ▁."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    made.decoder = decoders.Metaspace(prepend_scheme="first")
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=CONTROLS, initial_alphabet=[chr(code) for code in range(33, 127)],
        show_progress=False,
    )  # fmt: skip
    made.train_from_iterator(CORPUS, trainer)
    return _with_start(made)


def unigram() -> Tokenizer:
    """As T5 and XLM-R: pieces with scores, control tokens among them, an end token and no start token."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=CONTROLS, unk_token="<unk>", show_progress=False,
        initial_alphabet=[chr(code) for code in range(33, 127)],
    )  # fmt: skip
    made.train_from_iterator(CORPUS, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", made.token_to_id("</s>"))]
    )
    return made


def _with_start(made: Tokenizer) -> Tokenizer:
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", made.token_to_id("<s>"))]
    )
    return made


KINDS: dict[str, Callable[[], Tokenizer]] = {
    made.__name__: made for made in (byte_level, stripping, sentence_piece, metaspace, unigram)
}
