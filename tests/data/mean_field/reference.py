#!/usr/bin/env python3
"""Mean-field fixed points and critical points at 25 digits: writes fixed_points.csv and critical_points.csv beside itself.

Independent of the program: mpmath's arithmetic, root finding and Cartesian trapezoidal sums, which converge faster than
any power of the step for analytic activations; for selu, Gauss-Legendre panels that end at its kink. Run by hand
(python3 reference.py, needs mpmath; some minutes); the tests read the tables.
"""
from __future__ import annotations

import csv
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import mpmath
from mpmath import mpf

mpmath.mp.dps = 25
REACH = mpf(11)  # standard deviations
LAMBDA = mpf("1.0507009873554804934193349852946")
ALPHA = mpf("1.6732632423543772848170429916717")
Function = Callable[[mpf], mpf]


class Activation(NamedTuple):
    value: Function
    slope: Function
    kink: bool = False


def logistic(x: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-x))


ACTIVATIONS = {
    "tanh": Activation(mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "sin": Activation(mpmath.sin, mpmath.cos),
    "erf": Activation(mpmath.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)),
    "silu": Activation(lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * (1 - logistic(x)))),
    "gelu": Activation(lambda x: x * mpmath.ncdf(x), lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x)),
    "selu": Activation(lambda x: LAMBDA * (x if x > 0 else ALPHA * mpmath.expm1(x)),
                       lambda x: LAMBDA if x > 0 else LAMBDA * ALPHA * mpmath.exp(x), kink=True),
}


def average(function: Function, q: mpf, kink: bool) -> mpf:
    """E[function(z)] over a standard normal z, of an activation of sqrt(q) z."""
    if kink:
        return mpmath.quad(lambda z: mpmath.npdf(z) * function(z), [-REACH, -3, 0, 3, REACH])
    step = min(mpf("0.2"), mpf("0.18") / mpmath.sqrt(q))
    count = int(REACH / step)
    return step * mpmath.fsum(mpmath.npdf(i * step) * function(i * step) for i in range(-count, count + 1))


def pair_average(function: Function, q: mpf, c: mpf, kink: bool) -> mpf:
    """E[f(u) f(v)], u and v of variance q and correlation c > 0: both are sqrt(q) (sqrt(c) x + sqrt(1 - c) y) with a common
    x and y's of their own, so that it is the average over x of a square."""
    root, shared, own = mpmath.sqrt(q), mpmath.sqrt(c), mpmath.sqrt(1 - c)

    def inner(x: mpf) -> mpf:
        if not kink:
            return average(lambda y: function(root * (shared * x + own * y)), q, kink)
        edge = -shared * x / own
        ends = sorted({-REACH, REACH, min(max(edge, -REACH), REACH)})
        return mpmath.quad(lambda y: mpmath.npdf(y) * function(root * (shared * x + own * y)), ends)

    if kink:  # analytic in x, as the inner average smooths the kink over own / shared
        step = mpf("0.25") * own / shared
    else:
        step = min(mpf("0.2"), mpf("0.18") / root)
    count = int(REACH / step)
    return step * mpmath.fsum(mpmath.npdf(i * step) * inner(i * step) ** 2 for i in range(-count, count + 1))


class Layer:
    def __init__(self, name: str, sigma_w: mpf, sigma_b: mpf) -> None:
        self.activation, self.w2, self.b2 = ACTIVATIONS[name], sigma_w**2, sigma_b**2

    def length(self, q: mpf) -> mpf:
        act = self.activation
        return self.w2 * average(lambda z: act.value(mpmath.sqrt(q) * z) ** 2, q, act.kink) + self.b2

    def chi(self, q: mpf) -> mpf:
        act = self.activation
        return self.w2 * average(lambda z: act.slope(mpmath.sqrt(q) * z) ** 2, q, act.kink)

    def length_slope(self, q: mpf) -> mpf:
        act = self.activation
        return self.w2 * average(
            lambda z: act.value(mpmath.sqrt(q) * z) * act.slope(mpmath.sqrt(q) * z) * z / mpmath.sqrt(q), q, act.kink)

    def correlation(self, c: mpf, q: mpf) -> mpf:
        return (self.w2 * pair_average(self.activation.value, q, c, self.activation.kink) + self.b2) / q

    def correlation_slope(self, c: mpf, q: mpf) -> mpf:
        return self.w2 * pair_average(self.activation.slope, q, c, self.activation.kink)


def depth(slope: mpf) -> mpf:
    return -1 / mpmath.log(abs(slope))


def fixed_point(name: str, sigma_w: mpf, sigma_b: mpf, guess_q: mpf, guess_c: mpf | None) -> list[mpf]:
    layer = Layer(name, sigma_w, sigma_b)
    q = mpmath.findroot(lambda x: layer.length(x) - x, (guess_q, guess_q * mpf("1.01")), tol=mpf(10) ** -38)
    chi = layer.chi(q)
    if chi < 1:
        return [q, mpf(1), chi, depth(layer.length_slope(q)), depth(chi)]
    c = guess_c
    for _ in range(12):
        step = (layer.correlation(c, q) - c) / (1 - layer.correlation_slope(c, q))
        c += step
        if abs(step) < mpf(10) ** -13:  # the next would be 1e-25
            break
    return [q, c, chi, depth(layer.length_slope(q)), depth(layer.correlation_slope(c, q))]


def critical_point(name: str, sigma_b: mpf, guess: mpf) -> list[mpf]:
    layer = Layer(name, mpf(1), mpf(0))
    q = mpmath.findroot(lambda x: x - layer.length(x) / layer.chi(x) - sigma_b**2, (guess, guess * mpf("1.01")),
                        tol=mpf(10) ** -38)
    return [1 / mpmath.sqrt(layer.chi(q)), q]


# name, sigma_w, sigma_b, guesses of q and c. sigma_w = 1.3, 2.5, 4 at sigma_b = 0.3 are those of Poole et al. 2016, figure 1.
FIXED = [
    ("tanh", "1.3", "0.3", "0.6", None), ("tanh", "2.5", "0.3", "4.1", "0.1"), ("tanh", "4", "0.3", "13", "0.02"),
    ("tanh", "0.9", "0.2", "0.1", None), ("tanh", "1.5", "0.2", "0.9", "0.6"),
    ("erf", "1.2", "0.1", "0.5", "0.5"), ("erf", "0.8", "0.4", "0.3", None),
    ("sin", "1.2", "0.3", "0.7", None), ("sin", "2", "0.2", "2", "0.1"),
    ("silu", "1.2", "0.5", "0.5", None), ("silu", "1.4", "0.8", "17", None),
    ("gelu", "1.3", "0.3", "0.3", None), ("gelu", "1.39", "0.5", "8", None),
    ("selu", "0.9", "0.2", "0.5", None), ("selu", "1.15", "0.3", "2", "0.2"),
]
CRITICAL = [
    ("tanh", "0.2236067977499789696", "0.5"), ("tanh", "0.05", "0.1"), ("tanh", "1", "3"), ("erf", "0.2", "0.5"),
    ("sin", "0.5", "1"), ("silu", "0.5", "5"), ("silu", "0.9", "27"), ("gelu", "0.3", "1.5"), ("gelu", "0.6", "12"),
    ("selu", "0.1", "0.3"), ("selu", "1", "8"),
]


def main() -> None:
    folder = pathlib.Path(__file__).parent

    def text(value: mpf) -> str:
        return mpmath.nstr(value, 16)

    with open(folder / "critical_points.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["activation", "sigma_b", "sigma_w", "q"])
        for name, bias, guess in CRITICAL:
            writer.writerow([name, bias, *map(text, critical_point(name, mpf(bias), mpf(guess)))])
    with open(folder / "fixed_points.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["activation", "sigma_w", "sigma_b", "q", "c", "chi_1", "length_depth", "correlation_depth"])
        for name, weight, bias, guess_q, guess_c in FIXED:
            values = fixed_point(name, mpf(weight), mpf(bias), mpf(guess_q), mpf(guess_c) if guess_c else None)
            writer.writerow([name, weight, bias, *map(text, values)])
            file.flush()


if __name__ == "__main__":
    main()
