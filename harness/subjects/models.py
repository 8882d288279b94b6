"""What a subject says about one model: how it reads the config, which ops it prices, what it estimates.

Everything is in neutral words: components and mixer kinds are those of `harness/reference/layers.py`, whatever the
release calls its ops. Units: bytes, ms, tokens, bytes per second, operations per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

from harness.subjects.api import DataMode, Failure, Layout, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.coordinates import Database

ONE_GPU = Layout(1, 1, 1, 1, 1, 1)

BACKENDS = ("trtllm", "sglang", "vllm")
"""Serving backends; a release that prices a model alike for all of them gives the same build three times."""

Precision = Literal["checkpoint", "bf16", "nvfp4"]
"""`checkpoint`: the datatypes that the subject infers from the config. `bf16`: 16 bits for everything. `nvfp4`: weights
of GEMMs and experts in 4 bits, and 16 for everything else."""


class OpKind(StrEnum):
    """What an op computes, whatever its class is called."""

    EMBEDDING = "embedding"
    GEMM = "gemm"
    ELEMENTWISE = "elementwise"
    ATTENTION = "attention"
    """Softmax attention over keys and values of its own."""
    MLA = "mla"
    MLA_BMM = "mla_bmm"
    DSA = "dsa"
    BLOCK_SPARSE = "block_sparse"
    COMPRESSED = "compressed"
    GDN = "gdn"
    KDA = "kda"
    MAMBA2 = "mamba2"
    MOE = "moe"
    DISPATCH = "dispatch"
    """Tokens sent to the experts and back."""
    ALL_REDUCE = "all_reduce"
    P2P = "p2p"
    HYPER = "hyper"
    """Hyper-connections."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Op:
    """One priced operation of a phase; wrapper ops are taken apart into these.

    Attributes:
        name: As the subject names it.
        kind: What it computes.
        count: How many layers run it: the subject's scale factor.
        weight_bytes: Weights on one GPU, of all `count` layers.
        component: Component of `harness/reference/layers.py` whose weights it holds (`attention` without the mixer);
            `communication` or `glue` for what holds none; empty for an op that nobody has sorted yet.
        part: Which part of the component, such as `qkv`, `out`, `in`, `core`, `conv`.
        mixer: Kind of mixer it belongs to where its kind or name says so.
        alternative: Name of the wrapper that holds it as the second way to price the same work; empty otherwise.
        rows, columns: Output and input features of a GEMM on one GPU.
        heads, kv_heads, head_dim: Of attention and recurrent kernels, on one GPU.
        window: Sliding window in tokens; 0 for none.
        experts, top, inner: Of an MoE op.
        collectives: How many times one run of it makes the GPUs of a layout exchange activations, as it is charged; 0
            for one that is free in this layout, such as an all-reduce among one GPU.
        precision: Datatype of its weights, as the subject names it; empty if it has none.
        extra: What else the op was built with, `(name, value)` as the subject spells it.
    """

    name: str
    kind: OpKind
    count: float
    weight_bytes: float
    component: str = ""
    part: str = ""
    mixer: str = ""
    alternative: str = ""
    rows: int = 0
    columns: int = 0
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    window: int = 0
    experts: int = 0
    top: int = 0
    inner: int = 0
    collectives: int = 0
    precision: str = ""
    extra: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Datatypes:
    """Datatypes that the subject settled on: the cache's as it names it, and the bytes of one number in each."""

    kv_cache: str
    gemm_bytes: float
    moe_bytes: float
    kv_cache_bytes: float


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A model to build.

    Attributes:
        ref: What `Subject.reference` returned, or a model id.
        backend: `trtllm`, `sglang` or `vllm`.
        layout: Parallel sizes.
        precision: Datatypes.
        nextn: Tokens that MTP predicts ahead.
    """

    ref: str
    backend: str = "trtllm"
    layout: Layout = ONE_GPU
    precision: Precision = "checkpoint"
    nextn: int = 0


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """A model as the subject prices it.

    Attributes:
        prefill, decode, encoder: Ops of each phase, in order.
        datatypes: What it settled on.
        weight_bytes: Weights of one GPU by phase (`prefill`, `decode`), as the subject's memory model adds them up.
        cache_bytes: Bytes that one sequence keeps on one GPU, recurrent state included, by its length in tokens.
    """

    prefill: tuple[Op, ...]
    decode: tuple[Op, ...]
    encoder: tuple[Op, ...]
    datatypes: Datatypes
    weight_bytes: Mapping[str, float]
    cache_bytes: Mapping[int, float]


CACHE_LENGTHS = (1, 128, 1024, 8192, 32768, 131072)
"""Lengths in tokens at which a built model says what it keeps."""


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A config as the subject reads it; a number is None where it has none.

    Attributes:
        architecture: HuggingFace architecture.
        family: Family that it maps to.
        layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context, top, experts, expert_ffn: Dimensions.
        extra_type: Class of the family's own parameters; empty if there are none.
        extra_frozen: They are a frozen dataclass; None if there are none.
        extra: The family's own parameters, `(name, value)`; lists are tuples.
    """

    architecture: str
    family: str
    layers: int | None
    hidden: int | None
    heads: int | None
    kv_heads: int | None
    head_dim: int | None
    ffn: int | None
    vocab: int | None
    context: int | None
    top: int | None
    experts: int | None
    expert_ffn: int | None
    extra_type: str = ""
    extra_frozen: bool | None = None
    extra: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """One estimate of a batch: prefill it, then decode it.

    Attributes:
        build: The model.
        database: Whose tables to price from.
        batch: Sequences.
        isl: Input tokens of each, the cached prefix included.
        osl: Output tokens of each.
        prefix: Cached tokens of the input.
        data_mode: Which data may be used.
        mixed: Whether some sequences are prefilled in the very steps that decode others, as a server does.
    """

    build: BuildRequest
    database: Database
    batch: int = 8
    isl: int = 1024
    osl: int = 128
    prefix: int = 0
    data_mode: DataMode = DataMode.SILICON
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the subject says a batch takes.

    Attributes:
        ttft_ms: Time to first token.
        tpot_ms: Time per output token; None where a single token was asked for.
        memory: Bytes of one GPU: `total`, `weights`, `kvcache`, `activations` and whatever else it lists.
        prefill_ms, decode_ms: Time by op: of the prefill, and of all decode steps; empty for mixed steps.
        row: Every other figure of its summary that is a number.
    """

    ttft_ms: float
    tpot_ms: float | None
    memory: Mapping[str, float]
    prefill_ms: Mapping[str, float]
    decode_ms: Mapping[str, float]
    row: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """A GPU system as the subject describes it; None where it says nothing.

    Attributes:
        memory_bandwidth: Bytes per second.
        memory_capacity: Bytes.
        flops: Dense operations per second by datatype: `bf16`, `fp8`, `fp4`, `int8`.
        link_bandwidth: Bytes per second between the GPUs of a node, one GPU, one direction.
        gpus_per_node: GPUs that share the links.
    """

    memory_bandwidth: float | None
    memory_capacity: float | None
    flops: Mapping[str, float]
    link_bandwidth: float | None
    gpus_per_node: int | None


@dataclass(frozen=True, slots=True)
class Need:
    """Measurements that a kind of layer needs.

    Attributes:
        kind: Kind of mixer or feed-forward.
        sizes: Its dimensions, `(name, value)`, by the names of the reference's layers.
    """

    kind: str
    sizes: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return f"{self.kind} ({', '.join(f'{name} {value}' for name, value in self.sizes)})"


@dataclass(frozen=True, slots=True)
class Measured:
    """Where a need is measured.

    Attributes:
        need: The need.
        known: The release has a table for that kind of layer at all.
        databases: Databases that answer from rows of that shape, their own or inherited ones.
    """

    need: Need
    known: bool
    databases: tuple[Database, ...]


@dataclass(frozen=True, slots=True, order=True)
class OpTable:
    """A table of measurements that a database answers from.

    Attributes:
        database: The database.
        family: Family of ops that the table serves, such as `attention`.
        name: Its name.
        source: Where its rows come from: empty if they were measured for this very version, else a version of the
            same backend, or another backend with its version.
    """

    database: Database
    family: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class ShippedRow:
    """One row of the support matrix that a release ships, as it is written there."""

    model: str
    system: str
    backend: str
    version: str
    mode: str
    status: str

    def __str__(self) -> str:
        return f"{self.model} on {self.system}/{self.backend}/{self.version} {self.mode}"


class ModelSubject(Subject, Protocol):
    """A subject that can also be asked about a model. Whatever it raises comes out as it is."""

    def architectures(self) -> Mapping[str, str]:
        """Family of every architecture it knows."""

    def families(self) -> frozenset[str]:
        """Every family it declares."""

    def default_models(self) -> frozenset[str]:
        """Model ids that it lists as usable by name."""

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        """Hand it a config that is no file of its own; what comes back names the model from then on."""

    def parse(self, ref: str) -> ParsedConfig:
        """Read a model's config."""

    def is_moe(self, ref: str) -> bool:
        """Whether it takes the model for a mixture of experts."""

    def fields_read(
        self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None
    ) -> frozenset[str]:
        """Fields of a config that it reads to parse and build the model, nested ones with dots."""

    def build(self, request: BuildRequest) -> BuiltModel:
        """Build a model."""

    def estimate(self, request: EstimateRequest) -> Estimate | Failure:
        """Estimate a batch."""

    def system_spec(self, system: str) -> SystemSpec:
        """What its file says about a GPU system."""

    def system_names(self) -> tuple[str, ...]:
        """Every GPU system that it has a file for, sorted."""

    def shipped_matrix(self) -> tuple[ShippedRow, ...]:
        """Every row of the support matrix that it ships, in its order."""

    def pooled_gpus(self, prefill: Layout, decode: Layout) -> int:
        """GPUs that it counts for one prefill worker and one decode worker side by side."""

    def measured(self, needs: Iterable[Need]) -> tuple[Measured, ...]:
        """Where measured tables hold the shapes that layers need."""

    def op_tables(self) -> tuple[OpTable, ...]:
        """Every table of every database, sorted."""

    def parse_snippet(self, model: str) -> str:
        """Python that prints how it reads a model, with the subject alone."""

    def build_snippet(self, request: BuildRequest, model: str, names: tuple[str, ...]) -> str:
        """Python that prints scale factor and weights of some ops, with the subject alone."""

    def estimate_snippet(self, request: EstimateRequest, model: str) -> str:
        """Python that prints one estimate, with the subject alone."""
