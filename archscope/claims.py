"""What a paper says of a network, and whether a measured number agrees."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A published number. `digits` significant digits are what the source prints; none means exact."""

    quantity: str
    value: float
    source: str
    convention: str = ""
    digits: int = 0
    relation: str = "="

    def holds(self, measured: float) -> bool:
        """Does `measured` agree, as precisely as the claim is stated?"""
        if self.relation == "<":
            return measured < self.value
        return measured == self.value or (self.digits > 0 and float(f"{measured:.{self.digits}g}") == self.value)

    def said(self) -> str:
        """`params 22,855,952 (Table 3, trainable parameters)`."""
        value = f"{self.value:,.0f}" if self.value >= 1000 else f"{self.value:g}"
        relation = {"=": "", "<": "less than "}[self.relation]
        source = f"{self.source}, {self.convention}" if self.convention else self.source
        return f"{self.quantity} {relation}{value} ({source})"
