"""What a library takes for itself while it runs a convolution: copies in the layout of its kernels, or all windows."""

from dataclasses import dataclass
from math import prod

from archscope.model.graph import Layer, Shape, Window, bytes_of
from archscope.model.operations import CATEGORY

FEW_CHANNELS = 4
"""cuDNN has kernels of their own for images of so few channels, in any layout."""

MANY_IMAGES, SMALL_IMAGE, SMALL_KERNEL = 16, 20480, 3
"""torch gives all of so many images to oneDNN, but no single one of so few numbers with so small a kernel."""


@dataclass(frozen=True, slots=True)
class Library:
    """oneDNN on the CPU, or torch's own products of matrices; cuDNN on CUDA. There the layout depends on how a network
    is stored and multiplied: its kernels for tensor cores (`tensor_cores`: tf32 or half precision) want channels last,
    those for float32 want them first."""

    on_cuda: bool = False
    tensor_cores: bool = False
    channels_last: bool = False
    threads: int = 1

    @classmethod
    def of(
        cls, device: str, dtype: str, channels_last: bool = False, amp: str | None = None, threads: int = 1
    ) -> "Library":
        """Of a setting, in the words of a report's."""
        return cls(device.startswith("cuda"), bool(amp) or dtype != "float32", channels_last, threads)

    def forward_bytes(self, layer: Layer, images: int, given: int, weights: int, made: int) -> int:
        """Of a layer that reads and makes so many bytes, for so many images. oneDNN copies what it is given, and then
        what it returns, of a transposed convolution once more; where channels lie last, which it takes, the weights."""
        copies = 2 if CATEGORY.get(layer.operation) == "transposed convolution" else 1
        onednns = weights if self.channels_last else max(given + weights, copies * made)
        return self._bytes(layer, images, given, made, onednns)

    def backward_bytes(self, layer: Layer, images: int, given: int, weights: int, made: int) -> int:
        """oneDNN does not copy the weights while it copies the rest."""
        onednns = weights if self.channels_last else max(given + made, weights)
        return self._bytes(layer, images, given, made, onednns)

    def _bytes(self, layer: Layer, images: int, given: int, made: int, onednns: int) -> int:
        window = layer.window
        if window is None or not layer.input_shapes or not CATEGORY.get(layer.operation, "").endswith("convolution"):
            return 0
        if self.on_cuda:
            return given + made if self._is_transformed(layer, window) else 0
        if self._is_onednns(layer, window, images):
            return onednns
        return images * _windows_bytes(layer, window) + (made if layer.groups > 1 else 0)  # one group after the other

    def _is_transformed(self, layer: Layer, window: Window) -> bool:
        if layer.groups > 1 or _channels(layer.input_shapes[0], len(window.kernel_size)) <= FEW_CHANNELS:
            return False
        if self.channels_last:
            return not self.tensor_cores
        return self.tensor_cores and not (_is_a_product(window) and len(window.kernel_size) < 3)

    def _is_onednns(self, layer: Layer, window: Window, images: int) -> bool:
        """As torch decides it: what is a product of matrices is one on one thread, and a single small image is."""
        first = (images, *layer.input_shapes[0])[:4]
        kernel = (1, *window.kernel_size)[-2:]  # a signal is an image one pixel high
        moves = {*window.stride, *window.dilation} != {1}
        return (moves or images >= MANY_IMAGES or {*kernel} != {1} or self.threads > 1) and (
            layer.groups > 1 or images > 1 or min(kernel) > SMALL_KERNEL or prod(first) > SMALL_IMAGE
        )


ONEDNN = Library()


def _is_a_product(window: Window) -> bool:
    """A plain 1x1 convolution is a matrix product in any layout."""
    return {*window.kernel_size, *window.stride} == {1}


def _windows_bytes(layer: Layer, window: Window) -> int:
    """Of all windows of an image, one beside the other: what a convolution multiplies, or a transposed one makes."""
    if _is_a_product(window):
        return 0
    read, places = layer.input_shapes[0], layer.output_shape
    if CATEGORY[layer.operation] == "transposed convolution":
        read, places = places, read
    axes = len(window.kernel_size)
    return bytes_of((_channels(read, axes) // layer.groups, *window.kernel_size, *places[-axes:]), layer.dtypes[0])


def _channels(shape: Shape, axes: int) -> int:
    return shape[-axes - 1] if len(shape) > axes else 1
