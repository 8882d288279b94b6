"""Adapter for the generation that takes folders and searches by `TaskRunner` (0.7 to 0.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aiconfigurator.sdk import common

from harness.subjects.api import Capability
from harness.subjects.commands import default_command
from harness.subjects.folder_models import FolderModels
from harness.subjects.model_facts import ResolvedFacts
from harness.subjects.shared_tables import SharedTables
from harness.subjects.snippets import Dialect

if TYPE_CHECKING:
    from harness.coordinates import Cell
    from harness.subjects.api import DataMode, Request

_SIXTEEN_BIT = "bfloat16" if "bfloat16" in common.GEMMQuantMode.__members__ else "float16"


class ModuleSubject(FolderModels, ResolvedFacts, SharedTables):
    """One installed release of the module generation."""

    able: ClassVar[frozenset[Capability]] = frozenset(Capability) - {
        Capability.HYBRID,
        Capability.GAPS,
        Capability.PROVENANCE,
        Capability.DATA_ORIGIN,
        Capability.POOLS,
        Capability.TABLES,
    }
    model_option: ClassVar[str] = "model_path"
    dialect: ClassVar[Dialect] = Dialect(
        sixteen_bit=_SIXTEEN_BIT,
        views=False,
        resolve="",
        cache=False,
        memory="summary.get_memory() if hasattr(summary, 'get_memory') else summary._memory",
        accepted=True,
    )

    def roster(self) -> tuple[str, ...]:
        """Models of the support matrix, sorted."""
        return tuple(sorted(common.DefaultHFModels))

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        """The command line that searches a cell."""
        return default_command(cell, request, data_mode, "--model")
