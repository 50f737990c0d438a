"""Where timm, torchvision, Keras and pytorchcv differ from the networks of the papers: elsewhere.json, which the atlas
shows, so that it is built without them.

make world keras, and then, in their environment, python -m docs.site.elsewhere [NETWORK ...]
"""

import importlib
import json
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import archscope
from archscope.errors import ArchscopeError
from archscope.networks import Network, catalogue
from archscope.tracing.meta_build import Skeleton
from tests.world.torchvision import import_torchvision

DATA = Path(__file__).with_name("elsewhere.json")

NAMED_OTHERWISE = {
    ("timm", "xception"): "legacy_xception",
    ("timm", "inception_resnet_v2"): "",  # the figures' network; theirs is the released one
    ("timm", "inception_resnet_v2_released"): "inception_resnet_v2",
    ("keras", "inception_resnet_v2"): "",
    ("keras", "inception_resnet_v2_released"): "InceptionResNetV2",
    ("pytorchcv", "inception_resnet_v2"): "",
    ("pytorchcv", "inception_resnet_v2_released"): "inceptionresnetv2",
    ("timm", "seresnet101"): "legacy_seresnet101",
    ("timm", "seresnet152"): "legacy_seresnet152",
}
"""Names that no rule finds; an empty one is of another network."""


def names_of(library: str) -> list[str]:
    """Of all networks of a library that is installed, else none."""
    try:
        if library == "timm":
            return list(importlib.import_module("timm").list_models())
        if library == "torchvision":
            return list(importlib.import_module("torchvision.models").list_models())
        if library == "pytorchcv":
            return list(importlib.import_module("pytorchcv.model_provider")._models)
        from archscope.targets.keras import imported

        return [name for name in vars(imported("keras:NAME").applications) if name[:1].isupper()]
    except (ImportError, ArchscopeError):
        return []


def named(network: Network, library: str, names: list[str]) -> str:
    """The name that a library has for a network: its own or an alias, but for signs; empty where there is none."""
    if (library, network.name) in NAMED_OTHERWISE:
        return NAMED_OTHERWISE[library, network.name]
    own = [network.name, *network.aliases]
    if found := [name for name in own if name in names]:
        return found[0]
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()) for name in own}
    found = [name for name in names if re.sub(r"[^a-z0-9]", "", name.lower()) in plain]
    return found[0] if len(found) == 1 else ""


def target(library: str, name: str) -> Any:
    if library != "pytorchcv":
        return f"{library}:{name}"
    with Skeleton():
        return importlib.import_module("pytorchcv.model_provider").get_model(name)


def compared(network: Network, library: str, name: str) -> dict[str, Any] | None:
    """The verdict of `diff` on theirs against ours, and its rows less what follows from others."""
    options = {"classifier_activation": "none"} if library == "keras" else {}
    try:
        found = archscope.diff(target(library, name), network.name, options=options)
    except ArchscopeError as error:
        print(f"{library}:{name}: {error}", file=sys.stderr)
        return None
    rows = [row for row in found.differences if row.kind != "consequence"]
    fewer = found.fewer
    return {
        "name": name,
        "verdict": found.verdict,
        "rows": [{"what": row.what, "params": row.params, "macs": row.macs} for row in rows],
        "fewer": {"options": dict(fewer.options), "left": fewer.left} if fewer else None,
    }


def versions(libraries: Mapping[str, Any]) -> dict[str, str]:
    from importlib.metadata import version

    return {library: version(library) for library, names in libraries.items() if names}


def rows(wanted: list[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    with suppress(ImportError):
        import_torchvision()  # before timm does
    libraries = {library: names_of(library) for library in ("timm", "torchvision", "keras", "pytorchcv")}
    print(versions(libraries))
    for network in catalogue().values():
        for library, names in libraries.items():
            name = named(network, library, names) if names and network.name in wanted else ""
            if name and (found := compared(network, library, name)):
                yield network.name, library, found


def main() -> None:
    warnings.filterwarnings("ignore")
    known = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    for network, library, found in rows(sys.argv[1:] or list(catalogue())):
        print(network, library, found["name"], found["verdict"], len(found["rows"]), flush=True)
        known.setdefault(network, {})[library] = found
        ordered = {name: dict(sorted(known[name].items())) for name in catalogue() if name in known}
        DATA.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
