"""Parts of a graph that no edge joins. Plain data, no torch."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

Place = TypeVar("Place", bound=Hashable)


def connected_parts(region: Sequence[Place], readers: Callable[[Place], Iterable[Place]]) -> list[list[Place]]:
    """Parts of the region that no edge within it joins, in the region's order. `readers` are a place's edges."""
    if len(region) < 2:
        return [[place] for place in region]
    label = {place: place for place in region}

    def root(place: Place) -> Place:
        while label[place] != place:
            label[place] = label[label[place]]
            place = label[place]
        return place

    for place in region:
        for other in readers(place):
            if other in label:
                label[root(other)] = root(place)
    parts: dict[Place, list[Place]] = {}
    for place in region:
        parts.setdefault(root(place), []).append(place)
    return list(parts.values())
