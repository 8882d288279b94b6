"""Adapter for the generation whose models are one module that takes folders (0.7 and 0.8)."""

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


class ModuleSubject(FolderModels, ResolvedFacts, SharedTables):
    """One installed release of the module generation."""

    able: ClassVar[frozenset[Capability]] = frozenset(Capability) - {
        Capability.MATRIX,
        Capability.HYBRID,
        Capability.PROVENANCE,
        Capability.DATA_ORIGIN,
        Capability.POOLS,
        Capability.TABLES,
    }
    dialect: ClassVar[Dialect] = Dialect(
        sixteen_bit="float16",
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
