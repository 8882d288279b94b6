"""Options that every command names alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="HuggingFace id or glob; repeat for more.", metavar="ID", rich_help_panel="Filters"),
]
Systems = Annotated[
    list[str] | None,
    typer.Option("--system", help="GPU system or glob.", metavar="NAME", rich_help_panel="Filters"),
]
Backends = Annotated[
    list[str] | None,
    typer.Option("--backend", help="trtllm, sglang, vllm or glob.", metavar="NAME", rich_help_panel="Filters"),
]
Versions = Annotated[
    list[str] | None,
    typer.Option("--version", help="Backend version or glob.", metavar="V", rich_help_panel="Filters"),
]
Modes = Annotated[
    list[str] | None,
    typer.Option("--mode", help="agg or disagg.", metavar="MODE", rich_help_panel="Filters"),
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
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no header on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Also print what lies behind each result.")]
