"""Independent values of derived quantities, as quoted in tests/unit/training/physics_test.cpp: other integrators
(scipy's Radau and DOP853 at rtol 1e-12 or less), other formulas, no networks.   /usr/bin/python3 integrate.py
"""

import numpy as np
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq


def tensor_modes(k):
    """Late amplitude and phase, k a h -> A sin(k eta + delta), of v'' + (k^2 - q) v = 0, v = a h, q = 2/(eta (eta + 2)).

    Read off at k eta > 3000 from the adiabatic invariant of second order, whose error there is (k eta)^-4.
    """
    q = lambda eta: 2 / (eta * (eta + 2))
    start, end = 1e-3, max(200.0, 3000.0 / k)
    solution = solve_ivp(lambda eta, y: [y[1], (q(eta) - k * k) * y[0]], (start, end),
                         [start * (start + 2), 2 * start + 2], method="DOP853", rtol=3e-14, atol=1e-16)
    v, v_eta = solution.y[:, -1]
    omega = np.sqrt(k * k - q(end))
    omega_eta = 2 * (end + 1) / (end * (end + 2)) ** 2 / omega
    sine, cosine = omega * v, v_eta + omega_eta / (2 * omega) * v
    amplitude = np.hypot(sine, cosine) * np.sqrt(k / omega)
    rest = quad(lambda u: (np.sqrt(k * k - q(1 / u)) - k) / u**2, 0, 1 / end)[0]
    phase = np.arctan2(sine, cosine) - k * end + rest
    return amplitude, (phase + np.pi / 2) % np.pi - np.pi / 2


def crossing(frames, inverses, magnitudes, state, low, high):
    """Where the drifts sqrt(sum_k (rho_k dC_k/dln t)^2) of two frames are equal, the first one's rising."""
    def drift(frame, inverse, x):
        t, step = np.exp(x), 1e-4
        constants = np.array(inverse(t, state(t)))
        a, b, c, d = (np.array(inverse(np.exp(x + j * step), state(np.exp(x + j * step)))) for j in (-2, -1, 1, 2))
        slopes = (a - 8 * b + 8 * c - d) / (12 * step)
        total = 0.0
        for k in range(len(constants)):
            change = np.zeros(len(constants))
            change[k] = 1e-6 * max(1, abs(constants[k]))
            column = (np.array(frame(t, constants + change)) - np.array(frame(t, constants - change))) / (2 * change[k])
            total += (np.max(np.abs(column) / magnitudes(state(t))) * slopes[k]) ** 2
        return np.sqrt(total)

    ratio = lambda x: np.log(drift(frames[0], inverses[0], x) / drift(frames[1], inverses[1], x))
    places = np.linspace(np.log(low), np.log(high), 400)
    values = [ratio(x) for x in places]
    found = [(a, b) for a, b, p, q in zip(places, places[1:], values, values[1:]) if p < 0 <= q]
    assert len(found) == 1
    return np.exp(brentq(ratio, *found[0], xtol=1e-13))


def michaelis_menten(kf, kcat, kr=1.0, E0=0.1, S0=1.0):
    """Amplitude of the late decay of S + C, and the time at which saturation ends."""
    total = kf * E0 + kr + kcat
    decay = 2 * kf * E0 * kcat / (total + np.sqrt(total**2 - 4 * kf * E0 * kcat))
    K = kcat * E0 / decay
    root = lambda T: 2 * E0 * T / (K + T + np.sqrt((K + T) ** 2 - 4 * E0 * T))
    right = lambda t, y: [-kf * (E0 - y[1]) * y[0] + kr * y[1], kf * (E0 - y[1]) * y[0] - (kr + kcat) * y[1]]

    def logarithmic(t, y):  # ln(S + C), ln C: the substrate decays over hundreds of decades
        T, C = np.exp(y)
        return [-kcat * C / T, (kf * (E0 - C) * (T - C) - (kr + kcat) * C) / C]

    early = solve_ivp(right, (1e-4, 1e-3), [S0, 0.0], method="Radau", rtol=1e-12, atol=1e-16).y[:, -1]
    late = solve_ivp(logarithmic, (1e-3, 20), [np.log(sum(early)), np.log(early[1])], method="Radau", rtol=1e-12,
                     atol=1e-13)
    whole = solve_ivp(right, (1e-4, 8.0), [S0, 0.0], method="Radau", rtol=1e-12, atol=1e-15, dense_output=True)
    full = root(S0)
    from_total = lambda T, c: (T - np.exp(c) * root(T), np.exp(c) * root(T))
    slaved = lambda U: np.log(U[1] / root(U[0] + U[1]))
    time = crossing(
        (lambda t, c: from_total(c[0] - kcat * full * (t - 1e-4), c[1]),
         lambda t, c: from_total(np.exp(c[0] - decay * t), c[1])),
        (lambda t, U: (U[0] + U[1] + kcat * full * (t - 1e-4), slaved(U)),
         lambda t, U: (np.log(U[0] + U[1]) + decay * t, slaved(U))),
        lambda U: (abs(U[0]), E0), whole.sol, 0.2 * S0 / (kcat * full), 2 * S0 / (kcat * full))
    return np.exp(late.y[0, -1] + decay * 20), time


def robertson(k1, k3, k2=1e4):
    """1/(y1 + y2) - K t at 1e7, and the time at which A runs out."""
    K = k3 * (k1 / k2) ** 2
    right = lambda t, y: [k1 * (1 - y[0] - y[1]) - k2 * y[0] * y[1] - k3 * y[0] ** 2, k3 * y[0] ** 2]  # y2, y3

    def logarithmic(t, y):  # ln(y1 + y2), ln y2
        z, y2 = np.exp(y)
        return [-k3 * y2**2 / z, (k1 * (z - y2) - k2 * y2 * (1 - z) - k3 * y2**2) / y2]

    whole = solve_ivp(right, (1e-5, 3 / K), [0.0, 0.0], method="Radau", rtol=1e-12, atol=1e-17, dense_output=True)
    y2, y3 = whole.sol(1.0)
    late = solve_ivp(logarithmic, (1.0, 1e7), [np.log(1 - y3), np.log(y2)], method="Radau", rtol=1e-12, atol=1e-13)
    state = lambda t: (lambda y: (1 - y[0] - y[1], y[0], y[1]))(whole.sol(t))
    grown = lambda t: (1 / (k1 * t) ** 3 + 1 / (3 * K * t)) ** (-1 / 3)
    steady = lambda C: 2 * k1 * (1 - C) / (k2 * C + np.sqrt((k2 * C) ** 2 + 4 * k1 * k3 * (1 - C)))

    def growth(t, c):
        C = grown(t) * np.exp(c[2])
        B = steady(C) * np.exp(c[1])
        return 1 + c[0] - B - C, B, C

    def relaxed(t, c):
        z = 1 / (c[2] + K * t)
        share = k1 / k2 / (1 - z) * np.exp(c[1])
        return z * (1 - share), z * share, 1 + c[0] - z

    def of_relaxed(t, U):
        z = U[0] + U[1]
        return 0.0, np.log(U[1] / z * (1 - z) * k2 / k1), 1 / z - K * t

    time = crossing((growth, relaxed),
                    (lambda t, U: (sum(U) - 1, np.log(U[1] / steady(U[2])), np.log(U[2] / grown(t))), of_relaxed),
                    lambda U: U, state, 0.02 / K, 2 / K)
    return np.exp(-late.y[0, -1]) - K * 1e7, time


if __name__ == "__main__":
    for k in (0.1, 0.3, 1, 3, 10, 100):
        print("tensor_modes", k, *(f"{value:.11g}" for value in tensor_modes(k)))
    for point in ((100, 3), (40, 9)):
        print("michaelis_menten", *point, *(f"{value:.11g}" for value in michaelis_menten(*point)))
    for point in ((0.04, 3e7), (0.08, 1e8)):
        print("robertson", *point, *(f"{value:.11g}" for value in robertson(*point)))
