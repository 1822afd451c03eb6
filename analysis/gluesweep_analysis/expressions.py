"""Expressions of a job as Python functions of arrays, and their exact derivatives.

A job file can compute and nothing else: only numbers, names, arithmetic and the named functions are admitted.
"""
from __future__ import annotations

import ast
import keyword
import math
import re
from typing import Any, Callable, Mapping

import numpy as np

Symbols = Mapping[str, Any]
Compiled = Callable[[Symbols], Any]

_erf = np.frompyfunc(math.erf, 1, 1)


class Dual:
    """A value and its derivative with respect to one variable; nested duals carry higher derivatives.

    numpy's functions accept duals: np.exp(dual), array * dual and so on.
    """

    __slots__ = ("value", "slope")

    def __init__(self, value: Any, slope: Any) -> None:
        self.value = value
        self.slope = slope

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        rule = _RULES.get(ufunc)
        if method != "__call__" or options or rule is None:
            return NotImplemented
        return rule(*inputs)

    def __add__(self, other: Any) -> Dual:
        return _RULES[np.add](self, other)

    def __radd__(self, other: Any) -> Dual:
        return _RULES[np.add](other, self)

    def __sub__(self, other: Any) -> Dual:
        return _RULES[np.subtract](self, other)

    def __rsub__(self, other: Any) -> Dual:
        return _RULES[np.subtract](other, self)

    def __mul__(self, other: Any) -> Dual:
        return _RULES[np.multiply](self, other)

    def __rmul__(self, other: Any) -> Dual:
        return _RULES[np.multiply](other, self)

    def __truediv__(self, other: Any) -> Dual:
        return _RULES[np.divide](self, other)

    def __rtruediv__(self, other: Any) -> Dual:
        return _RULES[np.divide](other, self)

    def __pow__(self, other: Any) -> Dual:
        return _RULES[np.power](self, other)

    def __rpow__(self, other: Any) -> Dual:
        return _RULES[np.power](other, self)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __pos__(self) -> Dual:
        return self


def value_of(number: Any) -> Any:
    return number.value if isinstance(number, Dual) else number


def slope_of(number: Any) -> Any:
    """The derivative, 0 of what does not depend on the variable."""
    return number.slope if isinstance(number, Dual) else 0.0


def plain(number: Any) -> Any:
    """The number itself, without any derivative."""
    while isinstance(number, Dual):
        number = number.value
    return number


def _power(base: Any, exponent: Any) -> Dual:
    a, b = value_of(base), value_of(exponent)
    slope: Any = 0.0
    if isinstance(base, Dual):
        slope = b * a ** (b - 1.0) * base.slope
    if isinstance(exponent, Dual):
        slope = slope + a**b * np.log(a) * exponent.slope
    return Dual(a**b, slope)


def _choice(first: Any, second: Any, ufunc: np.ufunc) -> Dual:
    """The smaller or larger of two, and its derivative."""
    a, b = value_of(first), value_of(second)
    is_first = np.equal(plain(ufunc(a, b)), plain(a))
    slope = is_first * slope_of(first) + np.logical_not(is_first) * slope_of(second)
    return Dual(ufunc(a, b), slope)


def _chain(function: Any, derivative: Callable[[Any], Any]) -> Callable[[Dual], Dual]:
    return lambda dual: Dual(function(dual.value), derivative(dual.value) * dual.slope)


_RULES: dict[Any, Callable[..., Any]] = {
    np.add: lambda a, b: Dual(value_of(a) + value_of(b), slope_of(a) + slope_of(b)),
    np.subtract: lambda a, b: Dual(value_of(a) - value_of(b), slope_of(a) - slope_of(b)),
    np.multiply: lambda a, b: Dual(value_of(a) * value_of(b), slope_of(a) * value_of(b) + value_of(a) * slope_of(b)),
    np.divide: lambda a, b: Dual(value_of(a) / value_of(b),
                                 (slope_of(a) - value_of(a) / value_of(b) * slope_of(b)) / value_of(b)),
    np.power: _power,
    np.minimum: lambda a, b: _choice(a, b, np.minimum),
    np.maximum: lambda a, b: _choice(a, b, np.maximum),
    np.exp: _chain(np.exp, np.exp),
    np.expm1: _chain(np.expm1, np.exp),
    np.log: _chain(np.log, lambda v: 1.0 / v),
    np.log10: _chain(np.log10, lambda v: 1.0 / (v * math.log(10.0))),
    np.log1p: _chain(np.log1p, lambda v: 1.0 / (1.0 + v)),
    np.sqrt: _chain(np.sqrt, lambda v: 0.5 / np.sqrt(v)),
    np.sin: _chain(np.sin, np.cos),
    np.cos: _chain(np.cos, lambda v: -np.sin(v)),
    np.tan: _chain(np.tan, lambda v: 1.0 + np.tan(v) * np.tan(v)),
    np.arcsin: _chain(np.arcsin, lambda v: 1.0 / np.sqrt(1.0 - v * v)),
    np.arccos: _chain(np.arccos, lambda v: -1.0 / np.sqrt(1.0 - v * v)),
    np.arctan: _chain(np.arctan, lambda v: 1.0 / (1.0 + v * v)),
    np.sinh: _chain(np.sinh, np.cosh),
    np.cosh: _chain(np.cosh, np.sinh),
    np.tanh: _chain(np.tanh, lambda v: 1.0 - np.tanh(v) * np.tanh(v)),
    np.absolute: _chain(np.absolute, lambda v: np.sign(v)),
    np.sign: lambda dual: np.sign(dual.value),
}


def erf(number: Any) -> Any:
    if isinstance(number, Dual):
        v = number.value
        return Dual(erf(v), 2.0 / math.sqrt(math.pi) * np.exp(-v * v) * number.slope)
    return np.asarray(_erf(number), dtype=float)


FUNCTIONS: dict[str, Any] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log10": np.log10, "log1p": np.log1p, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "erf": erf, "abs": np.absolute, "min": np.minimum,
    "max": np.maximum,
}
_NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.Add, ast.Sub,
          ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd)
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def parse(text: str) -> ast.Expression:
    """The syntax tree of an expression that only computes; names that are words of Python end in '_'."""
    text = str(text).strip()
    # `lambda` is a fine name for a parameter, but a word of Python's grammar.
    renamed = _NAME.sub(lambda match: match.group() + ("_" if keyword.iskeyword(match.group()) else ""), text)
    tree = ast.parse(renamed, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise ValueError(f"'{text}': {type(node).__name__} is not allowed in an expression")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
                                               and not node.keywords):
            raise ValueError(f"'{text}': only {', '.join(FUNCTIONS)} may be called")
        if isinstance(node, ast.Constant):
            if type(node.value) not in (int, float):
                raise ValueError(f"'{text}': {node.value!r} is not a number")
            node.value = float(node.value)  # no integers of unbounded size
    return tree


def names_in(text: str) -> set[str]:
    """The symbols that an expression uses."""
    return {node.id[:-1] if keyword.iskeyword(node.id[:-1]) and node.id.endswith("_") else node.id
            for node in ast.walk(parse(text)) if isinstance(node, ast.Name)}


def compile_expression(text: str) -> Compiled:
    """A function of a mapping from symbols to numbers, arrays or duals."""
    tree = parse(text)
    code = compile(tree, "<expression>", "eval")
    scope = {"__builtins__": {}, "pi": np.pi, **FUNCTIONS}
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    renamed = [word for word in words if word.endswith("_") and keyword.iskeyword(word[:-1])]

    def evaluate(symbols: Symbols) -> Any:
        if renamed:
            symbols = {**symbols, **{word: symbols[word[:-1]] for word in renamed if word[:-1] in symbols}}
        return eval(code, scope, symbols)  # type: ignore[arg-type]  # only nodes of the list above get here

    return evaluate


def with_derivatives(number: Any, order: int) -> Any:
    """A variable to be differentiated by, `order` times."""
    slope: Any = np.ones_like(number)
    for _ in range(order):
        number, slope = Dual(number, slope), Dual(slope, np.zeros_like(slope) if not isinstance(slope, Dual) else 0.0)
    return number


def derivatives(result: Any, order: int) -> list[Any]:
    """[f, f', ...] up to `order` of what was computed from with_derivatives(x, order or more)."""
    found = []
    for _ in range(order + 1):
        found.append(plain(result))
        result = slope_of(result)
    return found
