"""Options that every command names alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        help="HuggingFace ids or globs over the stored ones, config files or their folders.", metavar="MODEL|PATH"
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="HuggingFace id or glob; repeat for more.", metavar="ID"),
]
Systems = Annotated[
    list[str] | None,
    typer.Option("--system", help="GPU system or glob.", metavar="NAME"),
]
Backends = Annotated[
    list[str] | None,
    typer.Option("--backend", help="trtllm, sglang, vllm or glob.", metavar="NAME"),
]
Versions = Annotated[
    list[str] | None,
    typer.Option("--version", help="Backend version or glob.", metavar="V"),
]
Modes = Annotated[
    list[str] | None,
    typer.Option("--mode", help="agg or disagg.", metavar="MODE"),
]
SubjectPath = Annotated[
    Path | None,
    typer.Option(
        "--subject-path",
        help="Import aiconfigurator from this folder instead of the environment.",
        metavar="DIR",
        show_default=False,
    ),
]
ConfigDir = Annotated[
    Path | None,
    typer.Option("--config-dir", help="Where stored configs are looked up.", metavar="DIR", show_default=False),
]
ResultsDir = Annotated[
    Path,
    typer.Option("--results", help="Folder with the results of each release, in a folder of its name.", metavar="DIR"),
]
ModelId = Annotated[
    str,
    typer.Option("--model-id", help="HuggingFace id of the model, where no file name says it.", metavar="ORG/MODEL"),
]
Split = Annotated[
    Path | None,
    typer.Option("--split", help="Also write one CSV per system, with index.json.", metavar="DIR", show_default=False),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 stands for all cores.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no header on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Also print what lies behind each result.")]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        help="Where verdicts are kept for later runs; aic-harness in the user's cache folder by default.",
        metavar="DIR",
        show_default=False,
    ),
]
