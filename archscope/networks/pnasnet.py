"""PNASNet-5. Liu, Zoph, Neumann, Shlens, Hua, Li, Fei-Fei, Yuille, Huang, Murphy, "Progressive Neural Architecture
Search", ECCV 2018, arXiv:1712.00559: the cell of Figure 1, on the left, stacked as on the right.

There is one cell; where it halves the size its stride is 2. A network is N cells a group and F channels an operation of
the first. As in the authors' release, whose stems have 32 and 96 channels, the cell that begins the second and third
group is the one of stride 2, and all five blocks are concatenated. The rest is as in nasnet.py.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.nasnet import BEFORE, CellNetwork, H, Plan

CELL = Plan(
    {
        "block1": ("sep5x5", BEFORE, "max3x3", BEFORE),
        "block2": ("sep7x7", H, "max3x3", H),
        "block3": ("sep5x5", H, "sep3x3", H),
        "block4": ("sep3x3", "block3", "max3x3", H),
        "block5": ("sep3x3", BEFORE, "identity", H),
    },
    ("block1", "block2", "block3", "block4", "block5"),
)
REDUCTION = CELL._replace(stride=2)

PNASNETS = {
    # name: (channels of the stem, N, F)
    "pnasnet5_mobile": (32, 3, 54),
    "pnasnet5_large": (96, 4, 216),
}


@network(PNASNETS)
def pnasnet5(stem_filters: int, /, cells: int, filters: int, num_classes: int = 1000) -> nn.Module:
    if filters < 4:
        raise ValueError(f"{filters} filters leave the stem's first cell none: give 4 or more")
    others = cells - 1
    return CellNetwork(                                                          #      at 331:  96 x 165 x 165
        stem_filters,
        dict(
            stem=[(REDUCTION, filters // 4), (REDUCTION, filters // 2)],         #  540 x  42 x  42
            group1=[(CELL, filters)] * cells,                                    # 1080 x  42 x  42
            group2=[(REDUCTION, 2 * filters)] + [(CELL, 2 * filters)] * others,  # 2160 x  21 x  21
            group3=[(REDUCTION, 4 * filters)] + [(CELL, 4 * filters)] * others,  # 4320 x  11 x  11
        ),
        num_classes,
    )  # fmt: skip
