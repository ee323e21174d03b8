"""A run, and the set of prompts that it shares with other runs."""

from dataclasses import dataclass

from batchscope.config.engine import Engine
from batchscope.config.measure import Measure
from batchscope.config.prompts import LAYOUTS, AnswerForm, CutName, LayoutName
from batchscope.config.serving import Load
from batchscope.config.workload import Workload


@dataclass(frozen=True)
class PromptSet:
    """A set of prompts that any number of runs share; named by all that decides its content."""

    model: str
    layout: LayoutName
    n: int
    texts: int
    duplicates: int
    instruction: str = "last"
    marked: bool = False
    """whether each duplicate's number stands before its instruction, so that copies share their text alone"""
    answer: AnswerForm = "free"
    """how the model is asked to answer; ``labels`` asks in the words of ``free``, and shares its prompts"""
    numbered: bool = False
    """whether the texts of a packed prompt are numbered"""
    text_tokens: int | None = None
    """tokens that a longer text is cut to"""
    cut: CutName = "head"
    """what is kept of it"""
    permuted: bool = False
    """whether each duplicate holds the texts in another order"""
    fit: bool = False
    """whether ``texts`` is only the most that it holds, and prompts may be longer than the context"""

    @property
    def id(self) -> str:
        """Folder name under ``results/prompts``, such as ``demo-packed-n40-r400``."""
        texts = f"r{self.texts}{'-fit' if self.fit else ''}"
        group = f"{self.layout}-n{self.n}" if LAYOUTS[self.layout].packs else self.layout
        copies = f"-x{self.duplicates}" if self.duplicates > 1 else ""
        order = "-first" if self.instruction == "first" else ""
        mark = "-marked" if self.marked else ""
        form = "" if self.answer == "free" else f"-{self.answer}"
        numbers = "-numbered" if self.numbered else ""
        cut = f"-t{self.text_tokens}" if self.text_tokens else ""
        ends = f"-{self.cut}" if cut and self.cut != "head" else ""
        permuted = "-permuted" if self.permuted else ""
        return f"{self.model}-{group}-{texts}{copies}{order}{mark}{form}{numbers}{cut}{ends}{permuted}"


@dataclass(frozen=True)
class Run:
    """One point of a study: an engine configuration and a workload."""

    study: str
    name: str
    workload: Workload
    engine: Engine
    measure: Measure
    load: Load | None = None
    """how the server gets its requests; None for the offline engine"""
    start: int = 1
    """the engine start that it is measured in (`batchscope.studies.starts`)"""

    @property
    def id(self) -> str:
        """``study/run``, as in the run's folder."""
        return f"{self.study}/{self.name}"

    @property
    def prompts(self) -> PromptSet:
        """The prompts that this run submits."""
        workload = self.workload
        return PromptSet(
            self.engine.model,
            workload.layout,
            LAYOUTS[workload.layout].texts_in_prompt(workload.n),
            workload.total_texts,
            workload.duplicates,
            workload.instruction,
            marked=workload.reuse == "text",
            answer="free" if workload.answer == "labels" else workload.answer,
            numbered=workload.numbered and LAYOUTS[workload.layout].packs,
            text_tokens=workload.text_tokens,
            cut=workload.cut if workload.text_tokens else "head",
            permuted=workload.permuted,
            fit=workload.fit,
        )

    @property
    def gpus(self) -> int:
        """GPUs that the engine spreads over, if its environment drives GPUs."""
        return self.engine.args.tensor_parallel_size or 1
