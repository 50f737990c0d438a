"""What a library takes for itself while it runs a convolution: copies in the layout of its kernels."""

from dataclasses import dataclass

from archscope.model.graph import Layer
from archscope.model.operations import CATEGORY

FEW_CHANNELS = 4
"""cuDNN has kernels of their own for images of so few channels, in any layout."""


@dataclass(frozen=True, slots=True)
class Library:
    """oneDNN on the CPU, cuDNN on CUDA. There the layout depends on how a network is stored and multiplied: its kernels
    for tensor cores (`tensor_cores`: tf32 or half precision) want channels last, those for float32 want them first."""

    on_cuda: bool = False
    tensor_cores: bool = False
    channels_last: bool = False

    @classmethod
    def of(cls, device: str, dtype: str, channels_last: bool = False, amp: str | None = None) -> "Library":
        """Of a setting, in the words of a report's."""
        return cls(device.startswith("cuda"), bool(amp) or dtype != "float32", channels_last)

    def forward_bytes(self, layer: Layer, given: int, weights: int, made: int) -> int:
        """Of a layer that reads and makes so many bytes. oneDNN copies what it is given, and then what it returns."""
        if not self._copies(layer):
            return 0
        return given + made if self.on_cuda else max(given + weights, made)

    def backward_bytes(self, layer: Layer, given: int, weights: int, made: int) -> int:
        """oneDNN does not copy the weights while it copies the rest."""
        if not self._copies(layer):
            return 0
        return given + made if self.on_cuda else max(given + made, weights)

    def _copies(self, layer: Layer) -> bool:
        if not CATEGORY.get(layer.operation, "").endswith("convolution"):
            return False
        if not self.on_cuda:
            return not _is_a_product(layer)
        if layer.groups > 1 or not layer.input_shapes or _channels(layer) <= FEW_CHANNELS:
            return False
        if self.channels_last:
            return not self.tensor_cores
        return self.tensor_cores and not _is_a_product(layer)


ONEDNN = Library()


def _is_a_product(layer: Layer) -> bool:
    """A plain 1x1 convolution is a matrix product in any layout."""
    window = layer.window
    plain = window is None or ({*window.kernel_size, *window.stride} == {1} and len(window.kernel_size) < 3)
    return plain and layer.groups == 1


def _channels(layer: Layer) -> int:
    axes = len(layer.window.kernel_size) if layer.window else 0
    shape = layer.input_shapes[0]
    return shape[-axes - 1] if len(shape) > axes else 1
