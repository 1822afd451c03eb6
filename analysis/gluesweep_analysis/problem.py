"""The problem of a stored job: its equation, patches and hand-overs, as functions of arrays."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Sequence

import numpy as np
import yaml  # type: ignore[import]

from .expressions import Compiled, compile_expression, derivatives, names_in, with_derivatives

SMALLEST_SHARE = 1.0e-4  # of the domain, which each patch keeps whatever its hand-over says


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of numbers and words, which is the program's: 1e-4 is a number, `no` is a name."""

    yaml_implicit_resolvers: dict[str, Any] = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|Null|NULL|~|)$"), ["n", "N", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$"),
                              list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?\.(inf|Inf)$|^\.(nan|NaN)$"),
    list("-+0123456789."))


def load_job(text: str) -> dict[str, Any]:
    """A resolved job, as it stands in a sweep file's attribute `job`."""
    return yaml.load(text, Loader=_Loader)


@dataclass
class Unknown:
    name: str
    order: int
    unit: str
    label: str
    equation: str
    magnitude: str
    states: list[str]  # the unknown and its lower derivatives


@dataclass
class Patch:
    """An asymptotic solution with its integration constants."""

    name: str
    constants: list[str]
    guesses: dict[str, str]
    solution: dict[str, str]
    until: str | None
    definitions: dict[str, str]
    compiled_definitions: list[tuple[str, Compiled]] = field(repr=False)
    compiled_solution: dict[str, Compiled] = field(repr=False)

    def columns(self) -> list[str]:
        """Names of its coefficient functions in the file."""
        return [f"{self.name}_{constant}" for constant in self.constants]


class Problem:
    """Everything that the expressions of a job say, compiled."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        problem = job["problem"]
        self.name: str = problem["name"]
        self.description: str = (problem.get("description") or "").strip()
        variable = problem["variable"]
        self.symbol: str = variable["symbol"]
        self.log: bool = variable.get("scale", "linear") == "log"
        self.range = [float(value) for value in variable["range"]]
        self.unit: str = variable.get("unit") or "1"
        self.label: str = variable.get("label") or ""
        self.parameters: dict[str, dict[str, Any]] = {
            name: value or {} for name, value in (problem.get("parameters") or {}).items()}
        self.definition_texts: dict[str, str] = {
            name: str(text) for name, text in (problem.get("definitions") or {}).items()}
        self.definitions = [(name, compile_expression(text)) for name, text in self.definition_texts.items()]
        self.unknown_list = [self._unknown(name, entry or {}, problem) for name, entry in problem["unknowns"].items()]
        self.unknowns = [unknown.name for unknown in self.unknown_list]
        self.orders = [unknown.order for unknown in self.unknown_list]
        self.states = [state for unknown in self.unknown_list for state in unknown.states]
        self.equations = [compile_expression(unknown.equation) for unknown in self.unknown_list]
        self._rate_definitions = self.used_by(unknown.equation for unknown in self.unknown_list)
        self.magnitudes = [compile_expression(unknown.magnitude) for unknown in self.unknown_list]
        self.conditions: list[dict[str, Any]] = problem.get("conditions") or []
        self.exact_texts: dict[str, str] = dict(problem.get("exact") or {})
        self.exact = {name: compile_expression(text) for name, text in self.exact_texts.items()}
        self.patches = [self._patch(patch) for patch in problem.get("patches") or []]
        self._until = [compile_expression(patch.until) for patch in self.patches if patch.until is not None]
        self.derived: dict[str, dict[str, Any]] = {
            name: value if isinstance(value, dict) else {"value": value}
            for name, value in (problem.get("derived") or {}).items()}

    def _unknown(self, name: str, entry: Mapping[str, Any], problem: Mapping[str, Any]) -> Unknown:
        order = int(entry.get("order", 1))
        states = [name + ("_" + self.symbol * k if k else "") for k in range(order)]
        return Unknown(name, order, entry.get("unit") or "1", entry.get("label") or "",
                       str(problem["equations"][name]), str(entry.get("magnitude") or f"abs({name})"), states)

    @staticmethod
    def _patch(patch: Mapping[str, Any]) -> Patch:
        definitions = {name: str(text) for name, text in (patch.get("definitions") or {}).items()}
        solution = {name: str(text) for name, text in patch["solution"].items()}
        guesses = {name: str(text) for name, text in patch["constants"].items()}
        until = patch.get("until")
        return Patch(patch["name"], list(guesses), guesses, solution, None if until is None else str(until),
                     definitions, [(name, compile_expression(text)) for name, text in definitions.items()],
                     {name: compile_expression(text) for name, text in solution.items()})

    def to_x(self, position: Any) -> Any:
        """The coordinate that patches and networks live in: the variable, or its logarithm."""
        return np.log(position) if self.log else np.asarray(position, float)

    def to_variable(self, x: Any) -> Any:
        return np.exp(x) if self.log else x

    def scope(self, position: Any, parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """All symbols at one place, or on arrays of places and parameters that broadcast."""
        symbols = {**parameters, self.symbol: position, **more}
        for name, value in self.definitions:
            symbols[name] = value(symbols)
        return symbols

    def used_by(self, texts: Iterable[str]) -> list[tuple[str, Compiled]]:
        """The definitions that expressions need, in order."""
        wanted = set().union(*(names_in(text) for text in texts))
        for name in reversed(self.definition_texts):
            if name in wanted:
                wanted |= names_in(self.definition_texts[name])
        return [(name, value) for name, value in self.definitions if name in wanted]

    def hand_overs(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Where the job hands one patch over to the next, as its `until` says."""
        symbols = self.scope(self.range[0], parameters)
        return [until(symbols) for until in self._until]

    def edges(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Domain start, hand-overs, domain end in x: patch p owns what is between edges p (excluded) and p + 1.

        Hand-overs are kept inside the domain and in order, as the program does.
        """
        first, last = (float(self.to_x(value)) for value in self.range)
        least = SMALLEST_SHARE * (last - first)
        edges: list[Any] = [first]
        for number, place in enumerate(self.hand_overs(parameters)):
            highest = last - (len(self.patches) - 1 - number) * least
            edges.append(np.minimum(np.maximum(self.to_x(place), edges[-1] + least), highest))
        return edges + [last]

    def patch_state(self, number: int, position: Any, parameters: Mapping[str, Any],
                    constants: Sequence[Any]) -> dict[str, Any]:
        """{state component: values} in the form of a patch: the unknowns and their lower derivatives."""
        patch = self.patches[number]
        symbols = self.scope(with_derivatives(position, max(self.orders) - 1), parameters,
                             **dict(zip(patch.constants, constants)))
        for name, value in patch.compiled_definitions:
            symbols[name] = value(symbols)
        state: dict[str, Any] = {}
        for unknown in self.unknown_list:
            found = derivatives(patch.compiled_solution[unknown.name](symbols), unknown.order - 1)
            state.update(zip(unknown.states, found))
        return state

    def patch_solution(self, number: int, name: str, position: Any, parameters: Mapping[str, Any],
                       constants: Mapping[str, Any]) -> Any:
        """One unknown in the form of a patch, for values of the patch's constants."""
        patch = self.patches[number]
        return self.patch_state(number, position, parameters, [constants[c] for c in patch.constants])[name]

    def rates(self, position: Any, state: Sequence[Any] | np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
        """U' of the first-order system."""
        symbols = {**parameters, self.symbol: position, **dict(zip(self.states, state))}
        for name, value in self._rate_definitions:
            symbols[name] = value(symbols)
        rates: list[Any] = []
        first = 0
        for equation, order in zip(self.equations, self.orders):
            rates += list(state[first + 1: first + order]) + [equation(symbols)]
            first += order
        return np.array(rates)

    def error_scales(self, position: Any, parameters: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        """{unknown: the size that its relative errors refer to}, as the job's `magnitude` says."""
        symbols = self.scope(position, parameters, **state)
        return {name: magnitude(symbols) for name, magnitude in zip(self.unknowns, self.magnitudes)}
