"""The documentation site: its pages without Sphinx; where Sphinx is installed, the whole of it for three networks."""

import json
import re
from pathlib import Path

import pytest

import archscope
from archscope.networks import catalogue
from docs.site import build, network, overview
from docs.site.links import dead_links

NAMES = ["lenet5", "nin_cifar10", "vgg11"]


def test_a_page_has_what_is_asked_of_a_network() -> None:
    entry = catalogue()["lenet5"]
    page = "\n\n".join(network.sections(entry, archscope.summarize("lenet5"), frozenset(NAMES)))
    headings = re.findall(r"^## (.*)", page, re.M)
    assert headings[:4] == ["Stages", "In all", "On one page", "What is claimed of it"]
    assert {"How to get it", "How to cite it", "Relatives"} <= set(headings)
    assert "<dt>Parameters</dt><dd>60,000</dd>" in page
    assert "| `num_classes` | 10 | 100 |" in page
    assert "- AlexNet: convolutional networks" in page  # it has no page here, and no link


@pytest.mark.parametrize(
    ("option", "said", "tried"),
    [
        ("pooling", "Literal['symmetric', 'same'] = 'symmetric'", ["same"]),
        ("segments", "int | Literal['depthwise'] = 'depthwise'", [1, 4]),
        ("middle_blocks", "int = 8", [4, 16]),
        ("width_multiplier", "float = 1.0", [0.5, 0.75]),
        ("dropout", "float = 0.0", [0.5]),
        ("residual", "bool = True", [False]),
    ],
)
def test_values_to_try(option: str, said: str, tried: list[object]) -> None:
    assert network.trials(option, said) == tried


def test_what_other_libraries_differ_in_is_of_networks_that_there_are() -> None:
    known = network.elsewhere()
    assert len(known) > 20 and known.keys() <= catalogue().keys()
    for name, libraries in known.items():
        for library, found in libraries.items():
            assert library in network.LIBRARIES, name
            assert found["verdict"] in network.VERDICTS, name
            assert bool(found["rows"]) is (found["verdict"] not in {"identical", "not_compared"}), (name, library)


def test_the_table_sorts_by_exact_values() -> None:
    table = overview.table([catalogue()["xception"]])
    assert '<td data-value="22855952">22.86 M</td>' in table
    assert '<td data-value="79.0">79.0</td>' in table


def test_links_that_leave_the_docs_are_their_words() -> None:
    text = "[a](b.md#c) [code](../archscope/x.py) ![p](gallery/p.svg) [w](https://x.org) [r](../README.md)"
    assert build.within(text) == "[a](b.md#c) code ![p](gallery/p.svg) [w](https://x.org) [r](start.md)"


def test_every_page_is_in_the_contents() -> None:
    pages = {path.relative_to(build.DOCS).as_posix(): "" for path in build.DOCS.rglob("*.md")}
    pages = {name: "" for name in pages if not name.startswith("site/")} | {"start.md": ""}
    listed = set(re.findall(r"^[\w./-]+$", build.contents(pages), re.M))
    assert listed == {name.removesuffix(".md") for name in pages} | {"networks/index"}
    for group in build.GROUPS.values():  # and nothing is listed that is not there
        assert all(word in listed or word.endswith("*") for word in group.split())


@pytest.mark.parametrize(
    ("written", "dead"),
    [
        ('<a href="b.html#here">b</a> <a href="#top">up</a> <a href="https://x.org">x</a>', []),
        ('<a href="c.html">c</a>', ["c.html"]),
        ('<a href="b.html#there">b</a>', ["b.html#there"]),
        ('<img src="figure.svg"><script src="https://x.org/x.js"></script>', ["figure.svg", "https://x.org/x.js"]),
    ],
)
def test_links_that_lead_nowhere(written: str, dead: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(written, encoding="utf-8")
    (tmp_path / "b.html").write_text('<h1 id="here">b</h1>', encoding="utf-8")
    assert list(dead_links(tmp_path)) == [f"a.html: {link}" for link in dead]


def test_the_whole_site(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="Sphinx is not installed: `make site` installs it")
    pytest.importorskip("furo")
    index = build.build(tmp_path / "site", NAMES)  # strict: a dead link fails
    html = index.parent
    for name in NAMES:
        assert (html / "networks" / f"{name}-explorer.html").is_file()
        assert f'href="{name}-explorer.html"' in (html / "networks" / f"{name}.html").read_text(encoding="utf-8")
    words = (html / "searchindex.js").read_text(encoding="utf-8")
    terms = json.loads(words[words.index("(") + 1 : words.rindex(")")])["terms"]
    assert {"합성곱", "지름길", "xception"} <= terms.keys()  # without particles
    assert not list(dead_links(html))
