"""The pages of torchvista and torchlens, measured as explorer.py measures ours: docs/benchmarks/explorer.md.

    python tests/benchmarks/explorer_peers.py torchvista xception inception_v4 timm:hrnet_w18 chain

Needs the two (pip install torchvista torchlens ipython), playwright and a Chromium.
"""

import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from explorer import MADE, opened, seconds, spent
from playwright.sync_api import sync_playwright

import archscope
from archscope.errors import ArchscopeError

TIMES = 3
DRAWN = {
    "torchvista": "() => document.querySelectorAll('svg *').length > 60",
    "torchlens": "() => document.readyState === 'complete' && document.querySelector('svg, table')",
}
"""When a page has its first picture. torchlens' is there as soon as it is read: it is no script's work."""


def built(target: str) -> tuple[torch.nn.Module, torch.Tensor]:
    if target in MADE:
        build, size = MADE[target]
        return build().eval(), torch.randn(1, *size)
    if target.startswith("timm:"):
        import timm

        module = timm.create_model(target.removeprefix("timm:"), pretrained=False)
        return module.eval(), torch.randn(1, *module.default_cfg["input_size"])
    (tensor,) = archscope.summarize(target).graph.inputs.values()
    return archscope.build(target).eval(), torch.randn(1, *tensor.shape)


def write(tool: str, target: str, file: Path) -> None:
    module, image = built(target)
    with torch.no_grad():
        if tool == "torchvista":
            torchvista = import_module(tool)
            torchvista.trace_model(module, image, export_format="html", export_path=str(file))
        else:
            torchlens = import_module(tool)
            torchlens.export.html(torchlens.trace(module, image), file)


def measure(browser: Any, tool: str, target: str, file: Path) -> str:
    failed = ""
    import_module(tool)
    try:
        writing, _ = seconds(lambda: write(tool, target, file))
    except (RecursionError, RuntimeError, ArchscopeError) as error:
        writing, failed = float("nan"), type(error).__name__
    first, nodes = [], 0
    for _ in range(TIMES if file.exists() else 0):
        page, client, before = opened(browser, file)
        try:
            page.wait_for_function(DRAWN[tool], timeout=10_000)
            first.append(spent(client) - before)
        except Exception as error:  # the page stays empty
            failed = failed or type(error).__name__
        nodes = max(nodes, page.locator("*").count())
        page.context.close()
    size = f"{file.stat().st_size / 1000:,.0f} kB" if file.exists() else "-"
    shown = f"{min(first):.0f} ms" if first else "-"
    return f"| {target} | {tool} | {size} | {writing:.1f} s | {shown} | {nodes:,} | {failed} |"


def main(tool: str, targets: list[str]) -> None:
    print("| network | tool | file | written | first picture | nodes | |")
    print("| :--- | :--- | ---: | ---: | ---: | ---: | :--- |")
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for target in targets:
            file = Path(folder) / f"{target.replace(':', '_')}.html"
            print(measure(browser, tool, target, file), flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
