"""The page of `archscope explore`, measured in a real Chromium: docs/benchmarks/explorer.md.

    python tests/benchmarks/explorer.py xception inception_v4 timm:hrnet_w18 chain blocks

Needs playwright and a Chromium; `chain` is a network of 10,000 layers, `blocks` one of 1,000 blocks of different width.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch
from playwright.sync_api import sync_playwright
from torch import nn

import archscope
from archscope.model.report import Report
from archscope.views.explorer import Explorer

TIMES = 9
"""The least and the median of so many are told: what else runs on the machine only adds."""

PAINTED = """await new Promise((done) => requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = done;
    painted.port2.postMessage(0);
  }));"""
"""Until the frame is there that shows what was done."""

OPEN = f"""async () => {{
  const pane = explorer.panes[0], opens = pane.picture.shown.filter((one) => one.opens >= 0);
  if (opens.length) explorer.walk(pane, opens[opens.length >> 1].opens);
  {PAINTED}
  return opens.length > 0;
}}"""
SEARCH = f"""async () => {{ explorer.search("conv params>100"); {PAINTED} }}"""
LETTERS = """() => {
  const texts = [...document.querySelectorAll(".picture text")];
  return Math.min(...texts.map((text) => text.getAttribute("font-size") * text.getScreenCTM().a));
}"""


def chain() -> nn.Module:
    return nn.Sequential(*[layer for _ in range(5000) for layer in (nn.Linear(8, 8), nn.ReLU())])


def blocks() -> nn.Module:
    def block(width: int) -> nn.Module:
        convolutions = [nn.Conv2d(width + (i > 0), width + 1, 3, padding=1) for i in range(5)]
        return nn.Sequential(*[layer for one in convolutions for layer in (one, nn.MaxPool2d(1))])

    return nn.Sequential(*map(block, range(4, 1004)))


MADE: dict[str, tuple[Any, tuple[int, ...]]] = {"chain": (chain, (8,)), "blocks": (blocks, (4, 8, 8))}


def report_of(target: str) -> Report:
    if target not in MADE:
        return archscope.summarize(target)
    build, size = MADE[target]
    with torch.device("meta"):
        return archscope.summarize(build(), size)


def seconds(made: Any) -> tuple[float, Any]:
    """Of processor time."""
    start = process_time()
    found = made()
    return process_time() - start, found


def spent(client: Any) -> float:
    """Milliseconds of processor time that the page's thread has taken."""
    metrics = client.send("Performance.getMetrics")["metrics"]
    (found,) = [metric["value"] for metric in metrics if metric["name"] == "TaskDuration"]
    return float(found) * 1000


def opened(browser: Any, file: Path) -> tuple[Any, Any, float]:
    """The page of a file as it begins to load in a context of its own, what tells its time, and the time before."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}, offline=True).new_page()
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = spent(client)
    page.goto(file.as_uri())
    return page, client, before


def measure(browser: Any, target: str, folder: Path) -> str:
    report = report_of(target)
    dict(report.columns)  # measured beforehand: a diagram asks for two of them
    drawing, _ = seconds(lambda: archscope.diagram(report).to_svg())
    writing, html = seconds(lambda: Explorer((report,)).to_html())
    file = folder / "net.html"
    file.write_text(html, encoding="utf-8")
    first, walked, searched = [], [], []
    for _ in range(TIMES):
        page, client, before = opened(browser, file)
        page.wait_for_selector("body.ready")
        at = spent(client)
        first.append(at - before)
        nodes, letters = page.locator("*").count(), page.evaluate(LETTERS)
        heap = page.evaluate("performance.memory.usedJSHeapSize")
        page.wait_for_timeout(200)  # a reader has not typed yet: what the page does when idle is done
        page.evaluate("explorer.search('c')")
        page.wait_for_timeout(100)
        at = spent(client)
        page.evaluate(SEARCH)
        searched.append(spent(client) - at)
        page.evaluate("explorer.search('')")
        page.wait_for_timeout(100)
        at = spent(client)
        opens = page.evaluate(OPEN)
        walked.append(spent(client) - at)
        nodes = max(nodes, page.locator("*").count())
        page.context.close()
    opening = told(walked) if opens else "-"
    return (
        f"| {target} | {len(report.graph.layers):,} | {len(html) / 1000:.0f} kB | {writing:.2f} s | {drawing:.2f} s "
        f"| {told(first)} | {opening} | {told(searched)} | {nodes:,} | {letters:.1f} px "
        f"| {heap / 1e6:.1f} MB |"
    )


def told(times: list[float]) -> str:
    return f"{min(times):.0f}, {median(times):.0f} ms"


def main(targets: list[str]) -> None:
    print("| network | layers | file | written | diagram | first picture | open | search | nodes | letters | heap |")
    print("| :--- |" + " ---: |" * 10)
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        arguments = ["--no-sandbox", "--enable-precise-memory-info"]
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        for target in targets:
            print(measure(browser, target, Path(folder)), flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
