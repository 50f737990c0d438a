from archscope.model.connected import connected_parts

READERS = {"a": ["c"], "b": ["d"], "c": ["outside"], "d": [], "e": ["b"]}


def test_parts_come_in_the_order_of_the_region() -> None:
    assert connected_parts("abcde", READERS.__getitem__) == [["a", "c"], ["b", "d", "e"]]


def test_an_edge_that_leaves_the_region_joins_nothing() -> None:
    assert connected_parts("ade", READERS.__getitem__) == [["a"], ["d"], ["e"]]
