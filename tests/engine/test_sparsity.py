"""2:4 weights on the real engine's Python: made, counted, refused, unpacked; and what they cost in accuracy."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.engine_python import run_beside_vllm
from support.project import ROOT, Project

from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset
from batchscope.inputs.models import prepare_local
from batchscope.inputs.sparsity import PROVENANCE, UNPACKER, make_sparse
from scripts.prepare_model import read_weights

PYTHON = str(ROOT / ".engines" / "cpu" / "bin" / "python")
UNPACK = Path(os.environ.get("BATCHSCOPE_UNPACKER", ROOT / UNPACKER))
SMOLLM2 = ROOT / ".smollm2"
SHAPE = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "vocab_size": 50,
}
MATRICES, WEIGHTS = 14, 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 32 * 48)
FIRST = "model.layers.0.mlp.gate_proj.weight"

pytestmark = pytest.mark.engine

FORMS = ("sparse-24-bitmask", "sparse-bitmask")
PACK = """
import json, sys
from pathlib import Path
from safetensors.torch import load_file, save_file
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.config import SparsityCompressionConfig
for folder in map(Path, sys.argv[1:]):
    how = SparsityCompressionConfig.load_from_registry(folder.name, format=folder.name, sparsity_structure="2:4")
    packer, places = BaseCompressor.load_from_registry(folder.name, config=how), {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors = load_file(file)
        packed = packer.compress(tensors, {name[:-7] for name in tensors if "proj" in name})
        save_file(packed, file)
        places |= dict.fromkeys(packed, file.name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
"""
"""Packs the weights of folders that are named as a form is, with the code of compressed-tensors itself."""


def python(*arguments: str, path: str = "") -> None:
    environment = {**os.environ, "PYTHONPATH": f"{path}:{ROOT}", "OMP_NUM_THREADS": "1"}
    subprocess.run([PYTHON, *arguments], env=environment, check=True, cwd=ROOT)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny Llamas: ``dense`` with normal weights, and ``masked``, the same at 2:4."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "shape").mkdir()
    (folder / "shape" / "config.json").write_text(json.dumps(SHAPE))
    (folder / "shape" / "tokenizer.json").write_text("{}")
    names = [str(folder / name) for name in ("shape", "dense", "masked")]
    python("-m", "benchmarks.normal_weights", *names, "--device", "cpu")
    return folder


def prepared(source: Path, folder: Path, unpacker: Path = UNPACK, **asked: Any) -> dict[str, Any]:
    """What rule prepare_model does with a local model."""
    asset = ModelAsset.model_validate({"source": "local", "path": str(source), **asked})
    folder.mkdir(exist_ok=True)
    prepare_local(folder, source, asset)
    return make_sparse(folder, asset, read_weights(folder, asset, [PYTHON], unpacker))


def tensor_bytes(folder: Path, name: str) -> tuple[Path, int, bytes]:
    """The file that holds a tensor, where in it, and its bytes; read without the library that wrote it."""
    for file in sorted(folder.glob("*.safetensors")):
        content = file.read_bytes()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        if name in header:
            start, end = header[name]["data_offsets"]
            return file, 8 + length + start, content[8 + length + start : 8 + length + end]
    raise AssertionError(f"no {name}")


def groups(values: bytes) -> Iterator[list[float]]:
    """bfloat16, four at a time, as their magnitudes: bits without the sign stand in the order of those."""
    numbers = [int.from_bytes(values[at : at + 2], "little") & 0x7FFF for at in range(0, len(values), 2)]
    yield from (numbers[at : at + 4] for at in range(0, len(numbers), 4))


def test_the_two_largest_of_four_are_kept_and_all_else_is_as_it_was(made: Path, tmp_path: Path) -> None:
    summary = prepared(made / "dense", tmp_path / "pruned", prune="2:4")
    assert (summary["tensors"], summary["weights"], summary["zeros"]) == (MATRICES, WEIGHTS, WEIGHTS // 2)
    for name in (FIRST, "model.layers.1.self_attn.k_proj.weight"):
        before, after = (tensor_bytes(folder, name)[2] for folder in (made / "dense", tmp_path / "pruned"))
        for dense, pruned in zip(groups(before), groups(after), strict=True):
            kept = sorted(dense)[2:]
            assert sorted(pruned) == [0, 0, *kept]
            assert all(new in (0, old) for old, new in zip(dense, pruned, strict=True))
        assert after == tensor_bytes(made / "masked", name)[2], "as the weights for measuring speed are made"
    for name in ("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"):
        assert tensor_bytes(tmp_path / "pruned", name)[2] == tensor_bytes(made / "dense", name)[2]
    found = json.loads((tmp_path / "pruned" / PROVENANCE).read_text())["found"]
    assert len(found) == MATRICES
    assert 0.5 < found[FIRST]["kept_norm"] < 1
    assert not any(file.is_symlink() for file in (tmp_path / "pruned").glob("*.safetensors"))
    assert json.loads((tmp_path / "pruned" / "config.json").read_text()) == SHAPE


def test_what_is_said_to_be_2_4_is_counted_and_one_broken_group_is_named(made: Path, tmp_path: Path) -> None:
    summary = prepared(made / "masked", tmp_path / "sound", sparsity="2:4")
    assert (summary["groups"], summary["zeros"], summary["method"]) == (WEIGHTS // 4, WEIGHTS // 2, None)
    broken = shutil.copytree(made / "masked", tmp_path / "broken")
    file, start, values = tensor_bytes(broken, FIRST)
    row, group = 5, 3
    place = (row * 32 + group * 4) * 2
    zero = next(at for at in range(place, place + 8, 2) if values[at : at + 2] in (b"\0\0", b"\0\x80"))
    content = bytearray(file.read_bytes())
    content[start + zero : start + zero + 2] = b"\x80\x3f"  # 1 in bfloat16
    file.write_bytes(content)
    with pytest.raises(UserError) as refused:
        prepared(broken, tmp_path / "refused", sparsity="2:4")
    assert f"{FIRST}, row 5, group 3 (columns 12 to 15): 3 of 4 weights are not zero" in str(refused.value)


@pytest.fixture(scope="module")
def packed(made: Path) -> Path:
    """A folder for each form, with what the library makes of ``masked``."""
    assert UNPACK.is_dir(), "tests/install_unpacker.sh fetches this library"
    for form in FORMS:
        shutil.copytree(made / "masked", made / form)
        how = {"quant_method": "compressed-tensors", "sparsity_config": {"format": form}}
        (made / form / "config.json").write_text(json.dumps({**SHAPE, "quantization_config": how}))
    python("-c", PACK, *(str(made / form) for form in FORMS), path=str(UNPACK))
    return made


@pytest.mark.parametrize("form", FORMS)
def test_what_compressed_tensors_packed_is_unpacked_bit_for_bit(
    form: str, packed: Path, tmp_path: Path
) -> None:
    summary = prepared(packed / form, tmp_path / "plain", sparsity="2:4")
    assert (summary["unpacked_from"], summary["zeros"]) == (form, WEIGHTS // 2)
    for name in (FIRST, "model.layers.1.self_attn.o_proj.weight", "model.norm.weight", "lm_head.weight"):
        theirs, ours = (tensor_bytes(folder, name)[2] for folder in (packed / "masked", tmp_path / "plain"))
        # the sign of a zero is not packed
        assert [*groups(theirs)] == [*groups(ours)]
    assert json.loads((tmp_path / "plain" / "config.json").read_text()) == SHAPE


def test_where_nothing_unpacks_the_library_is_named(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing here unpacks them .*compressed-tensors==0.14.0.1"):
        prepared(packed / FORMS[0], tmp_path / "plain", tmp_path / "nowhere", sparsity="2:4")


def weights_file(name: str, dtype: str, shape: list[int], width: int) -> bytes:
    """A safetensors file of one tensor of zeros, written without the library that will read it."""
    size = shape[0] * shape[1] * width
    header = json.dumps({name: {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size)


LAYER = "model.layers.0.mlp.up_proj.weight"
PACKED_AND_QUANTIZED = {"sparsity_config": {"format": FORMS[0]}, "config_groups": {"group_0": {}}}
REFUSED = {
    "sound": (weights_file(LAYER, "BF16", [2, 8], 2), {}, None),
    "no whole groups": (weights_file(LAYER, "BF16", [2, 6], 2), {}, f"{LAYER}: its 6 columns are no multiple of 4"),
    "integers": (weights_file(LAYER, "I8", [2, 8], 1), {}, f"{LAYER}: its values are int8; 2:4 is counted in"),
    "no layer": (weights_file("lm_head.weight", "BF16", [2, 8], 2), {}, "no tensor is known as a linear layer"),
    "damaged": (b"no weights at all", {}, "model.safetensors: no readable safetensors file ("),
    "no file": (None, {}, "2:4 weights are read from .safetensors files, and the model has none"),
    "packed": (None, {"quantization_config": PACKED_AND_QUANTIZED}, "quantized as well as sparse; name the model"),
}  # fmt: skip
"""Weights, config.json and what is said of them."""


def test_weights_that_cannot_be_2_4_are_refused_with_the_reason(tmp_path: Path) -> None:
    for name, (weights, config, _) in REFUSED.items():
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
        if weights:
            (folder / "model.safetensors").write_bytes(weights)
    out = tmp_path / "said.json"
    run_beside_vllm("support.sparsity_refusals", tmp_path / "models", out, folder=tmp_path, seconds=600)
    found = json.loads(out.read_text())
    assert found.keys() == REFUSED.keys()
    assert {name: each for name, each in found.items() if (REFUSED[name][2] or "None") not in str(each)} == {}


@pytest.mark.smollm2
@pytest.mark.long
def test_accuracy_dense_and_2_4_in_one_table(trained: Project, tmp_path: Path) -> None:
    project = trained.copy(tmp_path / "sparse")
    demo = project.results / "models" / "demo"
    models = {"demo": demo, "smollm2": SMOLLM2}
    local = {name: {"source": "local", "path": str(folder)} for name, folder in models.items()}
    pruned = {f"{name}-2of4": {**asset, "prune": "2:4"} for name, asset in local.items()}
    del local["demo"]
    names = ["demo", "demo-2of4", "smollm2", "smollm2-2of4"]
    outcome = project.snakemake(
        "results/tables/sparse.html",
        config={
            "models": {"demo": {"load_format": "auto"}, **local, **pruned},
            "dataset": {"generated": {"texts": 32}},
            "workload": {"texts": 32, "text_tokens": 100, "cut": "tail"},
            "engine": {"args": {"max_model_len": 512, "kv_cache_memory_bytes": 402_653_184}},
            "measure": {"repeats": 1, "warmup_tokens": 0},
            "studies": {
                "packing": None,
                "saturation": None,
                "sparse": {
                    "set": {"layout": "separate", "n": 1, "answer": "labels"},
                    "grid": {"engine.model": names},
                    "plot": {"x": "engine.model", "series": "layout", "baseline": "demo"},
                },
            },
        },
    )
    assert outcome.status == 0, outcome.text
    runs = pd.read_parquet(project.results / "tables" / "runs.parquet").set_index("model")
    assert list(runs.index) == names
    assert runs["valid"].all(), runs["invalid"]
    assert (runs["label_coverage"] == 1).all()
    assert runs["sparsity"].isna().tolist() == [True, False, True, False]
    assert runs.loc["demo", "accuracy"] >= 0.9
    assert runs.loc["demo-2of4", "accuracy"] < 1
    table = (project.results / "tables" / "sparse.md").read_text()
    assert table.count("2:4, as-dense") == 2
    assert table.count("no difference in its speed is one of 2:4 kernels") == 2
    print(runs[["sparsity", "accuracy"]])
    manifest = json.loads((project.results / "models" / "smollm2-2of4" / "manifest.json").read_text())
    assert manifest["sparsity"]["tensors"] == 210
    assert manifest["sparsity"]["zeros"] >= manifest["sparsity"]["weights"] // 2
