"""Who may import whom, read from the source: nothing is imported to find out.

Rooms import downwards, and no circle of modules is left, imports inside functions counted. `differences`, `auditing`
and `papers` stand above `summary`, since they make Reports of what a user names. Everything after `Graph` runs without
torch, and `archscope --help` does not wait for it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from tests.graphs import six_layer_report

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "archscope"
FILES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
TORCH = {"torch", "torchvision", "torchinfo", "fvcore", "pytorchcv"}  # torch itself and what imports it


def module_of(file: str) -> str:
    return ".".join(["archscope", *file.removesuffix(".py").split("/")]).removesuffix(".__init__")


MODULES = {module_of(file): file for file in FILES}


@dataclass(frozen=True)
class Import:
    module: str
    line: int
    at_load: bool  # it runs when the file is imported: neither inside a function nor under TYPE_CHECKING

    def within(self, *packages: str) -> bool:
        return any(self.module == package or self.module.startswith(f"{package}.") for package in packages)


def modules_of(node: ast.AST, file: str) -> Iterator[str]:
    """The modules that a statement or call names; `from archscope import errors` names archscope.errors."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            here = module_of(file).split(".")
            package = here if file.endswith("__init__.py") else here[:-1]
            parts = package[: len(package) - level + 1] if level else []
            origin = ".".join([*parts, *([module] if module else [])])
            for alias in names:
                name = f"{origin}.{alias.name}"
                yield name if name in MODULES else origin
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]):
            if called in {"import_module", "__import__"}:
                yield name


def walk(node: ast.AST, file: str, at_load: bool) -> Iterator[Import]:
    for module in modules_of(node, file):
        yield Import(module, getattr(node, "lineno", 0), at_load)
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            at_load = False
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
            for statement in node.body:
                yield from walk(statement, file, False)
            for statement in node.orelse:
                yield from walk(statement, file, at_load)
            return
    for child in ast.iter_child_nodes(node):
        yield from walk(child, file, at_load)


@cache
def imports(file: str) -> list[Import]:
    return list(walk(ast.parse(FILES[file].read_text(encoding="utf-8")), file, True))


def loaded_with(module: str) -> set[str]:
    """The modules that importing this one imports: itself, its packages, and all that these import as they load."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        if "." in module:
            waiting.append(module.rpartition(".")[0])
        if module in MODULES:
            waiting.extend(found.module for found in imports(MODULES[module]) if found.at_load)
    return seen


def brings_torch(found: Import) -> bool:
    return not TORCH.isdisjoint(loaded_with(found.module))


@dataclass(frozen=True)
class Rule:
    says: str
    files: str  # patterns relative to archscope/, one a word, whose * crosses folders
    breaks: Callable[[Import], bool]
    but: str = ""  # patterns of files that the rule leaves out

    def holds_for(self, file: str) -> bool:
        return matches(file, self.files) and not matches(file, self.but)


def matches(file: str, patterns: str) -> bool:
    return any(fnmatchcase(file, pattern) for pattern in patterns.split())


PURE = """registry.py errors.py model/* reading/* tracing/shape_rules.py papers/conventions.py papers/verdicts.py
    papers/accuracy.py comparison/report.py comparison/breakdown.py comparison/quantities.py
    sweeping/grid.py sweeping/search.py sweeping/points.py roofline/* measures/* explaining/* views/*
    latency/attribution.py latency/fitting.py latency/statistics.py differences/*"""
RUNS_NETWORKS = "differences/measured.py differences/proof.py"
"""Of these packages the files that trace or run what the others compare."""

FIRST = """__init__.py library.py __main__.py cli.py commands/* targets/* papers/verify.py papers/zoo.py */__init__.py
    version.py process.py signals.py"""
NEEDS_TORCH = "differences/proof.py tracing/__init__.py"

IN_ORDER = ("ops", "plan", "place", "paint")
"""Of a diagram, in the order of the work; what composes them stands above."""


def after(room: str) -> Callable[[Import], bool]:
    later = {*IN_ORDER[IN_ORDER.index(room) + 1 :], "compose", "drawing", "difference", "plate", "volume", "lineup"}
    return lambda found: found.within(*(f"archscope.views.diagram.{other}" for other in later))


RULES = [
    *(Rule("leaves the later rooms of a diagram alone", f"views/diagram/{room}/*", after(room)) for room in IN_ORDER),
    Rule("asks no room what it can do", "views/diagram/options.py", lambda found: found.within("archscope.views")),
    Rule(
        "never brings in torch",
        files=PURE,
        but=RUNS_NETWORKS,
        breaks=brings_torch,
    ),
    Rule(
        "loads without torch",
        files=f"{PURE} {FIRST}",
        but=NEEDS_TORCH,
        breaks=lambda found: found.at_load and brings_torch(found),
    ),
    Rule(
        "needs of archscope only networks and the model",
        files="networks/*",
        but="networks/__init__.py networks/options.py",
        breaks=lambda found: found.within("archscope") and not found.within("archscope.networks", "archscope.model"),
    ),
    Rule(
        "shows a report, knows no network",
        files="views/*",
        breaks=lambda found: found.within("archscope.networks", "archscope.tracing"),
    ),
    Rule(
        "leaves the command line alone",
        files="*",
        but="__main__.py cli.py commands/*",
        breaks=lambda found: found.within("archscope.cli", "archscope.commands"),
    ),
]


@pytest.mark.parametrize(
    ("rule", "file"),
    [pytest.param(rule, file, id=f"{file} {rule.says}") for rule in RULES for file in FILES if rule.holds_for(file)],
)
def test_imports(rule: Rule, file: str) -> None:
    broken = [f"archscope/{file}:{found.line} imports {found.module}" for found in imports(file) if rule.breaks(found)]
    assert not broken, f"{file} {rule.says}"


def written_by(file: str) -> Iterator[int]:
    """The lines of a file that write to a terminal."""
    for node in ast.walk(ast.parse(FILES[file].read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield node.lineno
            case ast.Attribute(value=ast.Attribute(attr="stdout" | "stderr"), attr="write"):
                yield node.lineno


def test_the_command_line_alone_prints() -> None:
    found = {file: [*written_by(file)] for file in FILES if not matches(file, "__main__.py cli.py commands/*")}
    assert {file: lines for file, lines in found.items() if lines} == {}


ROOMS = """
    __main__
    cli
    commands
    __init__
    library
    views
    continuum testing modelcard
    sweeping
    comparison
    differences auditing explaining
    papers selfcheck
    summary
    latency
    targets roofline
    tracing networks measures reading
    model
    registry
    cache
    errors version process signals garbage cached
"""
"""Top to bottom; those of a row do not know each other."""
HEIGHT = {room: -row for row, rooms in enumerate(ROOMS.split("\n")) for room in rooms.split()}

UPWARDS = "model/results.py", "archscope.views"
"""The one line that looks up: a result asks the registry of views for a renderer, by name."""


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def broken_order() -> list[tuple[str, str, str]]:
    """File, room and module of each import of another room that does not lie below."""
    return [
        (file, room_of(found.module), found.module)
        for file in FILES
        for found in imports(file)
        if found.module in MODULES
        and room_of(found.module) != room_of(module_of(file))
        and HEIGHT[room_of(found.module)] >= HEIGHT[room_of(module_of(file))]
    ]


def test_rooms_import_downwards() -> None:
    assert {(file, module) for file, _, module in broken_order()} == {UPWARDS}
    assert [found.module for found in imports(UPWARDS[0])].count(UPWARDS[1]) == 1


def test_the_page_of_the_house_tells_this_order() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    told = [room for row in table for room in re.findall(r"`(\w+)(?:/|\.py)`", row)]
    assert sorted(told) == sorted(HEIGHT)
    assert [HEIGHT[room] for room in told] == sorted((HEIGHT[room] for room in told), reverse=True)


def circles() -> set[str]:
    """Modules that reach themselves through what they import, at load or inside a function: one text a circle."""
    reached: dict[str, set[str]] = {
        module: {found.module for found in imports(file) if found.module in MODULES} - {module}
        for module, file in MODULES.items()
    }
    reached[module_of(UPWARDS[0])].remove(UPWARDS[1])
    for between in MODULES:  # Warshall: paths by way of each module in turn
        for found in reached.values():
            if between in found:
                found.update(reached[between])
    alike = {module: {other for other in found if module in reached[other]} for module, found in reached.items()}
    return {" ".join(sorted(each.removeprefix("archscope.") for each in circle)) for circle in alike.values() if circle}


def test_no_circles() -> None:
    assert circles() == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", [("torch", True)]),
        ("from torch import nn", [("torch", True)]),
        ("def f():\n    import torch.nn", [("torch.nn", False)]),
        ("class C:\n    import torch", [("torch", True)]),
        ("try:\n    import torch\nexcept ImportError:\n    pass", [("torch", True)]),
        ("if TYPE_CHECKING:\n    import torch\nelse:\n    import rich", [("torch", False), ("rich", True)]),
        ("importlib.import_module('torch')", [("torch", True)]),
        ("from archscope import errors, nothing", [("archscope.errors", True), ("archscope", True)]),
        ("from . import errors", [("archscope.errors", True)]),
        ("from .errors import ArchscopeError", [("archscope.errors", True)]),
    ],
)
def test_every_way_to_import_is_seen(source: str, expected: list[tuple[str, bool]]) -> None:
    assert [(found.module, found.at_load) for found in walk(ast.parse(source), "new.py", True)] == expected


MOST_MODULES = 260
"""So many are loaded for a list: 230, of which 60 are archscope's; with pydantic and rich they were 400."""

RUN = """
import sys
sys.argv = ["archscope", *sys.argv[1:]]
from archscope.cli import main
try:
    code = main()
except SystemExit as end:
    code = end.code
assert not code, f"exit code {code}"
"""

SLOW = """
import sys
loaded = {"torch", "pydantic", "rich", "jinja2", "numpy", "hashlib", "importlib.metadata"} & {*sys.modules}
assert not loaded, f"{loaded} was imported"
assert len(sys.modules) <= MOST, f"{len(sys.modules)} modules, at most MOST are thought to be needed: {[*sys.modules]}"
"""


@pytest.mark.parametrize("command", [None, "--help", "list", "show xception"])
def test_what_needs_no_network_starts_at_once(command: str | None) -> None:
    code = (RUN if command else "import archscope") + SLOW.replace("MOST", str(MOST_MODULES))
    done = subprocess.run(
        [sys.executable, "-c", code, *(command or "").split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


NO_PICTURE = """
pictures = [name for name in sys.modules if name.startswith(("archscope.views.diagram", "archscope.views.explorer"))]
assert not pictures, f"{len(pictures)} modules, {pictures[0]} the first, were imported for a table"
"""


def test_a_table_brings_no_picture(tmp_path: Path) -> None:
    """The page of a report has pictures; looking for a format, which is one of many, must not load them."""
    (tmp_path / "report.json").write_text(str(six_layer_report().to_json()), encoding="utf-8")
    subprocess.run([sys.executable, "-c", RUN + NO_PICTURE, "summary", str(tmp_path / "report.json")], check=True)
