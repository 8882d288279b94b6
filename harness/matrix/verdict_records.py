"""Verdicts as JSON objects, and back without a loss."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from harness.coordinates import Cell, Mode, Status
from harness.data_files import Record
from harness.matrix.records import Verdict
from harness.matrix.table import utf8
from harness.subjects.api import DataOrigin, Layout, Point, Role, Worker


class DamagedVerdictError(ValueError):
    """A JSON object is no verdict, or not the one that was written."""


class _Cell(Record):
    model: str
    system: str
    backend: str
    version: str
    mode: Mode


class _Layout(Record):
    tp: int
    pp: int
    dp: int
    moe_tp: int
    moe_ep: int
    cp: int


class _Worker(Record):
    role: Role
    layout: _Layout
    replicas: int
    batch: int
    memory_bytes: int


class _Point(Record):
    workers: tuple[_Worker, ...]
    gpus: int
    ttft_ms: float
    tpot_ms: float
    tokens_per_s_per_gpu: float

    def point(self) -> Point:
        workers = tuple(
            Worker(each.role, Layout(**dict(each.layout)), each.replicas, each.batch, each.memory_bytes)
            for each in self.workers
        )
        return Point(workers, self.gpus, self.ttft_ms, self.tpot_ms, self.tokens_per_s_per_gpu)


class _Origin(Record):
    own: tuple[str, ...]
    inherited: tuple[str, ...]


class _Verdict(Record):
    cell: _Cell
    architecture: str
    status: Status
    source: str
    error: str
    command: str
    point: _Point | None
    origin: _Origin | None
    points_tried: int
    seconds: float
    log: str


def to_record(verdict: Verdict) -> dict[str, Any]:
    """The verdict, and the digest of all it says."""
    content = {name: utf8(value) if isinstance(value, str) else value for name, value in asdict(verdict).items()}
    return {"verdict": content, "digest": digest(content)}


def from_record(record: dict[str, Any]) -> Verdict:
    """The verdict that was written.

    Raises:
        DamagedVerdictError: It was changed since, or never was one.
    """
    if record.keys() != {"verdict", "digest"}:
        raise DamagedVerdictError(f"the fields {', '.join(sorted(record))}, not digest, verdict")
    if record["digest"] != digest(record["verdict"]):
        raise DamagedVerdictError("a verdict that was changed after it was written")
    try:
        read = _Verdict.model_validate_json(json.dumps(record["verdict"]))
    except ValidationError as error:
        first = error.errors()[0]
        raise DamagedVerdictError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return Verdict(
        cell=Cell(**dict(read.cell)),
        architecture=read.architecture,
        status=read.status,
        source=read.source,
        error=read.error,
        command=read.command,
        point=read.point.point() if read.point else None,
        origin=DataOrigin(**dict(read.origin)) if read.origin else None,
        points_tried=read.points_tried,
        seconds=read.seconds,
        log=read.log,
    )


def digest(content: object) -> str:
    """Digest of a JSON value, whatever order its fields stand in."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
