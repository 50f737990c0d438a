"""torchvision's tables of pre-trained networks: a column headed GFLOPS, which holds multiply-accumulates."""

from archscope.auditing.counters import Counter, counter


@counter
class Torchvision(Counter):
    name = "torchvision"
    package = "torchvision"
    unit = "MACs"
    rules = "as archscope"
    runs = False
