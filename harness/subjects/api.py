"""What the harness asks of a subject, whatever its release: the interface that adapters implement.

Units: latencies in ms, memory in bytes, lengths in tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.coordinates import Cell, Database

Role = Literal["agg", "prefill", "decode"]

_LAYOUT = re.compile(r"tp(\d+)(?: pp(\d+))?(?: dp(\d+))?(?: cp(\d+))?(?: etp(\d+)ep(\d+))?")


class Capability(StrEnum):
    """What an adapter can do; a caller asks for the capability, never for a release."""

    MATRIX = "matrix"
    """Judge cells of the support matrix."""
    HYBRID = "hybrid"
    """Fill data gaps from other shapes and dtypes, and say so."""
    GAPS = "gaps"
    """Tell what hardware or a framework lacks from other failures."""
    PROVENANCE = "provenance"
    """Say from how remote data an estimate was made."""
    DATA_ORIGIN = "data-origin"
    """Say which version's tables a database reads."""
    PARSE = "parse"
    """Say how it reads a config."""
    FIELDS_READ = "fields-read"
    """Say which fields of a config it reads."""
    BUILD = "build"
    """Say which ops it prices for a model."""
    DATATYPES = "datatypes"
    """Infer the datatypes of a checkpoint from its config."""
    CACHE = "cache"
    """Say what a sequence keeps without an estimate."""
    MTP = "mtp"
    """Price multi-token prediction."""
    ESTIMATE = "estimate"
    """Estimate a static batch."""
    TABLES = "tables"
    """Say which shapes its tables hold."""
    POOLS = "pools"
    """Count the GPUs of a disaggregated deployment."""
    SHIPPED_MATRIX = "shipped-matrix"
    """Ship a support matrix of its own."""
    SYSTEMS = "systems"
    """Say what it knows of a GPU system."""


class DataMode(StrEnum):
    """Which data the subject may answer from."""

    SILICON = "SILICON"
    """Measured rows only."""
    HYBRID = "HYBRID"
    """Measured rows, and estimates transferred from other rows where they are missing."""


@dataclass(frozen=True, slots=True, order=True)
class Layout:
    """How a worker is spread over GPUs.

    Sizes of tensor, pipeline, attention-data, MoE-tensor, expert and context parallelism.
    """

    tp: int
    pp: int
    dp: int
    moe_tp: int
    moe_ep: int
    cp: int

    @classmethod
    def parse(cls, text: str) -> Layout:
        """Read what `str` wrote.

        Raises:
            ValueError: It is something else.
        """
        match = _LAYOUT.fullmatch(text)
        if match is None:
            raise ValueError(f"no layout: {text}")
        tp, pp, dp, cp, moe_tp, moe_ep = (int(size or 1) for size in match.groups())
        return cls(tp, pp, dp, moe_tp, moe_ep, cp)

    @property
    def gpus(self) -> int:
        """GPUs of one worker."""
        return self.tp * self.pp * self.dp * self.cp

    def __str__(self) -> str:
        parts = [f"tp{self.tp}"]
        parts += [f"pp{self.pp}"] if self.pp > 1 else []
        parts += [f"dp{self.dp}"] if self.dp > 1 else []
        parts += [f"cp{self.cp}"] if self.cp > 1 else []
        parts += [f"etp{self.moe_tp}ep{self.moe_ep}"] if self.moe_tp * self.moe_ep > 1 else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Request:
    """The workload a cell is judged with.

    Attributes:
        total_gpus: GPUs that a deployment may use.
        isl: Input length in tokens, the cached prefix included.
        osl: Output length in tokens.
        prefix: Cached tokens of the input.
        ttft_ms: Limit on the time to first token.
        tpot_ms: Limit on the time per output token that the command line names; the search sweeps its own ladder.
    """

    total_gpus: int
    isl: int
    osl: int
    prefix: int
    ttft_ms: float
    tpot_ms: float


@dataclass(frozen=True, slots=True)
class Worker:
    """One pool of a deployment: `replicas` workers of `layout`, each with `batch` requests in flight."""

    role: Role
    layout: Layout
    replicas: int
    batch: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Point:
    """One deployment that the subject found feasible, with its estimate."""

    workers: tuple[Worker, ...]
    gpus: int
    ttft_ms: float
    tpot_ms: float
    tokens_per_s_per_gpu: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A search that ended without an error.

    Attributes:
        best: The feasible point with the most tokens/s/GPU; None when the search came back empty.
        provenance: Every tier of data the search touched besides measured rows.
        log: What the subject printed and logged meanwhile.
    """

    best: Point | None
    provenance: frozenset[str]
    log: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A search that the subject ended with an exception.

    Attributes:
        error_class: Class name of the exception that came out.
        messages: `Class: message` of the exception and of every cause behind it, outermost first.
        missing_data: The subject itself classes it as missing performance data.
        log: Full traceback, and what the subject printed and logged meanwhile.
        provenance: Every tier of data the search touched before it ended, besides measured rows.
    """

    error_class: str
    messages: tuple[str, ...]
    missing_data: bool
    log: str
    provenance: frozenset[str] = frozenset()


Outcome = Answer | Failure


class Grid(StrEnum):
    """Which points of a layout's grid (batch x context-token budget) to try."""

    FIRST = "first"
    """Batch 1 only."""
    OUTLINE = "outline"
    """Every batch; of the context-token budgets only the smallest and the largest ones."""
    ALL = "all"
    """The subject's whole grid."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A part of the search space. None stands for all layouts of the role.

    Attributes:
        agg, prefill, decode: Layouts to try.
        grid: Points to try of each layout.
        one_replica: Combine one prefill worker with one decode worker only.
    """

    agg: tuple[Layout, ...] | None = None
    prefill: tuple[Layout, ...] | None = None
    decode: tuple[Layout, ...] | None = None
    grid: Grid = Grid.ALL
    one_replica: bool = False

    def chosen(self) -> dict[Role, tuple[Layout, ...]]:
        """Layouts to try of every role that is narrowed at all."""
        roles: dict[Role, tuple[Layout, ...] | None] = {
            "agg": self.agg,
            "prefill": self.prefill,
            "decode": self.decode,
        }
        return {role: layouts for role, layouts in roles.items() if layouts is not None}


@dataclass(frozen=True, slots=True)
class Pairing:
    """How a disaggregated deployment may combine its two pools.

    Attributes:
        replica_gpus: GPU counts that one prefill + decode replica may have.
        max_workers: Most workers of one role in a replica.
        same_tp: Prefill and decode must have equal TP.
        prefill_kept: How many of the best prefill candidates the search pairs up.
    """

    replica_gpus: frozenset[int]
    max_workers: int
    same_tp: bool
    prefill_kept: int


class Search(Protocol):
    """The search space of one cell in one data mode, ready to be tried in parts."""

    def layouts(self, role: Role) -> tuple[Layout, ...]:
        """Every layout of the role, in the subject's order."""

    def pairing(self) -> Pairing:
        """The rules by which prefill and decode pools combine."""

    def run(self, narrowing: Narrowing) -> Outcome:
        """Run the subject's own search over a part of the space.

        The subject's ladder of TPOT targets is replaced by its highest rung: every point that any rung admits,
        the highest admits too, so an empty result stays empty and a feasible point stays feasible.
        """


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the judge needs to know of a model, read off its checkpoint by the subject.

    Attributes:
        architecture: HuggingFace architecture.
        parameters: The subject's rough estimate, which picks the request's size tier.
        quant_modes: Resolved modes of GEMM, MoE, KV cache and attention for one backend.
        quant_algo, kv_cache_quant_algo, expert_dtype: As the checkpoint names them, lower case; empty when absent.
    """

    architecture: str
    parameters: float
    quant_modes: frozenset[str]
    quant_algo: str
    kv_cache_quant_algo: str
    expert_dtype: str


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What the judge needs to know of a GPU system.

    Attributes:
        sm_version: CUDA compute capability x 10; None for GPUs that have none.
        spec_keys: Names in the `gpu` section of the subject's system file, such as `fp8_tc_flops`.
    """

    sm_version: int | None
    spec_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class DataOrigin:
    """Whose rows a database answers from.

    Attributes:
        own: Op tables that hold rows measured for this very version.
        inherited: `table<-version` for every table that has rows of another version or backend only.
    """

    own: tuple[str, ...]
    inherited: tuple[str, ...]

    @property
    def label(self) -> str:
        """`own`, `inherited`, or `mixed` when some tables are the version's own and some are not."""
        if not self.inherited:
            return "own"
        return "mixed" if self.own else "inherited"


@dataclass(frozen=True, slots=True)
class SubjectInfo:
    """Which subject this is: one installed release."""

    name: str
    version: str
    data_version: str
    note: str = ""


class Inputs(Protocol):
    """Digests of what a subject answers from."""

    @property
    def circumstances(self) -> Mapping[str, str]:
        """Versions and settings that it depends on and that are no files of its own."""

    @property
    def whole(self) -> str:
        """Of all its code and data, and of its circumstances."""

    def of(self, cell: Cell) -> str | None:
        """Of what the answer for one cell depends on; None where that cannot be told."""

    def of_database(self, database: Database) -> str:
        """Of what can be found out about a database whatever model is asked for."""


class Subject(Protocol):
    """One installed release, seen through its adapter."""

    @property
    def info(self) -> SubjectInfo:
        """Name and versions."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this release can be asked."""

    def roster(self) -> tuple[str, ...]:
        """Models of the support matrix, sorted."""

    def bundled_models(self) -> tuple[str, ...]:
        """Models whose config the subject ships, sorted."""

    def databases(self) -> tuple[Database, ...]:
        """Every loadable database, sorted."""

    def model_facts(self, model: str, backend: str) -> ModelFacts:
        """Facts for size tier and hardware preflight."""

    def system_facts(self, system: str) -> SystemFacts:
        """Facts for hardware preflight."""

    def data_origin(self, database: Database) -> DataOrigin:
        """Which op tables are the version's own."""

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        """The subject's own command line for a cell."""

    def open_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Search | Failure:
        """Resolve and validate a cell's search space."""

    def full_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Outcome:
        """Run the subject's own full search, untouched."""

    def notes(self, database: Database) -> str:
        """What it has found out about a database and need not find out again; empty for nothing."""

    def recall(self, database: Database, notes: str) -> None:
        """Take it that a database is as `notes` said of the same files in another process."""

    def release(self, database: Database) -> None:
        """Give back the memory that a database takes."""

    def inputs(self) -> Inputs:
        """What it answers from, as it is now."""
