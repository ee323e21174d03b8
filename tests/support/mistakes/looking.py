"""A call up to its first engine, in this process: what it would say of a mistake."""

import atexit
import json
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import huggingface_hub.constants as hub_settings
import pytest
import yaml
from snakemake.utils import update_config
from support.http_site import running
from support.hub_site import serving
from support.mistakes.mistake import PORT, SITE, Machine, World
from support.nvml_answers import Recorded
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.common.nvml import Nvml
from batchscope.config.configuration import Config, load_config
from batchscope.config.reading.layers import check_layers
from batchscope.inputs.demo_model import DEMO_CORPUS_SEED, TOKENIZER_REVIEWS, prepare_demo
from batchscope.inputs.models import prepare_hub
from batchscope.inputs.texts.files.location import is_url
from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.sources import load_texts
from batchscope.jobs import device_lock
from batchscope.planning.after_fetch import VARIABLE, look_again, write_down
from batchscope.planning.checks import devices, gpu_facts
from batchscope.planning.checks.registry import findings
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import describe_problems, problems_of
from batchscope.planning.prompt_fit import prompt_problems
from batchscope.profiling.profiled_runs import profiled_runs
from batchscope.reports.registry import check_study_names
from batchscope.studies.grid import expand_serving, expand_studies
from scripts.prepare_model import convert_tokenizer

LAYERS = (ROOT / "config.yaml", ROOT / "configs" / "ci.yaml")
OVERLAY, RESULTS = Path("mine.yaml"), Path("results")


def said(world: World, folder: Path) -> str | None:
    """The message that a call ends with before an engine starts; None: it would go on and start one."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as servers:
        patch.chdir(folder)
        address, port = around(world, patch, servers)
        text = world.written().replace(f"'{PORT}'", port).replace(SITE, address)
        try:
            OVERLAY.write_text(text, encoding="utf-8")
            call(world)
        except UserError as error:
            return settled(str(error), {address: "http://localhost", f"port {port} ": "port 8000 "})
    return None


def settled(message: str, names: dict[str, str]) -> str:
    """A message without what differs between machines: its places, free bytes, ports."""
    cache = str(hub_settings.HF_HUB_CACHE)
    places = {cache: "~/.cache/huggingface/hub", f"{Path.cwd()}/": "", str(Path.cwd()): "this folder"}
    programs = {f"{ROOT}/": "", sys.executable: ".venv/bin/python"}
    for ours, shown in {**names, **places, **programs}.items():
        message = message.replace(ours, shown) if ours else message
    for pattern, shown in OF_THIS_MACHINE.items():
        message = re.sub(pattern, shown, message)
    return message


OF_THIS_MACHINE = {
    r"(this machine's memory|the disk of this folder) has [\d.,]+ [GM]B free": "this machine's memory has ... free",
    r"[\d.,]+ GB of memory of this machine": "... of memory of this machine",
    r"less than \d{9,}": "less than ...",
    r"its disk has [\d,]+ MB free": "its disk has ... free",
    r"free [\d,]+ MB or more": "free ... or more",
    r"it has [\d, ]+; name those": "it has ...; name those",
    r"set it to \d+, which is free": "set it to 8001, which is free",
}
"""What differs between machines, and what stands for it in the table."""


def around(world: World, patch: pytest.MonkeyPatch, servers: ExitStack) -> tuple[str, str]:
    """Lay all that is around a call; the address of its server and a port that is taken, where it has them."""
    patch.setattr(tempfile, "tempdir", str(Path.cwd()))
    ours = {"CUDA_VISIBLE_DEVICES": "", VARIABLE: "", "PYTHONPATH": str(ROOT)}
    for name, value in (ours | world.variables).items():
        patch.setenv(name, value)
    if world.machine:
        install(world.machine, patch, world.variables)
    world.write_files(Path.cwd())
    if not (RESULTS / "models").exists():
        (RESULTS / "models").mkdir(parents=True)
        (RESULTS / "models" / "demo").symlink_to(demo_folder())
    if world.hub:
        url = servers.enter_context(serving(world.hub)).url
        patch_hub(url, patch, offline=bool(world.variables.get("HF_HUB_OFFLINE")))
    address = servers.enter_context(site(world.served)) if world.served is not None else ""
    taken = servers.enter_context(taken_port()) if PORT in world.written() else ""
    return address, taken


def call(world: World) -> None:
    """Do what the workflow does: read the configuration, look, fetch, and look again."""
    config = configured()
    runs = [*expand_studies(config), *expand_serving(config)]
    profiled_runs(config.profile.runs, [run.id for run in runs])
    situation = Situation(config, RESULTS, runs, world.profilers, products=config.gemm.models)
    of_prompts = prompt_problems(config, runs, RESULTS)
    if problems := problems_of([*findings(situation), *of_prompts]):
        raise UserError(describe_problems(problems))
    write_down(situation)
    source = config.dataset.source
    if source == "hub" or (source == "csv" and is_url(config.dataset.csv.path)):
        load_texts(config.dataset, Path("downloads"), config.task)
    if config.models[config.engine.model].source == "hub":
        fetch(config)


def configured() -> Config:
    """The overlay over configs/ci.yaml, read as the workflow reads it."""
    check_layers([OVERLAY], {})
    merged = json.loads(small_study())
    update_config(merged, yaml.safe_load(OVERLAY.read_text(encoding="utf-8")))
    config = load_config(merged)
    check_study_names(config.studies)
    expand_studies(config)
    expand_serving(config)
    return config


@cache
def small_study() -> str:
    """configs/ci.yaml over config.yaml, as JSON."""
    merged: dict[str, object] = {}
    for path in LAYERS:
        update_config(merged, yaml.safe_load(path.read_text(encoding="utf-8")))
    return json.dumps(merged)


def fetch(config: Config) -> None:
    """Fetch the model."""
    name = config.engine.model
    folder = Path("fetched")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    prepare_hub(folder, config.models[name], partial(convert_tokenizer, pythons=[sys.executable]))
    look_again(name, folder, RESULTS)


@cache
def demo_folder() -> Path:
    """The demo's model as it is prepared, without weights; made once, for it takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="demo-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    prepare_demo(folder, generate_reviews(TOKENIZER_REVIEWS, DEMO_CORPUS_SEED))
    (folder / "manifest.json").write_text('{"source": "demo", "id": null}')
    return folder


def install(machine: Machine, patch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Have NVML and nvidia-smi say what they said on another machine."""
    if "CUDA_VISIBLE_DEVICES" not in variables:
        patch.delenv("CUDA_VISIBLE_DEVICES")
    for module in (devices, gpu_facts, device_lock):
        patch.setattr(module, "open_nvml", lambda: Nvml(Recorded(machine.answers)))
    patch.setattr(gpu_facts, "_asked", lambda: machine.table)


def patch_hub(url: str, patch: pytest.MonkeyPatch, *, offline: bool) -> None:
    """Have the hub's own client ask a server of ours, with a cache and a login of its own."""
    for name, value in {
        "ENDPOINT": url,
        "HUGGINGFACE_CO_URL_TEMPLATE": url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": tempfile.mkdtemp(prefix="cache-", dir=Path.cwd()),
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_OFFLINE": offline,
        "HF_TOKEN_PATH": str(Path.cwd() / "no-token"),
    }.items():
        patch.setattr(hub_settings, name, value)
    patch.delenv("HF_TOKEN", raising=False)
    patch.setenv("NO_PROXY", "127.0.0.1")
    patch.setattr("time.sleep", lambda _: None)


@contextmanager
def site(content: bytes) -> Iterator[str]:
    """A server that gives the same for every address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with running(Handler) as address:
        yield address


@contextmanager
def taken_port() -> Iterator[str]:
    """A port on which something listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])
