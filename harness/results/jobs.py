"""The jobs that a nightly run consists of: one for each shard of the matrix, and one for each release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.matrix.shards import shard_sizes
from harness.results.journal import Shard
from harness.subjects.releases import load_releases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.coordinates import Cell
    from harness.matrix.shards import ShardSize


@dataclass(frozen=True, slots=True)
class ShardJob:
    """Judges one shard of the matrix.

    Attributes:
        shard: Which one, as `matrix run --shard` takes it.
        size: What it has to do.
    """

    shard: Shard
    size: ShardSize

    @property
    def name(self) -> str:
        """What the job is called."""
        return f"matrix-{self.shard.number}-of-{self.shard.of}"

    @property
    def command(self) -> str:
        """The same, anywhere."""
        return f"nox -s matrix -- --shard {self.shard}"


@dataclass(frozen=True, slots=True)
class ReleaseJob:
    """Runs every check on one release.

    Attributes:
        release: Its version.
        python: Newest Python that its environment can have.
        pins: What its environment needs beside it.
    """

    release: str
    python: str
    pins: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the job and its session are called."""
        return f"conformance-{self.release}"

    @property
    def command(self) -> str:
        """The same, anywhere."""
        return f"nox -s {self.name}"


def shard_jobs(cells: Sequence[Cell], shards: int) -> tuple[ShardJob, ...]:
    """A job for each of so many shards.

    Raises:
        UsageError: There is no such number of shards, or a shard would have nothing to do.
    """
    databases = len({cell.database for cell in cells})
    if not 1 <= shards <= databases:
        expected = f"1 to {databases}, as many as there are databases"
        raise UsageError("--shards", str(shards), expected)
    sizes = shard_sizes(cells, shards)
    return tuple(ShardJob(Shard(number, shards), size) for number, size in enumerate(sizes, 1))


def release_jobs() -> tuple[ReleaseJob, ...]:
    """A job for each release that can be installed, oldest first."""
    return tuple(ReleaseJob(each.version, each.python, each.pins) for each in load_releases().releases if not each.stub)
