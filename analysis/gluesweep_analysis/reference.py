"""An independent solution of the equation stored in a sweep file, by scipy's integrators.

Nothing here shares code with the program that wrote the file.
"""
from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from .expressions import compile_expression
from .problem import Problem


class Unavailable(Exception):
    """No reference for this problem; the message says why."""


class _Exhausted(Exception):
    pass


def start(problem: Problem, parameters: Mapping[str, Any]) -> tuple[float, np.ndarray]:
    """Place and state where an initial-value problem begins."""
    places = {"start": problem.range[0], "end": problem.range[1]}
    found: dict[str, tuple[float, float]] = {}
    for condition in problem.conditions:
        place = float(places.get(condition["at"], condition["at"]))
        symbols = problem.scope(place, parameters)
        for name, text in condition.items():
            if name != "at":
                found[name] = (place, float(compile_expression(text)(symbols)))
    if len({place for place, _ in found.values()}) != 1 or set(found) != set(problem.states):
        raise Unavailable("the conditions are at different places, which is no initial-value problem")
    return next(iter(found.values()))[0], np.array([found[name][1] for name in problem.states])


def solve(problem: Problem, parameters: Mapping[str, Any], positions: Sequence[float] | np.ndarray,
          scales: Sequence[float], relative: float = 1e-9) -> dict[str, np.ndarray]:
    """The unknowns at increasing positions: {name: values}, NaN where the integrator gave up.

    scales: per state component, the size below which errors do not matter; relative: the tolerance. Tries an explicit
    method and, when that needs too many evaluations, an implicit one.
    """
    positions = np.asarray(positions, float)
    if all(name in problem.exact for name in problem.unknowns):
        symbols = problem.scope(positions, parameters)
        return {name: np.broadcast_to(problem.exact[name](symbols), positions.shape) for name in problem.unknowns}
    place, state = start(problem, parameters)
    best = np.full((len(problem.states), positions.size), np.nan)
    # Equations of the right-hand side: an explicit method needs more of them only where it is the wrong one.
    for method, evaluations in (("DOP853", 15000), ("Radau", 60000)):
        values = np.full_like(best, np.nan)
        for side in (positions >= place, positions < place):
            wanted = positions[side] if side[-1] else positions[side][::-1]
            if wanted.size:
                result = _integrate(problem, parameters, place, state, wanted, scales, method, evaluations,
                                    relative)
                values[:, side] = result if side[-1] else result[:, ::-1]
        if np.isfinite(values).sum() > np.isfinite(best).sum():
            best = values
        if np.isfinite(best).all():
            break
    return {name: best[problem.states.index(name)] for name in problem.unknowns}


def _integrate(problem: Problem, parameters: Mapping[str, Any], place: float, state: np.ndarray, wanted: np.ndarray,
               scales: Sequence[float], method: str, evaluations: int, relative: float) -> np.ndarray:
    from scipy.integrate import solve_ivp

    count = 0

    def rates(x: float, u: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        if count > evaluations:
            raise _Exhausted
        position = np.exp(x) if problem.log else x
        return problem.rates(position, u, parameters) * (position if problem.log else 1.0)

    to_x = problem.to_x
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
                                   rtol=relative, atol=relative * np.asarray(scales))
            except (_Exhausted, ValueError):
                break
            if not result.success or result.y.shape[1] != piece.size:
                break
            values[:, piece] = result.y
            reached, current = targets[-1], result.y[:, -1]
    return values
