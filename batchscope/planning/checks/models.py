"""Whether a model's files are there, and whether the environment's vLLM knows what they hold."""

from collections.abc import Iterator

from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset
from batchscope.inputs.context import read_config
from batchscope.inputs.models import check_local
from batchscope.inputs.sparsity import LAST_WITH_KERNELS, says_sparse, why_not_counted
from batchscope.planning.checks.model_files import ModelFiles
from batchscope.planning.checks.situation import EngineUse, Situation
from batchscope.planning.checks.vllm_source import KnownToVllm, known_to_vllm, nearest
from batchscope.planning.problems import Finding, Problem, Unchecked, problem_from


def check(situation: Situation) -> Iterator[Finding]:
    """The files of each model, then each engine's model against its environment."""
    for name, model in situation.models.items():
        yield from files(situation, name, model)
    for use in situation.engines:
        known = known_to_vllm(use.environment.python, use.environment.device)
        if use.model.config and known:
            yield from architecture(use, known)
            yield from quantization(use, known)
        if known:
            yield from sparse_for(use, known)
            yield from load_format(use, known)
        yield from context(use)


def files(situation: Situation, name: str, model: ModelFiles) -> Iterator[Finding]:
    """A local folder with all that is needed; what the hub has is not known before it is fetched."""
    asset = situation.config.models[name]
    if asset.source == "local":
        try:
            check_local(asset.folder, asset)
        except UserError as error:
            yield problem_from(UserError(str(error).removeprefix("models: ")), f"models.{name}.path")
            return
    if model.folder:
        try:
            read_config(model.folder / "config.json")
        except UserError as error:
            yield problem_from(error)
        yield from unfit_for_sparsity(model, asset)
    if asset.source == "hub" and model.folder is None:
        yield Unchecked(
            f"models.{name}",
            f"{asset.id} is not fetched yet, so nothing is known of its architecture, size and context; "
            "`snakemake --cores 1 prepare` fetches it, with the same --configfile, and starts no engine",
        )


def architecture(use: EngineUse, known: KnownToVllm) -> Iterator[Finding]:
    """The first class that config.json names, as vLLM's registry has it."""
    listed = use.model.config.get("architectures")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    if not names or not known.architectures or any(_is_known(name, use, known) for name in names):
        return
    where, name = f"{use.model.folder}/config.json", names[0]
    if name in known.others:
        what = f"{name} writes no text: it classifies, or embeds"
        yield Problem(where, what, f"name a model that writes text in models.{use.model.name}")
    elif "auto_map" in use.model.config and not use.asset.trust_remote_code:
        yield Problem(
            where,
            f"vLLM {known.version} does not know {name}, and the model brings code of its own",
            f"read that code, then set models.{use.model.name}.trust_remote_code: true",
        )
    elif name in known.removed:
        yield Problem(
            where,
            f"vLLM {known.version} no longer knows {name}; {known.removed[name]} was the last that did",
            "name an environment with that vLLM in engine.environment, or another model in engine.model",
        )
    else:
        yield Problem(
            where,
            f"vLLM {known.version} in {use.environment.python} does not know the architecture {name}",
            f"name a model that it knows in models.{use.model.name}, or an environment with a newer vLLM",
        )


def _is_known(name: str, use: EngineUse, known: KnownToVllm) -> bool:
    """Whether vLLM has the class, or runs it through transformers or the model's own code."""
    through_transformers = f'"{name}"' in known.transformers and name not in known.others
    own_code = "auto_map" in use.model.config and use.asset.trust_remote_code
    return name in known.architectures or through_transformers or own_code


def quantization(use: EngineUse, known: KnownToVllm) -> Iterator[Problem]:
    """How the weights in a model's files are quantized."""
    if not known.quantizations:
        return
    how = use.model.config.get("quantization_config")
    stored = how.get("quant_method") if isinstance(how, dict) else None
    if stored and str(stored).replace("_", "-") not in {
        each.replace("_", "-") for each in known.quantizations
    }:
        yield Problem(
            f"{use.model.folder}/config.json",
            f"its weights are quantized with '{stored}', which vLLM {known.version} does not read",
            f"name the model without it, or in another form, in models.{use.model.name}",
        )


def unfit_for_sparsity(model: ModelFiles, asset: ModelAsset) -> Iterator[Problem]:
    """Weights that are to be made 2:4, or counted, and cannot be, by what config.json says."""
    if asset.pattern and (why := why_not_counted(model.config)):
        key = "prune" if asset.prune else "sparsity"
        remedy = f"name the model before it was quantized, or drop models.{model.name}.{key}"
        yield Problem(f"{model.folder}/config.json", why, remedy)


def sparse_for(use: EngineUse, known: KnownToVllm) -> Iterator[Problem]:
    """A model that says its weights are 2:4, for a vLLM that has no kernels for them any more."""
    last = ".".join(map(str, LAST_WITH_KERNELS))
    name = f"models.{use.model.name}"
    if known.release <= LAST_WITH_KERNELS:
        return
    if use.asset.sparse_kernels:
        yield Problem(
            f"{name}.sparse_kernels",
            f"vLLM {known.version} refuses such a model, for {last} was the last with 2:4 kernels",
            f"set it to false for dense kernels, or name an environment with vLLM up to {last} in "
            "engine.environment (`make env ENGINE=cuda-sparse`)",
        )
    elif not use.asset.pattern and (structure := says_sparse(use.model.config)):
        counted = structure == "2:4" and use.asset.load_format != "dummy"
        yield Problem(
            f"{use.model.folder}/config.json",
            f"says that the weights are sparse, and vLLM {known.version} refuses that ({last} was the last "
            "that did not)",
            f'set {name}.sparsity: "2:4", which counts them and drops the word'
            if counted
            else f"name the model in another form in {name}",
        )


def load_format(use: EngineUse, known: KnownToVllm) -> Iterator[Problem]:
    """A way to load weights that this vLLM does not have; it takes them in any case of letters."""
    asked, formats = use.asset.load_format, known.choices["load_format"]
    if formats and asked.lower() not in formats:
        near = nearest(asked, formats) or "auto"
        where = f"models.{use.model.name}.load_format"
        yield Problem(where, f"vLLM {known.version} has no '{asked}'", f"set it to {near}")


def context(use: EngineUse) -> Iterator[Problem]:
    """A context longer than the model's positions, which vLLM refuses."""
    asked, positions = use.args.get("max_model_len"), use.model.context
    stretched = use.model.text_config.get("rope_scaling") or use.model.text_config.get("rope_parameters")
    changed = stretched or "hf_overrides" in use.args
    allowed = str(use.variables.get("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "")) == "1"
    if asked and positions and asked > positions and not changed and not allowed:
        yield Problem(
            use.key("max_model_len"),
            f"{asked} tokens are more than the {positions} positions of {use.model.name}",
            f"set it to {positions} or less, or to null",
        )
