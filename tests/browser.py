"""Pages as people see them: in Debian's Chromium without a window, driven by Playwright.

`faults` measures a page at the widths of a phone, a laptop and a large screen, in light and in dark. A page must say
nothing on the console, ask for nothing but itself, show all its pictures, never scroll sideways, and be readable for
everyone: contrast of 4.5 to 1 (WCAG AA, here for large text too), texts for pictures, and no rule of axe broken.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS, SCHEMES = (390, 1280, 1920), ("light", "dark")
NEEDED = "Chromium is not installed, so no page was looked at: apt-get install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MEASURED = (Path(__file__).parent / "browser.js").read_text(encoding="utf-8")


def chromium() -> str | None:
    """Where a Chromium is, if there is one."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, running. Root, as in a container, has no sandbox."""
    found = chromium()
    assert found is not None, NEEDED
    with sync_playwright() as driver:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = driver.chromium.launch(executable_path=found, args=options)
        yield running
        running.close()


@dataclass
class Opened:
    """A page, with what it said on the console and what it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def opened(running: Browser, file: Path, width: int = 1280, height: int = 900) -> Opened:
    """The page of a file. The network is off."""
    context = running.new_context(viewport={"width": width, "height": height}, offline=True, reduced_motion="reduce")
    shown = Opened(context.new_page())
    shown.page.on("console", lambda message: shown.said.append(f"{message.type}: {message.text}"))
    shown.page.on("pageerror", lambda error: shown.said.append(f"error: {error}"))
    shown.page.on("request", lambda request: shown.asked.append(request.url))
    shown.page.goto(file.resolve().as_uri())
    return shown


def faults(running: Browser, file: Path) -> list[str]:
    """All that is wrong with a page."""
    shown = opened(running, file)
    found = [f"asks for {url}" for url in shown.asked if url != file.resolve().as_uri()]
    for scheme in SCHEMES:
        shown.page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            shown.page.set_viewport_size({"width": width, "height": 900})
            measured = shown.page.evaluate(_MEASURED)
            found += [f"{scheme}, {width} pixels: {fault}" for fault in measured]
    found += _broken(shown.page)
    found += [f"says {line}" for line in shown.said]
    shown.page.context.close()
    return list(dict.fromkeys(found))


def _broken(page: Page) -> list[str]:
    """The rules of axe that a page breaks, with the elements that do."""
    broken = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in broken for node in one["nodes"][:3]]
