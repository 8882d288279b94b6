"""Hardware preflight: can this GPU compute what the checkpoint needs at all? Decided by rules in a data file."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from harness.coordinates import Cell
    from harness.subjects.api import ModelFacts, SystemFacts


class Datatype(Record):
    """A datatype that a checkpoint may need and a GPU may have."""

    name: str
    quant_modes: frozenset[str]
    quant_algos: frozenset[str]
    kv_cache_quant_algos: frozenset[str]
    expert_dtypes: frozenset[str]
    spec_key: str
    min_sm: int
    software_systems: frozenset[str]

    def needed_by(self, model: ModelFacts) -> bool:
        """Whether the checkpoint's quantization names it."""
        return bool(
            self.quant_modes & model.quant_modes
            or model.quant_algo in self.quant_algos
            or model.kv_cache_quant_algo in self.kv_cache_quant_algos
            or model.expert_dtype in self.expert_dtypes
        )

    def offered_by(self, system: str, facts: SystemFacts) -> bool:
        """Whether the GPU computes it, in hardware or by a conversion that is known to work."""
        return (
            system in self.software_systems
            or self.spec_key in facts.spec_keys
            or (facts.sm_version is not None and facts.sm_version >= self.min_sm)
        )


class Kernel(Record):
    """A kernel that a backend has from some GPU generation on."""

    backend: str
    architectures: frozenset[str]
    min_sm: int
    name: str


class _Rules(Record):
    datatypes: tuple[Datatype, ...]
    kernels: tuple[Kernel, ...]


def incompatibility(cell: Cell, model: ModelFacts, system: SystemFacts) -> str:
    """Why the GPU cannot run the checkpoint, as one line; empty when it can."""
    rules = _rules()
    gpu = cell.system if system.sm_version is None else f"{cell.system} (SM{system.sm_version})"
    for kernel in rules.kernels:
        needs = cell.backend == kernel.backend and model.architecture in kernel.architectures
        if needs and system.sm_version is not None and system.sm_version < kernel.min_sm:
            return f"{gpu} lacks {kernel.name}, which {cell.model} needs (SM{kernel.min_sm} or newer)"
    missing = [
        datatype.name
        for datatype in rules.datatypes
        if datatype.needed_by(model) and not datatype.offered_by(cell.system, system)
    ]
    return f"{gpu} lacks {' and '.join(missing)}, which {cell.model} needs" if missing else ""


@functools.cache
def _rules() -> _Rules:
    return load_toml(data_path("fixtures", "hardware_rules.toml"), _Rules)
