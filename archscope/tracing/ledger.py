"""What is noted of a pass: each operation with what it was given, and what a reader must know of how it was seen."""

import torch
from torch import nn

from archscope.tracing import calls
from archscope.tracing.questions import TRANSPARENT
from archscope.tracing.records import WHOLE, Effect, ModuleCall, Record, Said, Source, given_to_unseen
from archscope.tracing.sources import Sources


class Ledger:
    """The records of a pass, in its order; `unseen` are those of what no torch function was seen to do. `kept` gets the
    first output of each."""

    def __init__(self, sources: Sources, kept: list[torch.Tensor] | None = None) -> None:
        self.sources, self._kept = sources, kept
        self.records: list[Record] = []
        self.unseen: list[Record] = []
        self._left_torch: dict[str, None] = {}
        self._unregistered: dict[int, torch.Tensor] = {}

    def add(
        self,
        call: ModuleCall,
        effect: Effect,
        tensors: list[torch.Tensor],
        outputs: list[torch.Tensor],
        sources: list[Source | None] | None = None,
    ) -> None:
        """An operation that this call of a module runs on these tensors, which hold these sources."""
        record = Record(call, effect, self.sources.of_pass)
        for tensor, source in zip(tensors, sources or map(self.sources.of, tensors), strict=True):
            if source is not None:
                record.operands.append(self.sources.given(tensor, source))
                continue
            if isinstance(tensor, nn.Parameter):
                self._unregistered[id(tensor)] = tensor
            record.operands.append(self.sources.constant(tensor, call.path))
        self.records.append(record)
        call.ran = True
        if self._kept is not None:
            self._kept.append(outputs[0].detach().clone())
        if effect.memory == "in_place":
            self._written(record, outputs)
            return
        base = tensors[0] if tensors and effect.memory != "new" else None
        for place, output in enumerate(outputs):
            self.sources.tag(output, record, base, (place, ()) if place else WHOLE)

    def _written(self, record: Record, outputs: list[torch.Tensor]) -> None:
        """What it writes into holds its result."""
        for place, output in enumerate(outputs[1:], 1):  # an operator of a user's may write into several
            self.sources.overwrite(output, record)
            self.sources.tag(output, record, None, (place, ()))
        whole_of = self.sources.overwrite_part(outputs[0], record)
        if whole_of is not None:  # what reads the base reads a tensor of the base's shape
            written = [whole_of, outputs[0]]
            said = Said(arguments=["input", "value"], shapes=[tuple(tensor.shape) for tensor in written])
            self.add(record.call, Effect("setitem", [whole_of], "in_place", said=said), written, [whole_of])

    def add_unseen(
        self, call: ModuleCall, operation: str, given: list[torch.Tensor], outputs: list[torch.Tensor]
    ) -> None:
        """What no torch function was seen to do."""
        self.add(call, Effect(operation, outputs, said=given_to_unseen(given)), given, outputs)
        self.unseen.append(self.records[-1])

    def pass_on(self, source: Source, tensor: torch.Tensor, effect: Effect, outputs: list[torch.Tensor]) -> None:
        """A view of a parameter is the parameter, shown otherwise."""
        output, views = self.sources.part(tensor)
        said = "" if effect.operation in TRANSPARENT else calls.call_said(effect.operation, effect.said.settings)
        for place, shown in enumerate(outputs):
            view = f"{said}[{place}]" if len(outputs) > 1 else said
            part = (output, (*views, view)) if said else (output, views)
            self.sources.tag(shown, source, tensor if effect.memory == "view" else None, part)

    def leave_torch(self, call: ModuleCall, tensors: list[torch.Tensor]) -> None:
        """Their values go into numpy, say."""
        call.lost += tensors
        self._left_torch[call.path or call.kind] = None

    def notes(self) -> list[str]:
        """What a reader must know of this pass."""
        notes = [f"{where}: values left torch, and what they became was not seen" for where in self._left_torch]
        if self.sources.without_shape:
            waiting = ", ".join(self.sources.without_shape)
            notes.append(f"{waiting}: of lazy layers that the pass does not reach, so without a shape, and not counted")
        if self._unregistered:
            count = sum(tensor.numel() for tensor in self._unregistered.values())
            notes.append(
                f"{count:,} parameters are of modules that are not registered, such as those in a plain list: their "
                "MACs count, the parameters do not, as in torch"
            )
        return notes
