"""What modules are called on a picture: their own names, written as papers write them."""

import re

from archscope.model.report import Report
from archscope.papers.names import in_its_paper

GENERIC = {"Sequential", "ModuleList", "ModuleDict", "Concat", "Residual", "Sum", "Block", "Module"}
"""Classes that say how a module is built, not what it is."""

CONTAINERS = {"Sequential", "ModuleList", "ModuleDict"}

SPELLED = {
    "resnet": "ResNet", "resnext": "ResNeXt", "seresnet": "SE-ResNet", "seresnext": "SE-ResNeXt", "senet": "SENet",
    "densenet": "DenseNet", "mobilenet": "MobileNet", "efficientnet": "EfficientNet", "googlenet": "GoogLeNet",
    "alexnet": "AlexNet", "lenet": "LeNet", "zfnet": "ZFNet", "vgg": "VGG", "nin": "NiN", "bn": "BN", "se": "SE",
    "cifar": "CIFAR", "cifar10": "CIFAR-10", "fc": "FC", "aspp": "ASPP", "unet": "U-Net", "vit": "ViT",
    "lstm": "LSTM", "mbconv": "MBConv", "avgpool": "AvgPool", "maxpool": "MaxPool",
}  # fmt: skip
FAMILIES = {"inception", "reduction", "resnet", "mixed"}
"""Words that papers join to what follows by a hyphen: Inception-ResNet-A, Reduction-B."""


COUNT = re.compile(r"\d+[a-z]?$")
"""What tells siblings apart: `inception3a`, `layer2`."""


def pretty(name: str) -> str:
    """`entry_flow` is Entry flow, `inception_resnet_a` Inception-ResNet-A, `conv2_x` stays."""
    if re.fullmatch(r"(conv|layer|stage|block|pool|norm|fc)?\d+\w*", name) or not name:
        return name
    words = [part for part in name.split("_") if part]
    said = ""
    for i, word in enumerate(words):
        hyphen = i > 0 and words[i - 1] in FAMILIES | SPELLED.keys()
        said += ("-" if hyphen else " " if i else "") + _spelled(word, i == 0 or hyphen)
    return said or name


def _spelled(word: str, capital: bool) -> str:
    if word in SPELLED:
        return SPELLED[word]
    letters = re.fullmatch(r"([a-z]+)(\d+)", word)
    if letters and letters[1] == "v":
        return word  # a version
    if letters and letters[1] in SPELLED:
        return f"{SPELLED[letters[1]]}-{letters[2]}"
    if letters and len(letters[1]) > 1:
        return f"{_spelled(letters[1], capital)} {letters[2]}"
    return word[:1].upper() + word[1:] if capital else word


def own_name(path: str) -> str:
    """The last word of a parameter's path that is no number: one of a list is called as that."""
    return next((word for word in reversed(path.split(".")) if not word.isdecimal()), path)


def network_title(name: str) -> str:
    """A network's name where nothing better is known: `MyNet` stays, `inception_v4` is Inception-v4.

    A variant keeps its options as they are typed: `inception_v4?num_classes=10`.
    """
    name, _, options = name.partition("?")
    title = pretty(name) if name == name.lower() else name
    return ", ".join([title, *options.split("&")]) if options else title


def title_of(report: Report) -> str:
    """What a picture calls its network: as its paper does, where it is of one."""
    return in_its_paper(report) or network_title(report.graph.name)


def block_title(path: str, kind: str) -> str:
    """A module's class where that says what it is, else its name, without the number that counts siblings."""
    if kind and kind not in GENERIC:
        return kind
    name = path.rpartition(".")[2]
    plain = name.rstrip("0123456789")
    if name.isdecimal():
        return kind or "Module"
    return pretty(plain if len(plain) > 2 else name)


def stage_title(path: str, kind: str) -> str:
    """A stage's own words: `Entry flow`, `stage3: ConvNeXtStage`, or `stages.2: ConvNeXtStage` of one with a number."""
    own = _with_holder(path)
    said = kind if kind and kind not in GENERIC else ""
    if not said or _letters(said) in {_letters(own), _letters(COUNT.sub("", own))}:
        return own or kind or "Module"
    return f"{own}: {said}" if own else said


def _with_holder(path: str) -> str:
    """The name of a module, of one with a number behind what holds it; empty where all that hold it are numbers."""
    names = path.split(".")
    at = next((i for i in range(len(names) - 1, -1, -1) if not names[i].isdecimal()), len(names))
    return pretty(names[at]) if at == len(names) - 1 else ".".join(names[at:])


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))


def part_title(path: str, kind: str) -> str:
    """As `block_title`; a module that only counts siblings is called as what holds it, that with a name of its own."""
    *above, name = path.split(".")
    holder = next((one for one in reversed(above) if not one.isdecimal()), "")
    counted = name[-1:].isdigit() and kind in GENERIC and bool(holder)
    return pretty(holder) if counted else block_title(path, kind)


def family(path: str, kind: str) -> str:
    """What sisters have in common: their class, or the last word of their names without number or letter.

    `conv2_x` and `conv5_x` are `conv`, `entry_flow.block1` is `block`; what only counts, `layer1.0` and
    `inception_a.concat2`, is as what holds it, `layer` and `inception`.
    """
    if kind not in GENERIC:
        return kind
    parent, _, name = path.rpartition(".")
    if name[-1:].isdigit() and parent and name.rstrip("0123456789_").capitalize() in {"", *GENERIC} - {"Block"}:
        name = parent.rpartition(".")[2]
    word = re.sub(r"(_?\d+[a-z]?|_[a-z])+$", "", name)
    return word.rpartition("_")[2] or name


def joined_title(outer: str, inner: str) -> str:
    """`Dense block 1: DenseLayer`, or the outer name alone where the inner one says nothing new."""
    stem = outer.partition(": ")[0]
    if inner in {*GENERIC, outer, ""} or _letters(inner).removesuffix("s") == _letters(stem).removesuffix("s"):
        return outer
    return inner if inner.startswith(f"{stem}: ") else f"{stem}: {inner}"


def within_title(outer: str, title: str) -> str:
    """`DenseLayer` of `Dense block 1: DenseLayer` in a frame that says Dense block 1."""
    first, _, rest = title.partition(": ")
    return rest if rest and first in outer.split(": ") else title
