"""Torch functions that are no operations of a network, or not as they are called: questions, attributes, checks."""

from types import FrameType

from archscope.tracing.meta_build import FACTORIES
from archscope.tracing.records import Invocation, Record, Source
from archscope.tracing.sources import root_of
from archscope.tracing.values import ALIASES

QUESTIONS = frozenset(
    "dim size numel stride storage_offset is_contiguous is_floating_point is_complex element_size ndimension "
    "nelement get_device data_ptr __len__ __repr__ __format__ __hash__ __bool__ __dir__ is_signed result_type "
    "untyped_storage is_inference requires_grad_ __set__ tolist item __int__ __float__ __index__ can_cast "
    "is_tensor is_same_size storage backward register_hook retain_grad is_nonzero __contains__ is_pinned".split()
)
"""Torch functions whose answer is no tensor of the network."""

VALUES = frozenset("__bool__ __float__ __int__ __index__ __contains__ item tolist is_nonzero".split())
"""Questions that a tensor without values cannot answer."""

TRANSPARENT = frozenset({"detach", "contiguous", "positive", "resolve_conj", "resolve_neg", "alias"})
"""Operations whose result stands for their input: a row for them would say nothing."""

TRANSPOSED = ALIASES - {"data"}
"""Attributes of a tensor that are operations."""

SETTERS = frozenset({"__set__", "requires_grad_"})
"""Questions that set an attribute of a tensor."""

WHERE = frozenset({"device", "is_meta", "is_cpu", "is_cuda", "is_mps", "is_xpu"})
"""Attributes that say where a tensor lies. Code that depends on them goes the way that it takes where its weights lie,
or on the CPU, not one for meta."""

CHECKS = frozenset({"_is_all_true", "all", "any"})
"""What torch.distributions asks of its parameters."""

CONTROL_FLOW = frozenset({"cond", "while_loop", "scan", "map_impl"})
"""Functions that are given the network's own code to run."""

MAKERS = FACTORIES - {"as_tensor", "tensor"}
"""What makes a constant, even where a tensor says of which size."""


def asks_itself(frame: FrameType) -> bool:
    """Is it torch that checks what a distribution is made of?"""
    return str(frame.f_globals.get("__name__", "")).startswith("torch.distributions")


def written_back(call: Invocation, sources: list[Source | None]) -> bool:
    """Is it the last step of `x[:, :2] += 1`, which stores what has been added in place already?"""
    value = sources[-1]
    if not isinstance(value, Record) or value.effect.memory != "in_place" or not value.operands:
        return False
    part = value.operands[0][1]
    if not isinstance(part, Record) or part.effect.operation != "getitem":
        return False
    index = call.understand().settings.get("index")
    return index == part.effect.said.settings.get("index") and root_of(call.tensors[-1]) is root_of(call.tensors[0])
