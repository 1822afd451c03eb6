"""An independent solution of the equation stored in a sweep file: expressions as Python code, scipy's integrators.

Nothing here shares code with the program that wrote the file.
"""
import ast
import keyword
import re

import numpy as np
import scipy.special

FUNCTIONS = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log10": np.log10, "log1p": np.log1p, "sqrt": np.sqrt,
    "cbrt": np.cbrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "erf": scipy.special.erf, "abs": np.abs, "min": np.minimum, "max": np.maximum,
}
NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.Add, ast.Sub,
         ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd)
NAME = r"(?<![\w.])[A-Za-z_]\w*"


class Unavailable(Exception):
    """No reference for this problem; the message says why."""


def compile_expression(text):
    """A function of a dictionary of symbols. Only arithmetic and the named functions are admitted."""
    text = str(text).strip()
    # `lambda` is a fine name for a parameter, but a word of Python's grammar.
    renamed = {word for word in re.findall(NAME, text) if keyword.iskeyword(word)}
    text = re.sub(NAME, lambda match: match.group() + ("_" if match.group() in renamed else ""), text)
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, NODES):
            raise ValueError(f"'{text}': {type(node).__name__} is not allowed in an expression")
        if isinstance(node, ast.Constant) and type(node.value) not in (int, float):
            raise ValueError(f"'{text}': {node.value!r} is not a number")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
                                               and not node.keywords):
            raise ValueError(f"'{text}': only {', '.join(FUNCTIONS)} may be called")
        if isinstance(node, ast.Constant):
            node.value = float(node.value)  # no integers of unbounded size
    code = compile(tree, "<expression>", "eval")
    scope = {"__builtins__": {}, "pi": np.pi, **FUNCTIONS}

    def evaluate(symbols):
        if renamed:
            symbols = {**symbols, **{name + "_": symbols[name] for name in renamed if name in symbols}}
        return eval(code, scope, symbols)  # only whitelisted nodes get here

    return evaluate


class Problem:
    """The problem of a stored job: its equation as a first-order system U' = f(x, U)."""

    def __init__(self, job):
        problem = job["problem"]
        self.symbol = problem["variable"]["symbol"]
        self.log = problem["variable"].get("scale", "linear") == "log"
        self.range = [float(value) for value in problem["variable"]["range"]]
        self.unit = problem["variable"].get("unit", "1")
        self.definitions = [(name, compile_expression(text))
                            for name, text in (problem.get("definitions") or {}).items()]
        self.unknowns = list(problem["unknowns"])
        self.orders = [int((problem["unknowns"][name] or {}).get("order", 1)) for name in self.unknowns]
        self.equations = [compile_expression(problem["equations"][name]) for name in self.unknowns]
        self.states = [self.derivative(name, k) for name, order in zip(self.unknowns, self.orders)
                       for k in range(order)]
        self.conditions = problem.get("conditions") or []
        self.exact = {name: compile_expression(text) for name, text in (problem.get("exact") or {}).items()}
        self.patches = problem.get("patches") or []
        self.until = [compile_expression(patch["until"]) for patch in self.patches[:-1]]
        self.patch_definitions = [[(name, compile_expression(text))
                                   for name, text in (patch.get("definitions") or {}).items()]
                                  for patch in self.patches]
        self.solutions = [{name: compile_expression(text) for name, text in patch["solution"].items()}
                          for patch in self.patches]

    def hand_overs(self, parameters):
        """Where the job hands one patch over to the next."""
        symbols = self.scope(self.range[0], parameters)
        return [float(until(symbols)) for until in self.until]

    def derivative(self, name, order):
        return name + ("_" + self.symbol * order if order else "")

    def scope(self, position, parameters, **more):
        """All symbols at one place (or on an array of places)."""
        symbols = {**parameters, self.symbol: position, **more}
        for name, value in self.definitions:
            symbols[name] = value(symbols)
        return symbols

    def patch_solution(self, number, name, position, parameters, constants):
        """An unknown in the form of a patch, for values of the patch's constants (arrays as position is)."""
        symbols = self.scope(position, parameters, **constants)
        for definition, value in self.patch_definitions[number]:
            symbols[definition] = value(symbols)
        return self.solutions[number][name](symbols)

    def rates(self, position, state, parameters):
        symbols = self.scope(position, parameters, **dict(zip(self.states, state)))
        rates, first = [], 0
        for equation, order in zip(self.equations, self.orders):
            rates += list(state[first + 1: first + order]) + [equation(symbols)]
            first += order
        return np.array(rates)

    def start(self, parameters):
        """(place, state) of an initial-value problem."""
        places = {"start": self.range[0], "end": self.range[1]}
        found = {}
        for condition in self.conditions:
            place = places.get(condition["at"], condition["at"])
            symbols = self.scope(float(place), parameters)
            for name, text in condition.items():
                if name != "at":
                    found[name] = (float(place), compile_expression(text)(symbols))
        if len({place for place, _ in found.values()}) != 1 or set(found) != set(self.states):
            raise Unavailable("the conditions are at different places")
        return next(iter(found.values()))[0], np.array([float(found[name][1]) for name in self.states])


class _Exhausted(Exception):
    pass


def solve(problem, parameters, positions, scales):
    """The unknowns at increasing positions: {name: values}, NaN where the integrator gave up.

    scales: per state component, the size below which errors do not matter. Tries an explicit method and, when that
    needs too many evaluations, an implicit one.
    """
    positions = np.asarray(positions, float)
    if all(name in problem.exact for name in problem.unknowns):
        symbols = problem.scope(positions, parameters)
        return {name: np.broadcast_to(problem.exact[name](symbols), positions.shape) for name in problem.unknowns}
    place, state = problem.start(parameters)
    best = np.full((len(problem.states), positions.size), np.nan)
    # Equations of the right-hand side: an explicit method needs more of them only where it is the wrong one.
    for method, evaluations in (("DOP853", 15000), ("Radau", 60000)):
        values = np.full_like(best, np.nan)
        for side in (positions >= place, positions < place):
            wanted = positions[side] if side[-1] else positions[side][::-1]
            if wanted.size:
                result = _integrate(problem, parameters, place, state, wanted, scales, method, evaluations)
                values[:, side] = result if side[-1] else result[:, ::-1]
        if np.isfinite(values).sum() > np.isfinite(best).sum():
            best = values
        if np.isfinite(best).all():
            break
    return {name: best[problem.states.index(name)] for name in problem.unknowns}


def _integrate(problem, parameters, place, state, wanted, scales, method, evaluations):
    from scipy.integrate import solve_ivp

    count = 0

    def rates(x, u):
        nonlocal count
        count += 1
        if count > evaluations:
            raise _Exhausted
        position = np.exp(x) if problem.log else x
        return problem.rates(position, u, parameters) * (position if problem.log else 1.0)

    to_x = np.log if problem.log else (lambda value: value)
    values = np.full((len(state), wanted.size), np.nan)
    reached, current = to_x(place), state
    # In pieces, so that what an exhausted budget left done can be drawn.
    pieces = [piece for piece in np.array_split(np.arange(wanted.size), max(1, wanted.size // 8)) if piece.size]
    with np.errstate(all="ignore"):
        for piece in pieces:
            targets = to_x(wanted[piece])
            if targets[-1] == reached:
                values[:, piece] = current[:, None]
                continue
            try:
                result = solve_ivp(rates, (reached, targets[-1]), current, method=method, t_eval=targets,
                                   rtol=1e-9, atol=1e-9 * np.asarray(scales))
            except (_Exhausted, ValueError):
                break
            if not result.success or result.y.shape[1] != piece.size:
                break
            values[:, piece] = result.y
            reached, current = targets[-1], result.y[:, -1]
    return values
