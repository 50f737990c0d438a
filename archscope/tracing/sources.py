"""What happened to memory: what each tensor of a pass holds, whose memory it shows, and what must be put back.

    x ----------> conv ------> y ------> y[:, :2] = v ---.zero_()
    |              |           |            |
    source:        weight      source:      source: y's, until something is written
    the input      source:     the record   base: y. A write into v is a write into y: both get the source `zero`
                   the Tensor  of `conv`
                   twin: on meta

*Source* is what a tensor holds: the Record of the operation that made it, or the Tensor that describes an input, a
parameter or a buffer; a constant has none until an operation reads it. *Part* is what of its source a tensor is.
*Base* is the tensor whose memory a view shows. A *twin* is the stand-in on meta of a real tensor, one for each, so
that a model on any device can be traced untouched. A *mark* is where a tensor carries its source, part and base: an
attribute of the tensor itself, so that it goes when the tensor goes; parameters and buffers are the user's and carry
none, their sources stand in a table here.
"""

from collections.abc import Callable, Mapping, Set
from functools import partial
from weakref import ReferenceType, ref

import torch
from torch import nn

from archscope.model.graph import Kind, Tensor
from archscope.tracing.batched import is_wrapped, layers_of
from archscope.tracing.quantised import packed_in, packs
from archscope.tracing.records import META, TENSORS, WHOLE, Given, Part, Record, Source, describe, meta_like
from archscope.tracing.values import DRAWN, content_of

MARKS = ("_archscope_source", "_archscope_part", "_archscope_base")


class Sources:
    """The tensors of one pass over `blocks`. `real`: the pass computes values, and may write over the user's."""

    def __init__(self, blocks: Mapping[str, nn.Module], real: bool) -> None:
        self.of_pass = object()
        """What tells this pass from others."""
        self.parameters: dict[str, Tensor] = {}
        self.buffers: dict[str, Tensor] = {}
        self.constants: dict[str, Tensor] = {}
        self._kinds: dict[int, Kind] = {}  # of each description of what is stored, by id
        self._parts = False  # most networks have none, and looking for one that is not there takes long
        self._stored: dict[int, Source] = {}
        self._buffers: dict[str, torch.Tensor] = {}
        self._content: dict[str, tuple[str, tuple[float, ...]]] = {}
        self._read: dict[tuple[int, int], tuple[ReferenceType[torch.Tensor], Tensor]] = {}
        self._by_content: dict[tuple[str, Tensor], Tensor] = {}
        self._twins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._overwritten: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._reset: dict[int, Callable[[], None]] = {}
        self._in_storage: dict[int, str] = {}
        self._in_batches: dict[int, tuple[torch.Tensor, Source]] = {}
        self._marked: list[torch.Tensor] = []
        self.without_shape: list[str] = []
        self.packed: dict[int, tuple[torch.ScriptObject, dict[str, torch.Tensor]]] = {}
        for path, module in blocks.items():
            prefix = path + "." if path else ""
            if module._parameters:
                self._store(prefix, module._parameters, self.parameters)
            if module._buffers:
                self._store(prefix, module._buffers, self.buffers)
            if packs(module):
                for packed, tensors in packed_in(module):
                    self.packed[id(packed)] = packed, tensors
                    self._store(prefix.removesuffix("_packed_params."), tensors, self.parameters)
            if isinstance(module, torch.jit.ScriptModule):
                for buffer in module._buffers.values():  # batch_norm writes its statistics from inside
                    if buffer is not None:
                        self.keep_value(buffer)
            if real:
                for parameter in module._parameters.values():
                    if parameter is not None:
                        self._keep_gradient(parameter)
        if real:  # a pass may write into them
            self._content = {name: content_of(buffer) for name, buffer in self._buffers.items()}

    def _store(self, prefix: str, found: Mapping[str, torch.Tensor | None], described: dict[str, Tensor]) -> None:
        kind: Kind = "parameter" if described is self.parameters else "buffer"
        for name, tensor in found.items():
            if tensor is None or id(tensor) in self._stored:
                continue
            if type(tensor) not in TENSORS and nn.parameter.is_lazy(tensor):
                self.without_shape.append(prefix + name)
                continue
            path = prefix + name
            description = describe(path, tensor, kind == "parameter" and tensor.requires_grad)
            if tensor.layout is torch.strided:
                description = self._in_memory(tensor, description)
            described[path] = self._stored[id(tensor)] = description
            self._kinds[id(description)] = kind
            if kind == "buffer":
                self._buffers[path] = tensor

    def _in_memory(self, tensor: torch.Tensor, stored: Tensor) -> Tensor:
        """Whose memory a stored tensor lies in, and how much that has: of several in one the first counts it."""
        try:
            storage = tensor.untyped_storage()
            address, size = storage._cdata, storage.nbytes() // tensor.element_size()
        except (NotImplementedError, RuntimeError, ValueError):  # lazy, or a class of a library's own: it has none
            return stored
        owner = self._in_storage.setdefault(address, stored.name)
        if owner != stored.name:
            return stored._replace(shares=owner)
        return stored if size == tensor.numel() else stored._replace(storage_elements=size)

    def unpacked(self, packed: torch.ScriptObject) -> dict[str, torch.Tensor]:
        """The tensors in an object of a quantised layer."""
        return self.packed.get(id(packed), (packed, {}))[1]

    # ---- what a tensor holds -------------------------------------------------------------------------------

    def of(self, tensor: torch.Tensor) -> Source | None:
        """What `tensor` holds; None for a constant."""
        found: Source | None = self._stored.get(id(tensor)) or getattr(tensor, "_archscope_source", None)
        if found is not None:
            return None if type(found) is Record and found.of_pass is not self.of_pass else found
        if is_wrapped(tensor):
            return self.of(layers_of(tensor)[1])
        if self._in_batches:
            return self._in_batches.get(tensor.untyped_storage()._cdata, (None, None))[1]
        return None

    def given(self, tensor: torch.Tensor, source: Source) -> Given:
        """What an operation reads that is given `tensor`."""
        return self._kinds.get(id(source), "input") if type(source) is Tensor else "layer", source, self.part(tensor)

    def is_buffer(self, source: Source | None) -> bool:
        return self._kinds.get(id(source)) == "buffer"

    def is_stored(self, source: Source | None) -> bool:
        """A parameter or a buffer, that is; an input may bear the same name."""
        return id(source) in self._kinds

    def part(self, tensor: torch.Tensor) -> Part:
        """What of its source `tensor` is."""
        found: Part = getattr(tensor, "_archscope_part", WHOLE) if self._parts else WHOLE
        return found

    def constant(self, tensor: torch.Tensor, block: str) -> Given:
        """What an operation in this block reads that is given a tensor without a source."""
        key = id(tensor), 0 if tensor.is_inference() else tensor._version
        known, described = self._read.get(key, (None, None))
        if known is None or described is None or known() is not tensor:  # which may have the id of one that is gone
            described = self._describe_constant(tensor, block)
            self._read[key] = (ref(tensor), described)  # a loop may make gigabytes of them, one after another
        return "constant", described, WHOLE

    def _describe_constant(self, tensor: torch.Tensor, block: str) -> Tensor:
        digest, values = content_of(tensor)
        content = digest, describe("", tensor)
        if digest and content in self._by_content:
            return self._by_content[content]
        wanted = name = f"{block}.constant" if block else "constant"
        while name in self.constants:
            name = f"{wanted}_{len(self.constants)}"
        self.constants[name] = content[1]._replace(name=name, digest=digest, values=values)
        self._by_content[content] = self.constants[name]
        return self.constants[name]

    def described_buffers(self, constant: Set[str]) -> dict[str, Tensor]:
        """The buffers; of those that are constants of the network, what they hold."""
        told = dict(self.buffers)
        for name in constant:
            digest, values = self._content.get(name) or content_of(self._buffers[name])
            told[name] = told[name]._replace(digest=digest, values=values)
        return told

    def tag(self, tensor: torch.Tensor, source: Source, base: torch.Tensor | None = None, part: Part = WHOLE) -> None:
        """Remember what `tensor` holds, and whose memory it shows."""
        if id(tensor) in self._stored:  # the user's tensors carry no marks
            self._stored[id(tensor)] = source
            return
        tensor._archscope_source = source  # type: ignore[attr-defined]
        if part is not WHOLE or (self._parts and hasattr(tensor, "_archscope_part")):
            self._parts = True
            tensor._archscope_part = part  # type: ignore[attr-defined]
        if base is not None:
            root = root_of(base)
            if root is not tensor:
                tensor._archscope_base = root  # type: ignore[attr-defined]

    def tag_batch(self, tensor: torch.Tensor, source: Source) -> None:
        """The same of a tensor under vmap, which shows what it wraps once vmap is over."""
        for each in layers_of(tensor):
            self.tag(each, source)
        self._in_batches[each.untyped_storage()._cdata] = (each, source)  # keeping it keeps its memory its own

    def overwrite(self, tensor: torch.Tensor, source: Source) -> None:
        """`tensor` now holds something else. A write through a view is a write to what it views."""
        root = root_of(tensor)
        for written in (tensor,) if root is tensor else (tensor, root):
            if not hasattr(written, "_archscope_source"):
                self._marked.append(written)  # it was there before the pass, or a constant
            self.tag(written, source)

    def overwrite_part(self, tensor: torch.Tensor, source: Source) -> torch.Tensor | None:
        """The same, of a view that shows its base otherwise, which is returned: something has been written into it."""
        root = root_of(tensor)
        if root is tensor or root.shape == tensor.shape or is_wrapped(tensor):
            self.overwrite(tensor, source)
            return None
        self.tag(tensor, source)
        return root

    # ---- stand-ins, and what is put back -------------------------------------------------------------------

    def twin(self, tensor: torch.Tensor) -> torch.Tensor:
        """The meta stand-in of a real tensor; a meta tensor stands for itself."""
        if tensor.is_meta:
            return tensor
        if is_wrapped(tensor):
            return tensor.to(META)
        found = self._twins.get(id(tensor))
        if found is None:
            found = self._twins[id(tensor)] = (tensor, meta_like(tensor))  # keeping `tensor` keeps its id its own
        return found[1]

    def keep_value(self, tensor: torch.Tensor) -> None:
        """Remember what lies in memory that the pass is about to overwrite."""
        root = root_of(tensor)
        inside_vmap = torch._C._functorch.is_functorch_wrapped_tensor(root)  # its own
        if id(root) not in self._overwritten and not root.is_meta and not inside_vmap:
            self._overwritten[id(root)] = (root, root.detach().clone())

    def _keep_gradient(self, parameter: torch.Tensor) -> None:
        """A backward pass inside of forward adds to it."""
        before = parameter.grad
        if before is not None:
            self.keep_value(before)
        elif id(parameter) not in self._reset:
            self._reset[id(parameter)] = partial(setattr, parameter, "grad", None)

    def keep_attributes(self, tensor: torch.Tensor) -> None:
        """Remember the memory, gradient and flag of a parameter or buffer that the pass is about to set one of."""
        if id(tensor) in self._stored:
            self._twins.pop(id(tensor), None)
            if not isinstance(self._reset.get(id(tensor)), _Attributes):
                self._reset[id(tensor)] = _Attributes(tensor)

    def put_back(self) -> None:
        """Undo what the pass wrote into tensors that are not its own, and its marks on them."""
        for reset in self._reset.values():
            reset()
        for tensor, value in self._overwritten.values():
            tensor.detach().copy_(value)
            vars(tensor).pop(DRAWN, None)
        for tensor in self._marked:
            for mark in MARKS:
                vars(tensor).pop(mark, None)


class _Attributes:
    """What of a tensor can be set, to be set again when called."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._tensor, self._data = tensor, tensor.data
        self._grad, self._flag = tensor.grad, tensor.requires_grad

    def __call__(self) -> None:
        self._tensor.data = self._data
        self._tensor.requires_grad_(self._flag)
        self._tensor.grad = self._grad


def shown_again(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of its own that shows the same memory. Gradients pass."""
    with torch._C.DisableTorchFunction():
        return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach()


def root_of(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor whose memory `tensor` shows: itself, unless it is a view."""
    root = getattr(tensor, "_archscope_base", None)
    if root is None:
        root = tensor._base
    return tensor if root is None else root
