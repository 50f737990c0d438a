"""Text as LaTeX sets it, in tables and pictures alike, whatever letters it has and whatever LaTeX there is."""

import re
from unicodedata import normalize

BREAK = "\u200b"
"""Where a line may break: no width, no ink."""

LETTER = r"""\providecommand\archscopeletter[2]{\ifdefined\Umathchar\iffontchar\font"#1 #2\else U+#1\fi\else
  \ifcsname u8:\detokenize{#2}\endcsname #2\else U+#1\fi\fi}%"""
r"""What the letters need that are not ASCII: they are the document's own where its font has them, else their number,
and no error. It expands wholly, since captions go into a list of tables that is set before it."""

ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\string" + '"', "×": r"$\times$", "÷": r"$\div$", "→": r"$\to$", "−": "$-$",
    "·": r"$\cdot$", "…": r"\dots{}", "†": r"\textdagger{}",
    "–": "--", "\N{RIGHT SINGLE QUOTATION MARK}": "'", BREAK: r"\allowbreak{}",
    **{character: f"$^{digit}$" for digit, character in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}  # fmt: skip


def as_latex(text: str) -> str:
    """Marks are joined to the letters that they stand on, where there is such a letter."""
    signs = normalize("NFC", text).replace("--", f"-{BREAK}-")  # two are a dash
    return "".join(ESCAPES.get(sign) or (sign if _is_known(sign) else _letter(sign)) for sign in signs)


def _is_known(sign: str) -> bool:
    """Is it in every font of every LaTeX, as an accent on a letter at least?"""
    return sign.isascii() or (sign <= "\xff" and len(normalize("NFD", sign)) == 2)


def _letter(sign: str) -> str:
    return rf"\archscopeletter{{{ord(sign):04X}}}{{{sign}}}"


def as_label(text: str) -> str:
    r"""What `\label` takes in every LaTeX: letters without their accents, those that are not Latin by their numbers,
    without which such names would all be the same."""
    return re.sub(r"[^A-Za-z0-9]+", "-", "".join(map(_in_label, normalize("NFC", text)))).strip("-")


def _in_label(sign: str) -> str:
    plain = normalize("NFD", sign)[0]
    return plain if plain.isascii() else f"-{ord(sign):04X}-"
