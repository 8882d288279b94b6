"""What reference, oracle and subject make of one model: the record that `aic-harness describe` writes for it.

Databases are places in a list that the file holds. Units: bytes unless a name says GiB, ms, tokens.
"""

from __future__ import annotations

from typing import Literal

from harness.data_files import Record

Codes = tuple[int, ...]
"""For each item, a place in a list that the field names; -1 for none."""


class Strip(Record):
    """Layers in order, each with a label.

    Attributes:
        labels: The distinct labels, in order of first appearance, such as `full (kv_heads=2)`.
        kinds: Kind of each label, such as `full`, `window`, `gdn`, `moe`: what a colour stands for.
        sizes: Dimensions of each label, such as `heads=32 kv_heads=2 dim=256`; may be empty.
        codes: Label of each layer.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    sizes: tuple[str, ...]
    codes: Codes


class PricedPart(Record):
    """How many layers the subject prices a part for; it knows their number, not their order.

    Attributes:
        phase: `prefill` or `decode`.
        part: `mixer` or `ffn`.
        kind: Kind of layer, as in `Strip.kinds`.
        expected: Layers that the reference has of the kind.
        actual: Layers that the subject's ops run in; null where its ops do not tell.
    """

    phase: str
    part: Literal["mixer", "ffn"]
    kind: str
    expected: int
    actual: float | None


class Component(Record):
    """Learned numbers of one component, as finely as the subject's ops of a decode step tell them apart.

    Attributes:
        name: Such as `routed_experts` or `attention.full+window`.
        reference, oracle, subject: Each one's count; null where it does not say.
    """

    name: str
    reference: int | None
    oracle: int | None
    subject: float | None


class Cache(Record):
    """What one sequence keeps, at 16 bits, on one GPU, recurrent state included.

    Attributes:
        lengths: Tokens of the sequence.
        reference, subject: Bytes at each length; `subject` is empty where it does not say.
    """

    lengths: tuple[int, ...]
    reference: tuple[float, ...]
    subject: tuple[float, ...]


class OpTime(Record):
    """Time of one op in a phase: of the prefill, or of one decode step.

    Attributes:
        name: As the subject names it.
        kind: What it computes, such as `gemm`, `attention`, `moe`, `all_reduce`; `other` where nobody knows.
    """

    name: str
    kind: str
    ms: float


class Bound(Record):
    """Lower bound of a step in ms, by what it rests on; the bound is the largest."""

    compute: float
    memory: float
    links: float


class Breakdown(Record):
    """One estimate of a static batch, op by op.

    Attributes:
        database: Place among the databases.
        layout: Parallel layout.
        gpus: GPUs of it.
        data_mode: `SILICON` or `HYBRID`.
        batch: Sequences of an attention-DP group.
        isl, osl: Tokens of each.
        ttft_ms, tpot_ms: What the subject says.
        prefill, decode: Times by op, in order; of decode, those of one step.
        prefill_bound, decode_bound: Lower bounds; null where nothing is known of the GPU.
        memory_gib: Memory of one GPU by what takes it, such as `weights`, `kvcache`.
        reproduce: Python that prints the estimate with the subject alone.
    """

    database: int
    layout: str
    gpus: int
    data_mode: str
    batch: int
    isl: int
    osl: int
    ttft_ms: float
    tpot_ms: float | None
    prefill: tuple[OpTime, ...]
    decode: tuple[OpTime, ...]
    prefill_bound: Bound | None
    decode_bound: Bound | None
    memory_gib: tuple[tuple[str, float], ...]
    reproduce: str


class NeedCoverage(Record):
    """Where the shapes that a kind of layer needs were measured.

    Attributes:
        kind: Kind of mixer or feed-forward.
        sizes: Its dimensions in words.
        known: The release has a table for that kind of layer at all.
        databases: Places among the databases.
    """

    kind: str
    sizes: str
    known: bool
    databases: Codes


class Description(Record):
    """What reference, oracle and subject make of one model.

    Attributes:
        family: Family that the subject maps the architecture to; empty if it knows it not.
        refusal: What the subject raises instead of building the model; empty if it builds it.
        layers: Number of decoder layers.
        plan: The layer plan in one line.
        mixers, ffns: The layers as the reference reads them.
        priced: How many layers the subject prices, by kind.
        total, active: Parameters of the text decoder; those that one token passes.
        outside: Parameters beside the text decoder, such as `vision`, `mtp`.
        components: Parameters by component.
        oracle: `equal`, `differs` or `unavailable`.
        oracle_reason: Why.
        stored_as: Scheme that most weights are stored in.
        weight_bytes: Weights as the checkpoint stores them; null if it does not say how.
        cache: Bytes that one sequence keeps.
        breakdown: One estimate op by op; null where there is none.
        no_breakdown: Why there is none; empty where there is one.
        needs: Where its layers were measured; empty where the subject cannot say.
        explain: Command that tells how the layers were read.
        count: Command that counts its parameters and cache.
    """

    family: str
    refusal: str
    layers: int
    plan: str
    mixers: Strip
    ffns: Strip
    priced: tuple[PricedPart, ...]
    total: int
    active: int
    outside: tuple[tuple[str, int], ...]
    components: tuple[Component, ...]
    oracle: str
    oracle_reason: str
    stored_as: str
    weight_bytes: int | None
    cache: Cache
    breakdown: Breakdown | None
    no_breakdown: str
    needs: tuple[NeedCoverage, ...]
    explain: str
    count: str
