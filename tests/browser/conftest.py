"""A real browser on the page, which is watched for errors and for requests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import sync_playwright

from harness.stored_configs import stored_models
from tests.fakes.reports import NEW_IN, page_of, stored_rows, write_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
PAGE = "AIC_HARNESS_REPORT"
"""Names a page to look at, in place of the one that is made up."""
SCREENSHOTS = "AIC_HARNESS_SCREENSHOTS"
"""Names a folder for pictures of every view."""
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DESCRIBED = ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "openai/gpt-oss-20b")
SIZES = {"wide": (1920, 1080), "desk": (1440, 900), "narrow": (400, 860)}
Scheme = Literal["light", "dark"]
CELL = f"{NEW_IN}|h200_sxm|trtllm|1.3.0rc23|agg"


@dataclass(slots=True)
class Visit:
    """A page in the browser.

    Attributes:
        page: The page.
        address: Where its file is.
        errors: What the console and the script complained about.
        requests: What was asked for besides the file.
    """

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on(
            "console", lambda said: self.errors.append(said.text) if said.type in {"error", "warning"} else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.requests.append(asked.url))

    def open(self, view: str = "matrix", **params: str) -> Page:
        """Go to a view and wait until it is ready."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{view}?{urlencode(params)}")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def state(self) -> str:
        """The part of the address that can be shared."""
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))

    def shown(self, selector: str) -> str:
        """Text of an element."""
        return str(self.page.inner_text(selector))

    def cells_shown(self) -> int:
        """How many cells the toolbar says are left."""
        found = re.match(r"[\d,]+", self.shown("output.shown"))
        assert found, self.shown("output.shown")
        return int(found[0].replace(",", ""))

    def complaints(self) -> list[str]:
        """What axe has against what is shown."""
        self.page.evaluate(_axe())
        # It takes every link of the page for a link that skips: all of them lead to a part of the page.
        found = self.page.evaluate(
            "axe.run(document, { resultTypes: ['violations'], rules: { 'skip-link': { enabled: false } } })"
        )
        return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        pytest.fail(f"no browser; install one of {', '.join(PROGRAMS)}, such as with: apt-get install chromium")
    with sync_playwright() as driver:
        # In a container there is neither a user namespace for the sandbox nor a GPU.
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page to look at: as large as that of a full run."""
    if named := os.environ.get(PAGE):
        return Path(named).resolve()
    folder = tmp_path_factory.mktemp("report")
    rows = stored_rows(ROOT / "support_matrix.csv")
    run, old = write_run(folder / "new", rows), write_run(folder / "old", rows, old=True)
    described = [model for model in stored_models() if model in DESCRIBED]
    command = [sys.executable, "-m", "harness.cli", "describe", *described, "--out", str(run / "models.jsonl")]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    page = folder / "index.html"
    page.write_text(page_of([run], old), encoding="utf-8")
    return page


@pytest.fixture
def visit(browser: Browser, report: Path) -> Iterator[Callable[..., Visit]]:
    """Opens the page at a size and in a colour scheme; at the end nothing may have gone wrong or been asked for."""
    visits: list[Visit] = []

    def opened(size: str = "desk", scheme: Scheme = "light", page: Path | None = None) -> Visit:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        visits.append(Visit(context.new_page(), (page or report).as_uri()))
        return visits[-1]

    yield opened
    for each in visits:
        each.page.context.close()
        assert each.errors == []
        assert {asked.partition("#")[0] for asked in each.requests} <= {each.address}
