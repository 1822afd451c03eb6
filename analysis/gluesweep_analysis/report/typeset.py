"""Expressions typeset as inline SVG, which looks the same in every browser (MathML needs a font with radicals)."""
from __future__ import annotations

import ast
import functools
import html
import re
from typing import Iterable

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from ..expressions import parse
from ..problem import Problem

_GREEK = ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi "
          "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega").split()
_LETTERS = dict(zip(_GREEK, "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"))
_SIGNS = {"plus": "+", "minus": "-"}
_FUNCTIONS = {"log": r"\ln", "log10": r"\log_{10}", "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan",
              "erf": r"\mathrm{erf}"}
SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a formula binds
DISPLAY, SMALL, INLINE = range(3)  # how its fractions are written
LONGEST_EXPONENT = 24  # characters of LaTeX; longer ones are written exp(...)
_UNIT = 20.0  # font size in the units of the drawing


_INDICES = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def plain_name(name: str) -> str:
    """A name or unit for figures and tables, with Greek letters and indices: Omega_m is Ω_m, k1 is k₁."""
    name = re.sub(r"[A-Za-z]+", lambda word: _LETTERS.get(word[0], word[0]), name)
    return re.sub(r"(?<=[^\W\d_])_?(\d+)\b", lambda digits: digits[1].translate(_INDICES), name)


def _word(word: str) -> str:
    """LaTeX of a word of a name."""
    if word in _LETTERS:
        return "\\" + word + " "
    if word in _SIGNS:
        return _SIGNS[word]
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}"


def _phrase(name: str) -> str:
    return rf"\mathrm{{{name.replace('_', chr(92) + ' ')}}}"


class Typesetter:
    """Writes the expressions of a problem in LaTeX."""

    def __init__(self, problem: Problem) -> None:
        self.symbol_name = problem.symbol
        self.special: dict[str, str] = {}
        self.derivatives = {state: (unknown.name, order) for unknown in problem.unknown_list
                            for order, state in enumerate(unknown.states) if order}
        self.special = self._results(problem)

    def _results(self, problem: Problem) -> dict[str, str]:
        """LaTeX of the names that derived quantities may use: asymptotic constants, crossovers, values at the end."""
        names = {f"{state}_end": rf"{self.name(state)}(\mathrm{{end}})" for state in problem.states}
        constants = [constant for patch in problem.patches for constant in patch.constants]
        for patch in problem.patches:
            for constant, column in zip(patch.constants, patch.columns()):
                owner = rf"{_phrase(patch.name)},\,\," if constants.count(constant) > 1 else ""
                names[f"{column}_limit"] = rf"{_word(constant)}_{{{owner}\infty}}"
        pairs = list(zip(problem.patches, problem.patches[1:]))
        for left, right in pairs:
            which = rf"{_phrase(left.name)}\,\to\,{_phrase(right.name)}" if len(pairs) > 1 else r"\times"
            names[f"crossover_{left.name}_{right.name}"] = rf"{_word(problem.symbol)}_{{{which}}}"
        return names

    def name(self, name: str) -> str:
        """An identifier: what follows '_' and final digits as index; lower derivatives as fractions."""
        if name in self.derivatives:
            return self.derivative(*self.derivatives[name])
        if name in self.special:
            return self.special[name]
        head, *rest = (part for part in name.split("_") if part)
        digits = re.fullmatch(r"([A-Za-z]+)(\d+)", head)
        if digits:
            head, rest = digits[1], [digits[2], *rest]
        index = r",\,".join(_word(part) for part in rest)
        return _word(head) + (f"_{{{index}}}" if index else "")

    def derivative(self, unknown: str, order: int) -> str:
        power = f"^{{{order}}}" if order > 1 else ""
        variable = self.name(self.symbol_name)
        return rf"\dfrac{{\mathrm{{d}}{power}{self.name(unknown)}}}{{\mathrm{{d}}{variable}{power}}}"

    def terms(self, text: str) -> list[str]:
        """LaTeX of the terms of a sum, each but the first with its sign."""
        return self._terms(parse(text).body, DISPLAY)

    def _terms(self, node: ast.expr, style: int) -> list[str]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "+" if isinstance(node.op, ast.Add) else "-"
            return self._terms(node.left, style) + [rf"{sign}\;{self._within(node.right, PRODUCT, style)}"]
        return [self._node(node, style)[0]]

    def _within(self, node: ast.expr, least: int, style: int) -> str:
        """In parentheses where the context binds tighter."""
        text, level = self._node(node, style)
        return text if level >= least else rf"\left({text}\right)"

    def _node(self, node: ast.expr, style: int) -> tuple[str, int]:
        """LaTeX of a formula, and how tightly it binds."""
        if isinstance(node, ast.Constant):
            return self._number(node.value), ATOM
        if isinstance(node, ast.Name):
            return self.name(node.id[:-1] if node.id.endswith("_") else node.id), ATOM
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.UAdd):
                return self._node(node.operand, style)
            return f"-{self._within(node.operand, PRODUCT, style)}", SUM
        if isinstance(node, ast.Call):
            return self._call(node, style)
        assert isinstance(node, ast.BinOp)
        return self._operation(node, style)

    def _operation(self, node: ast.BinOp, style: int) -> tuple[str, int]:
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return " ".join(self._terms(node, style)).replace(r"\;", " "), SUM
        if isinstance(node.op, ast.Pow):
            return self._power(node, style)
        # A leading minus needs no parentheses and belongs before a fraction: -k1*A, -3/(2*t).
        minus = isinstance(node.left, ast.UnaryOp) and isinstance(node.left.op, ast.USub)
        left_node = node.left.operand if minus and isinstance(node.left, ast.UnaryOp) else node.left
        if isinstance(node.op, ast.Div):
            text = self._fraction(left_node, node.right, style)
        else:
            right = self._within(node.right, PRODUCT, style)
            times = r"\cdot " if re.match(r"(\\d?frac\{|\{)*\d", right) else r"\,"
            text = f"{self._within(left_node, PRODUCT, style)}{times}{right}"
            left = self._node(left_node, style)[0]
            if left.startswith("-") and not minus:  # (-k1*A)*B read from the left
                text, minus = f"{left[1:]}{times}{right}", True
        return (f"-{text}", SUM) if minus else (text, PRODUCT)

    def _fraction(self, upper: ast.expr, lower: ast.expr, style: int) -> str:
        if style == INLINE:
            return f"{self._within(upper, PRODUCT, INLINE)}/{self._within(lower, ATOM, INLINE)}"
        command = r"\dfrac" if style == DISPLAY else r"\frac"
        return f"{command}{{{self._node(upper, SMALL)[0]}}}{{{self._node(lower, SMALL)[0]}}}"

    def _power(self, node: ast.BinOp, style: int) -> tuple[str, int]:
        exponent = node.right
        if isinstance(exponent, ast.Constant) and exponent.value == 0.5:
            return rf"\sqrt{{{self._node(node.left, style)[0]}}}", ATOM
        raised = self._exponent(exponent)
        if isinstance(node.left, ast.Call) and self._is_named(node.left):  # sin^2(x)
            return f"{self._function(node.left)}^{{{raised}}}{self._arguments(node.left, style)}", POWER
        base = self._within(node.left, ATOM, style)
        if "frac" in base and ("sqrt" in base or base.count("frac") > 1):
            base = self._within(node.left, ATOM, INLINE)  # matplotlib sets the exponent of a tall base too low
        return f"{{{base}}}^{{{raised}}}", POWER

    def _exponent(self, node: ast.expr) -> str:
        """Fractions of numbers on one line."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            upper, lower = self._node(node.left, SMALL)[0], self._within(node.right, ATOM, SMALL)
            if len(upper) + len(lower) <= 6:
                return f"{upper}/{lower}"
        return self._node(node, SMALL)[0]

    @staticmethod
    def _number(value: float) -> str:
        text = f"{value:.12g}"
        if "e" not in text:
            return text
        digits, exponent = text.split("e")
        power = rf"10^{{{int(exponent)}}}"
        return power if digits == "1" else rf"{digits}\times {power}"

    @staticmethod
    def _called(node: ast.Call) -> str:
        assert isinstance(node.func, ast.Name)
        return node.func.id

    def _is_named(self, node: ast.Call) -> bool:
        return self._called(node) not in ("sqrt", "abs", "exp", "expm1", "log1p")

    def _function(self, node: ast.Call) -> str:
        name = self._called(node)
        return _FUNCTIONS.get(name, "\\" + name)

    def _arguments(self, node: ast.Call, style: int) -> str:
        inside = r",\,".join(self._node(argument, style)[0] for argument in node.args)
        return rf"\left({inside}\right)"

    def _call(self, node: ast.Call, style: int) -> tuple[str, int]:
        inside = self._node(node.args[0], style)[0]
        match self._called(node):
            case "sqrt":
                return rf"\sqrt{{{inside}}}", ATOM
            case "abs":
                return rf"\left|{inside}\right|", ATOM
            case "exp":
                return self._exponential(node.args[0], style), POWER
            case "expm1":
                return f"{self._exponential(node.args[0], style)} - 1", SUM
            case "log1p":
                return rf"\ln\left(1 + {self._within(node.args[0], PRODUCT, style)}\right)", PRODUCT
        return self._function(node) + self._arguments(node, style), PRODUCT

    def _exponential(self, argument: ast.expr, style: int) -> str:
        raised = self._exponent(argument)
        if len(raised) <= LONGEST_EXPONENT and "frac" not in raised:
            return f"e^{{{raised}}}"
        return rf"\exp\left({self._node(argument, style)[0]}\right)"

    # --- drawn --------------------------------------------------------------

    def equation(self, left: str, text: str) -> str:
        """left = text, as pieces between which a line may break. left: LaTeX."""
        first, *more = self.terms(text)
        return " ".join(draw(piece) for piece in [f"{left} = {first}", *more])

    def expression(self, text: str) -> str:
        return " ".join(draw(piece) for piece in self.terms(text))

    def symbol(self, name: str) -> str:
        return draw(self.name(name))


@functools.lru_cache(maxsize=512)
def draw(latex: str) -> str:
    """LaTeX as an inline SVG that sits on the baseline and takes size and colour from the text around it."""
    converter = TextToPath()
    font = FontProperties(size=_UNIT, math_fontfamily="stix")
    width, height, depth = converter.get_text_width_height_descent(f"${latex}$", font, ismath=True)
    vertices, codes = converter.get_text_path(font, f"${latex}$", ismath=True)
    # get_text_path draws in units of its own font size.
    outline = _path_data(np.asarray(vertices) * _UNIT / converter.FONT_SCALE, codes)
    margin = 0.5
    box = f"{-margin:g} {depth - height - margin:.4g} {width + 2 * margin:.5g} {height + 2 * margin:.5g}"
    style = (f"width:{(width + 2 * margin) / _UNIT:.3f}em;height:{(height + 2 * margin) / _UNIT:.3f}em;"
             f"vertical-align:{-(depth + margin) / _UNIT:.3f}em")
    return (f'<svg class="math" role="img" aria-label="{html.escape(latex)}" viewBox="{box}" style="{style}">'
            f'<path d="{outline}"/></svg>')


def _path_data(vertices: np.ndarray, codes: Iterable[int]) -> str:
    """matplotlib's path as SVG's, with y downwards."""
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    lengths = {3: 2, 4: 3}  # vertices of a curve, which come with a code each
    words: list[str] = []
    left = 0
    for (x, y), code in zip(vertices, codes):
        if code == 79:
            words.append("Z")
            continue
        if left == 0:
            words.append(letters[code])
            left = lengths.get(code, 1)
        words.append(f"{x:.2f} {-y:.2f}")
        left -= 1
    return " ".join(words)
