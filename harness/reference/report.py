"""Everything that is known about one config, gathered for showing: as text and as the document of `plan --json`."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.reference.architectures import plan_for, recipes
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.parameters import count_parameters
from harness.reference.counting.quantization import weight_bytes
from harness.reference.counting.summary import fullest_rank
from harness.reference.hf_config import HFConfig
from harness.reference.proof import prove

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.reference.counting.parameters import Parameters
    from harness.reference.counting.ranks import Layout
    from harness.reference.counting.summary import RankFigures
    from harness.reference.layers import LayerPlan
    from harness.reference.proof import Proof

_GIGA = 1e9
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class PlanReport:
    """One config, read and counted.

    Attributes:
        plan: The layer plan.
        parameters: Its parameters.
        kv_cache: Cache bytes of one sequence by its length, at bfloat16.
        state: Bytes of recurrent state of one sequence.
        weight_bytes: Bytes of the decoder's weights as the checkpoint stores them; None if it does not say how.
        stored_as: The scheme that most of them are stored in, or why that is unknown.
        proof: The oracle's verdict.
        layout: The layout of `rank`, if one was asked for.
        rank: Figures of the fullest rank.
        source: Where the recipe takes the meaning of the fields from.
        unread: Fields of the config that nobody read.
    """

    plan: LayerPlan
    parameters: Parameters
    kv_cache: dict[int, int]
    state: int
    weight_bytes: int | None
    stored_as: str
    proof: Proof
    layout: Layout | None
    rank: RankFigures | None
    source: str
    unread: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """The document of `plan --json`."""
        result: dict[str, object] = {
            "model": self.plan.model,
            "architecture": self.plan.architecture,
            "layers": [list(kinds) for kinds in self.plan.kinds],
            "parameters": {
                "total": self.parameters.total,
                "active": self.parameters.active,
                "by_component": self.parameters.by_component,
            },
            "kv_cache_bytes": {str(length): size for length, size in self.kv_cache.items()},
            "state_bytes": self.state,
            "is_moe": self.plan.is_moe,
            "oracle": self.proof.verdict,
            "oracle_reason": self.proof.reason,
        }
        if self.rank is not None and self.layout is not None:
            cached = {str(length): size for length, size in self.rank.kv_cache_bytes.items()}
            result["per_rank"] = {"layout": asdict(self.layout), **asdict(self.rank), "kv_cache_bytes": cached}
        return result

    def lines(self, *, verbose: bool = False) -> Iterator[str]:
        """The report as text."""
        total, active = self.parameters.total, self.parameters.active
        yield f"{self.plan.model}  ({self.plan.architecture})"
        yield f"  layers      {self.plan}"
        share = f", active {active / _GIGA:.3f} B ({active:,})" if active != total else ""
        yield f"  parameters  {total / _GIGA:.3f} B ({total:,}){share}"
        for name, count in self.parameters.by_component.items():
            yield f"    {name:24} {count:>20,}"
        if verbose:
            for name, count in self.parameters.by_layer_kind.items():
                yield f"    layers {name:17} {count:>20,}"
        for name, reason in self.parameters.uncounted.items():
            yield f"    {name:24} {'not counted':>20}  {reason}"
        weights = "unknown" if self.weight_bytes is None else _bytes(self.weight_bytes)
        yield f"  weights     {weights} as stored ({self.stored_as})"
        yield f"  KV cache    {_cache(self.kv_cache)} for one sequence, bf16"
        yield f"  state       {_bytes(self.state)} for one sequence"
        if self.rank is not None and self.layout is not None:
            yield f"  fullest rank of {self.layout}"
            yield f"    parameters {self.rank.parameters:,}, weights {_bytes(self.rank.weight_bytes)}"
            yield f"    KV cache {_cache(self.rank.kv_cache_bytes)}; state {_bytes(self.rank.state_bytes)}"
        yield f"  oracle      {self.proof.verdict}: {self.proof.reason}"
        if verbose:
            yield f"  source      {self.source}"
            yield f"  unread      {', '.join(self.unread) or 'nothing'}"


def report_on(
    model_or_path: str, lengths: tuple[int, ...], layout: Layout | None = None, folder: Path | None = None
) -> PlanReport:
    """Read a config and count everything.

    Args:
        model_or_path: A stored id, a config file or its folder.
        lengths: Sequence lengths to count the cache for.
        layout: A layout to show the fullest rank of.
        folder: Where stored configs are; the harness's own by default.

    Raises:
        ConfigError: The config cannot be read.
        UsageError: The layout would cut what cannot be cut.
    """
    config = HFConfig.load(model_or_path, folder)
    plan = plan_for(config)
    parameters = count_parameters(plan)
    size, quantization = None, None
    try:
        quantization = quantization_of(config)
        stored_as, size = quantization.default.name, sum(weight_bytes(plan, quantization).values())
    except HarnessError as error:
        # How weights are stored changes no plan and no count of parameters.
        if layout is not None:
            raise
        stored_as = str(error)
    rank = fullest_rank(plan, quantization, layout, lengths) if layout and quantization else None
    return PlanReport(
        plan=plan,
        parameters=parameters,
        kv_cache={length: kv_cache_bytes(plan.layers, length) for length in lengths},
        state=state_bytes(plan.layers),
        weight_bytes=size,
        stored_as=stored_as,
        proof=prove(plan, parameters, hashlib.sha256(Path(config.source).read_bytes()).hexdigest()),
        layout=layout,
        rank=rank,
        source=recipes()[plan.architecture].source,
        unread=config.unread(),
    )


def _cache(sizes: dict[int, int]) -> str:
    return ", ".join(f"{_bytes(size)} at {length:,}" for length, size in sizes.items())


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < _THOUSAND:
            return f"{size:.4g} {unit}"
        size /= _THOUSAND
    return f"{size:.4g} TB"
