"""The documentation site: the docs as they are, and an atlas with a page a network. Nothing is fetched.

python -m docs.site.build [--to FOLDER] [NETWORK ...]      all networks, or these
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from archscope.networks import catalogue
from docs.site import network, overview
from docs.site.links import dead_links

HERE = Path(__file__).parent
DOCS, ROOT = HERE.parent, HERE.parents[1]

GROUPS = {
    "Start": "start networks/index",
    "Look": "summary diagram explorer explain spectrum",
    "Compare": "compare diff verify papers audit sweep",
    "Run": "latency roofline ci",
    "Targets": "targets sources networks",
    "한국어": "start.ko summary.ko diagram.ko explain.ko spectrum.ko diff.ko verify.ko",
    "Reference": "conventions report-schema architecture adding-a-network reliability",
    "Measured": "benchmarks/*",
}
"""The pages by heading; a page that is in none of them is under Reference."""


def build(folder: Path, names: Sequence[str]) -> Path:
    """The site of these networks; its first page. Raises CalledProcessError where a page warns, of a dead link say."""
    source, html = folder / "source", folder / "html"
    shutil.rmtree(folder, ignore_errors=True)
    write_docs(source)
    atlas = source / "networks"
    atlas.mkdir()
    overview.write(names, atlas)
    if len(names) > 3:
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(network.write, folder=atlas, built=frozenset(names)), names))
    else:
        for name in names:
            network.write(name, atlas, frozenset(names))
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(HERE), str(source), str(html)]
    subprocess.run(command, check=True)
    for explorer in atlas.glob("*-explorer.html"):
        shutil.copy(explorer, html / "networks")
    return html / "index.html"


def write_docs(source: Path) -> None:
    """The docs, the start page and the first page, with links as the site has them."""
    pages = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    pages = {name: text for name, text in pages.items() if not name.startswith("site/")}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages["start.md"] = readme.replace("](docs/", "](").replace("# archscope", "# Start", 1)
    pages["index.md"] = (HERE / "index.md").read_text(encoding="utf-8") + contents(pages)
    shutil.copytree(DOCS / "gallery", source / "gallery", ignore=shutil.ignore_patterns("*.py"))
    for name, text in pages.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(within(text), encoding="utf-8")


def contents(pages: Sequence[str] | dict[str, str]) -> str:
    known = {name.removesuffix(".md") for name in pages}
    listed: dict[str, list[str]] = {}
    for heading, said in GROUPS.items():
        found = [name for word in said.split() for name in sorted(_meant(word, known))]
        listed[heading] = found
    rest = known - {name for found in listed.values() for name in found} - {"index"}
    listed["Reference"] += sorted(rest)
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(found) + "\n```\n"
        for heading, found in listed.items()
    )


def _meant(word: str, known: set[str]) -> set[str]:
    if word.endswith("*"):
        return {name for name in known if name.startswith(word[:-1])}
    return {word} & {*known, "networks/index"}


def within(text: str) -> str:
    """A link to what is no page, such as code, is its words alone; a page without its own contents."""
    text = text.replace("](../README.md)", "](start.md)")
    outside = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|mailto:|#)(?![^)\s]*\.md(?:#[^)]*)?\))([^)]*)\)")
    text = outside.sub(lambda link: link[1] if not link[2].endswith(".html") else link[0], text)
    return re.sub(r"\[([^\]]*)\]\((?:\.\./)*(?:CONTRIBUTING|CHANGELOG|README)\.md(?:#[^)]*)?\)", r"\1", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *catalogue()], metavar="NETWORK")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "site")
    given = parser.parse_args()
    first = build(given.to, given.networks or list(catalogue()))
    if dead := list(dead_links(first.parent)):
        sys.exit("\n".join(["these links lead nowhere:", *dead]))
    print(first)


if __name__ == "__main__":
    main()
