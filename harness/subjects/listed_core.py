"""Adapter for the generation that reads a config into a list and prices 16 bits unless told otherwise (0.4 to 0.6).

Private names that it relies on, because no release offers a public way: `utils._parse_hf_config_json`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from aiconfigurator.sdk import common, utils

from harness.subjects.api import Capability
from harness.subjects.commands import default_command
from harness.subjects.recording import Recorder
from harness.subjects.sdk_models import calm
from harness.subjects.shared_tables import SharedTables
from harness.subjects.snippets import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.coordinates import Cell
    from harness.subjects.api import DataMode, Request
    from harness.subjects.models import BuildRequest

_KEYS = (
    "family",
    "layers",
    "n",
    "n_kv",
    "d",
    "hidden_size",
    "inter_size",
    "vocab",
    "context",
    "topk",
    "num_experts",
    "moe_inter_size",
    "extra_params",
)
"""What stands at each place of the list, by the keys that later releases use."""


class ListedSubject(SharedTables):
    """One installed release of the listed generation; a config that is no file of its own becomes an alias."""

    able: ClassVar[frozenset[Capability]] = frozenset(Capability) - {
        Capability.MATRIX,
        Capability.HYBRID,
        Capability.PROVENANCE,
        Capability.DATA_ORIGIN,
        Capability.DATATYPES,
        Capability.POOLS,
        Capability.SHIPPED_MATRIX,
        Capability.TABLES,
    }
    dialect: ClassVar[Dialect] = Dialect(
        sixteen_bit="float16",
        reading="get_model_config_from_hf_id",
        shown="info",
        views=False,
        resolve="",
        cache=False,
        memory="summary._memory",
        accepted=True,
    )

    def __init__(self, version: str, note: str = "", lacking: frozenset[Capability] = frozenset()) -> None:
        super().__init__(version, note, lacking)
        self._configs: dict[str, Mapping[str, object]] = {}

    def roster(self) -> tuple[str, ...]:
        """Models of the support matrix, sorted: the release has none of its own, and names these."""
        return tuple(sorted(common.CachedHFModels))

    def default_models(self) -> frozenset[str]:
        """Model ids that it lists as usable by name."""
        return frozenset(common.CachedHFModels)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        """Remember the config under a name made of its content; it is read when it is first asked about."""
        del quantization  # The release reads none.
        name = f"aic-harness-{hashlib.sha256(json.dumps(config).encode()).hexdigest()[:16]}"
        self._configs[name] = config
        return name

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        """The command line that searches a cell."""
        words = default_command(cell, request, data_mode, "--hf_id")
        for option in ("total-gpus", "backend-version", "database-mode", "top-n"):
            words = words.replace(f"--{option} ", f"--{option.replace('-', '_')} ")
        return words

    def is_moe(self, ref: str) -> bool:
        """Whether it takes the model for a mixture of experts."""
        self._register(ref)
        return super().is_moe(ref)

    def fields_read(
        self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None
    ) -> frozenset[str]:
        """Fields of a config that it reads to parse and build the model, nested ones with dots."""
        del quantization
        recorder = Recorder()
        with calm():
            utils._parse_hf_config_json(recorder.mapping(config))
        return recorder.read

    def _reading(self, ref: str) -> Mapping[str, Any]:
        config = self._configs[ref] if ref in self._configs else utils._load_pre_downloaded_hf_config(ref)
        architecture = config["architectures"][0]
        return dict(zip(_KEYS, utils._parse_hf_config_json(config), strict=True)) | {"architecture": architecture}

    def _model_config(self, request: BuildRequest) -> Any:  # noqa: ANN401 - the subject's own type
        self._register(request.ref)
        return super()._model_config(request)

    def _register(self, ref: str) -> None:
        """Let the subject know an alias, which holds what it reads a config into."""
        if ref in self._configs and ref not in common.SupportedModels:
            common.SupportedModels[ref] = utils._parse_hf_config_json(copy.deepcopy(dict(self._configs[ref])))
