"""Take the pictures of the pages anew: `python docs/gallery/screens.py`. It needs playwright, a Chromium and a
font with Korean letters, such as NanumGothic in ~/.local/share/fonts."""

import shutil
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import archscope

HERE = Path(__file__).parent
WIDE = {"viewport": {"width": 1280, "height": 860}}
NARROW = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SLIDER = {"viewport": {"width": 1100, "height": 760}}


def heat(page: Page) -> None:
    page.select_option("#color", "macs")


def search(page: Page) -> None:
    page.locator(".op.module", has_text="Stem").dblclick()
    page.fill("#search", "conv 3x3 params>200k")


def pages() -> dict[str, Any]:
    """What is written as a page, by its file's name."""
    return {
        "one": archscope.explore("inception_v4"),
        "two": archscope.explore("inception_v4", "inception_resnet_v2"),
        "spectrum": archscope.spectrum(channels=256, segments=[1, 3, 32, 256]),
    }


SCREENS: dict[str, tuple[str, dict[str, Any], Callable[[Page], Any]]] = {
    "explorer-start": ("one", WIDE, heat),
    "explorer-opened": ("one#stem", WIDE, lambda page: page.locator(".op.conv").nth(2).click()),
    "explorer-search-dark": ("one", {**WIDE, "color_scheme": "dark"}, search),
    "explorer-narrow": ("one", NARROW, lambda page: page.locator(".op.module").nth(1).tap()),
    "explorer-two": ("two", WIDE, lambda page: page.locator(".differences button").nth(3).click()),
    **{f"explorer-spectrum-{at}": (f"spectrum#{at}", SLIDER, lambda page: None) for at in (1, 3, 32, 256)},
}
"""By file: the page and the place in it, the screen, and what the reader does there."""


def main() -> None:
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        for name, page in pages().items():
            page.save(Path(folder) / f"{name}.html")
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for file, (place, screen, walked) in SCREENS.items():
            name, _, at = place.partition("#")
            page = browser.new_context(**screen, offline=True).new_page()
            page.goto(f"{(Path(folder) / f'{name}.html').as_uri()}#{at}")
            page.wait_for_selector("body.ready")
            walked(page)
            page.wait_for_timeout(200)
            taken = page.screenshot(full_page=name == "spectrum")
            Image.open(BytesIO(taken)).convert("RGB").quantize(256).save(HERE / f"{file}.png", optimize=True)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main()
