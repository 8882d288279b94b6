"""Matrix files and rows that tests write, and what lies in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.coordinates import Mode, Status
from harness.matrix.table import COLUMNS, Row

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ",".join(COLUMNS)
SILICON_LINE = "m1,Arch,h100_sxm,vllm,1.10,agg,PASS,,cmd,silicon"
FAIL_LINE = "m1,Arch,h100_sxm,vllm,1.10,disagg,FAIL,KeyError: x,cmd,"


def row(model: str = "m1", *, system: str = "h100_sxm", mode: Mode = Mode.AGG, error: str = "") -> Row:
    if error:
        return Row(model, "Arch", system, "vllm", "1.10", mode, Status.FAIL, error, "cmd", "")
    return Row(model, "Arch", system, "vllm", "1.10", mode, Status.PASS, "", "cmd", "silicon")


def lines(path: Path, *content: str) -> Path:
    path.write_bytes(("\n".join(content) + "\n").encode())
    return path


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {str(each): each.read_bytes() if each.is_file() else None for each in sorted(folder.rglob("*"))}
