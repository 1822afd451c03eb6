"""Expressions: what they compute, what they refuse, and their derivatives."""
import numpy as np
import pytest
from gluesweep_analysis.expressions import compile_expression, derivatives, names_in, with_derivatives

PLACES = np.linspace(0.31, 0.87, 5)
FORMULAS = ["exp(-lambda*x)", "expm1(x)*log(x)", "x**lambda", "lambda**x", "x**x", "log10(x)/log1p(x)",
            "sqrt(x)*sin(x) + cos(x)/tan(x)", "asin(x)*acos(x)", "atan(x) - -x", "sinh(x)*cosh(x)*tanh(x)", "erf(x)",
            "abs(x - 0.5)*x", "min(x, x**2 + 0.1)*max(x**3, 0.2)", "2/(1 + x)", "pi"]


@pytest.mark.parametrize("text", FORMULAS)
def test_derivatives_are_those_of_differences(text):
    function = compile_expression(text)

    def at(x):
        return np.broadcast_to(function({"x": x, "lambda": 2.5}), x.shape)

    found = derivatives(function({"x": with_derivatives(PLACES, 2), "lambda": 2.5}), 2)
    step = 1e-3
    around = [at(PLACES + k * step) for k in (-2, -1, 0, 1, 2)]
    first = (around[0] - 8 * around[1] + 8 * around[3] - around[4]) / (12 * step)
    second = (-around[0] + 16 * around[1] - 30 * around[2] + 16 * around[3] - around[4]) / (12 * step**2)
    for exact, difference in zip(found, (around[2], first, second)):
        np.testing.assert_allclose(np.broadcast_to(exact, PLACES.shape), difference, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("text", ["__import__('os')", "k.real", "[1][0]", "'a'", "open(k)", "k if k else 1",
                                  "lambda: 1", "exp(x=1)", "1 < 2", "cbrt(2)"])
def test_they_compute_and_nothing_else(text):
    with pytest.raises((ValueError, SyntaxError)):
        compile_expression(text)


def test_names_that_python_reserves():
    assert compile_expression("lambda*1e1 + lambda_0")({"lambda": 2.0, "lambda_0": 1.0}) == 21.0
    assert names_in("lambda*exp(x) + y_x") == {"lambda", "exp", "x", "y_x"}
