"""The stored networks of a sweep file as functions of the variable, from its arrays alone.

The formulas are those that the attributes of the file's group /network spell out.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Protocol

import numpy as np
from scipy.special import erf, expit

from .errors import AnalysisError
from .problem import Problem

Arrays = dict[str, np.ndarray]
ROUNDING = 1e-12  # of a region's ends, in its length


class NetworkFile(Protocol):
    """What the networks need of a file: the group's attributes and arrays, whole or by rows."""

    attributes: dict[str, Any]

    def array(self, name: str) -> np.ndarray: ...

    def rows(self, name: str, rows: np.ndarray) -> np.ndarray: ...


@dataclass
class Evaluation:
    """Everything at places of shape (points, places)."""

    state: Arrays  # {component: (points, places)}
    coefficients: Arrays  # {<patch>_<constant>: (points, places)}, NaN outside the patch's region


def chebyshev(xi: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """sum_j a_j T_j(xi) of rows: xi (B, M), coefficients (B, n, terms) -> (B, n, M), by Clenshaw's recurrence."""
    x = xi[:, None, :]
    later = last = np.zeros(np.broadcast_shapes(x.shape, coefficients.shape[:2] + (1,)))
    for j in range(coefficients.shape[2] - 1, 0, -1):
        later, last = 2.0 * x * later - last + coefficients[:, :, j, None], later
    return x * later - last + coefficients[:, :, 0, None]


def mapped(parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """xi in [-1, 1] of places x (B, M), by each point's own map (B, 2 + 3 K)."""
    a, b = parameters[:, 0, None], parameters[:, 1, None]
    position, whole = (x - a) / (b - a), np.ones_like(a)
    for j in range(2, parameters.shape[1], 3):
        c, w, beta = (parameters[:, j + i, None] for i in range(3))
        first = np.arcsinh((a - c) / w)
        share = beta / (np.arcsinh((b - c) / w) - first)
        position = position + share * (np.arcsinh((x - c) / w) - first)
        whole = whole + beta
    return np.clip(2.0 * position / whole - 1.0, -1.0, 1.0)


SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "sin": np.sin,
    "silu": lambda z: z * expit(z),
    "gelu": lambda z: 0.5 * z * (1.0 + erf(z * np.sqrt(0.5))),
    "selu": lambda z: SELU_SCALE * np.where(z > 0.0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0.0))),
    "erf": erf,
}


class Trunk:
    """Hidden layers that all points share, and their mixing into features. Files without the attribute `skip`
    have no skip connections."""

    def __init__(self, attributes: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        self.activation = ACTIVATIONS[str(attributes["activation"])]
        self.residual = str(attributes.get("skip", "none")) == "residual"
        self.slope, self.centre, self.mixing = arrays["slope"], arrays["centre"], arrays["mixing"]
        count = sum(name.startswith("weight_") for name in arrays)
        self.layers = [(arrays[f"weight_{layer}"], arrays[f"bias_{layer}"]) for layer in range(2, 2 + count)]

    def features(self, xi: np.ndarray) -> np.ndarray:
        """(B, M) -> (B, M, F)."""
        h = self.activation(self.slope * (xi[..., None] - self.centre))
        for weight, bias in self.layers:
            own = self.activation(h @ weight.T + bias)
            h = h + own / np.sqrt(len(self.layers)) if self.residual else own
        return np.concatenate([h, np.ones(h.shape[:-1] + (1,))], axis=-1) @ self.mixing


class _SharedTrunk:
    """Method gauss_newton: C = s (features . head)."""

    def __init__(self, file: NetworkFile) -> None:
        names = str(file.attributes["trunk_arrays"]).split()
        self.trunks = {}
        for prefix in ("trunk_", "rescue_trunk_"):
            arrays = {name[len(prefix):]: file.array(name) for name in names if name.startswith(prefix)}
            if arrays:
                self.trunks[prefix] = Trunk(file.attributes, arrays)

    def coefficients(self, rows: Arrays, columns: slice, xi: np.ndarray, scale: np.ndarray) -> np.ndarray:
        values = np.empty_like(scale)
        for prefix, trunk in self.trunks.items():
            chosen = (rows["rescue"] == 0) == (prefix == "trunk_")
            if chosen.any():
                features = trunk.features(xi[chosen])
                head = rows["head"][chosen, :features.shape[-1], columns]
                values[chosen] = scale[chosen] * np.swapaxes(features @ head, 1, 2)
        return values

    @property
    def neurons(self) -> int:
        return max(trunk.mixing.shape[0] for trunk in self.trunks.values())


class _Perceptrons:
    """Methods adam and plain: all layers are each point's own."""

    def __init__(self, file: NetworkFile, is_sum: bool) -> None:
        self.layers, self.neurons = int(file.attributes["L"]), int(file.attributes["H"])
        self.is_sum = is_sum

    def values(self, head: np.ndarray, xi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """head (B, W, n), xi (B, M): N (B, n, M), and the rows of head behind the weights (B, rest, n)."""
        weights = np.swapaxes(head, 1, 2)
        place = 0

        def take(count: int) -> np.ndarray:
            nonlocal place
            place += count
            return weights[:, :, place - count: place]

        width = self.neurons
        h = np.tanh(take(width)[..., None] * xi[:, None, None, :] + take(width)[..., None])
        for _ in range(1, self.layers):
            matrix = take(width * width).reshape(*weights.shape[:2], width, width)
            h = np.tanh(matrix @ h + take(width)[..., None])
        value = (take(width)[..., None, :] @ h)[:, :, 0, :] + take(1)
        return value, head[:, place:, :]

    def coefficients(self, rows: Arrays, columns: slice, xi: np.ndarray, scale: np.ndarray) -> np.ndarray:
        value, rest = self.values(rows["head"][:, :, columns], xi)
        constant = rest[:, 0, :, None]
        return scale * (constant + value) if self.is_sum else constant + scale * value


# (constants of a patch, xi (B, M), their scale (B, n, M)) -> coefficients (B, n, M)
Coefficients = Callable[[slice, np.ndarray, np.ndarray], np.ndarray]


def assembled(problem: Problem, maps: np.ndarray, scales: np.ndarray, networks: Coefficients, position: np.ndarray,
              parameters: Mapping[str, Any], is_sum: bool) -> Evaluation:
    """The solution of all patches: maps (B, P, m), scales (B, K, T), places (B, M) of the variable."""
    x = problem.to_x(position)
    edges = problem.edges(parameters)
    size = len(problem.states)
    result = Evaluation({}, {})
    for number, patch in enumerate(problem.patches):
        a, b = maps[:, number, 0, None], maps[:, number, 1, None]
        slack = ROUNDING * (b - a)
        inside = (x >= a - slack) & (x <= b + slack)
        place = np.clip(x, a, b)
        xi = mapped(maps[:, number], place)
        columns = slice(number * size, (number + 1) * size)
        values = networks(columns, xi, np.exp(chebyshev(xi, scales[:, columns])))
        for k, name in enumerate(patch.columns()):
            result.coefficients[name] = np.where(inside, values[:, k], np.nan)
        # Outside its region a patch is asked at the region's edge, where it is certainly defined.
        own_position = np.where(inside, position, problem.to_variable(place))
        state = problem.patch_state(number, own_position, parameters, list(np.moveaxis(values, 1, 0)))
        for name, own in state.items():
            own = np.broadcast_to(own, x.shape)
            if number == 0:
                result.state[name] = np.array(own)
            elif is_sum:
                result.state[name] = result.state[name] + own
            else:
                result.state[name] = np.where(x > edges[number], own, result.state[name])
    return result


class Networks:
    """Evaluates the networks of points of a file."""

    def __init__(self, file: NetworkFile, problem: Problem, training: Mapping[str, Any]) -> None:
        self.file = file
        self.problem = problem
        self.method = str(training.get("method", "gauss_newton"))
        self.is_sum = training.get("ansatz", "frames") == "sum" and self.method != "plain"
        if self.method == "matching":
            raise AnalysisError("this scan has no networks: it was made with training.method=matching, which trains "
                                "none; its constants are in the variables *_limit and *_matching")
        try:
            file.array("head").shape  # noqa: B018 (it must be there)
        except KeyError:
            raise AnalysisError("this scan has no networks: `heads` is not in its output.store; run the job again "
                                "with it, or use the stored solution and coefficients") from None
        self.networks: _SharedTrunk | _Perceptrons
        if self.method == "gauss_newton":
            self.networks = _SharedTrunk(file)
        else:
            self.networks = _Perceptrons(file, self.is_sum)

    def evaluate(self, rows: np.ndarray, position: np.ndarray, parameters: Mapping[str, Any]) -> Evaluation:
        """At places (B, M) or (1, M) of the variable; rows of the file (B), parameters (B, 1) or numbers."""
        read = {name: self.file.rows(name, rows) for name in ("head", "rescue")}
        position = np.broadcast_to(position, (rows.size, position.shape[1]))
        with np.errstate(all="ignore"):
            if self.method == "plain":
                return Evaluation(self._plain_state(read["head"], position), {})
            read |= {name: self.file.rows(name, rows) for name in ("map", "scale")}

            def coefficients(columns: slice, xi: np.ndarray, scale: np.ndarray) -> np.ndarray:
                return self.networks.coefficients(read, columns, xi, scale)

            return assembled(self.problem, read["map"], read["scale"], coefficients, position, parameters, self.is_sum)

    @property
    def places_at_once(self) -> int:
        """Points times places that fit into some hundred megabytes."""
        return max(1, 4_000_000 // (self.networks.neurons * (1 if self.method == "gauss_newton" else 4)))

    def _plain_state(self, head: np.ndarray, position: np.ndarray) -> Arrays:
        assert isinstance(self.networks, _Perceptrons)
        a, b = (self.problem.to_x(value) for value in self.problem.range)
        xi = np.clip(2.0 * (self.problem.to_x(position) - a) / (b - a) - 1.0, -1.0, 1.0)
        value, rest = self.networks.values(head, xi)
        base, unit, logarithm = (rest[:, i, :, None] for i in range(3))
        state = np.where(logarithm == 1.0, base * np.exp(unit * value), base + unit * value)
        return {name: state[:, i] for i, name in enumerate(self.problem.states)}
