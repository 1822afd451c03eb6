"""Writes the tables beside it: derived quantities of shipped problems from closed forms and quadratures at 40 digits.

Independent of the program: Friedmann's times are integrals over the scale factor, the growth amplitude follows from
the connection formula of 2F1, the boundary layer from its first integral. Needs mpmath.
"""
import csv

from mpmath import erfi, exp, gamma, log, mp, mpf, pi, quad, sqrt

mp.dps = 40


def write(name, header, rows):
    with open(name + ".csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[repr(float(value)) for value in row] for row in rows])


def friedmann(matter, radiation):
    """t(a) = t0 + integral of dln a / H(a); both crossovers are where two densities are equal."""
    matter, radiation = mpf(matter), mpf(radiation)
    vacuum = 1 - matter - radiation
    rate = lambda u: sqrt(radiation * exp(-4 * u) + matter * exp(-3 * u) + vacuum)
    start = mpf(1e-12)
    first = log(sqrt(2 * sqrt(radiation) * start))
    time = lambda last: start + quad(lambda u: 1 / rate(u), [first + (last - first) * i / 30 for i in range(31)])
    late = mpf(40)  # matter is exp(-120) of the vacuum there
    return [matter, radiation, 3, time(log(radiation / matter)), time(log(matter / vacuum) / 3),
            exp(late - sqrt(vacuum) * time(late))]


def growth(smooth):
    """lim delta y^-p+ of 2F1(-p+, -p-; 1; -y): Abramowitz and Stegun 15.3.7."""
    smooth = mpf(smooth)
    root = sqrt(1 + 24 * (1 - smooth))
    plus, minus = (root - 1) / 4, -(root + 1) / 4
    return [smooth, 10000, gamma(plus - minus) / (gamma(-minus) * gamma(1 + plus))]


def layer(epsilon):
    """epsilon y' + (1 + x) y = K with y(0) = 0: y = K (s(x) - s(0) exp(-(x + x^2/2)/epsilon)) with s Dawson's integral."""
    epsilon = mpf(epsilon)
    dawson = lambda u: sqrt(pi) / 2 * exp(-u * u) * erfi(u)
    slow = lambda x: sqrt(2 / epsilon) * dawson((1 + x) / sqrt(2 * epsilon))
    outer = 1 / (slow(1) - slow(0) * exp(-mpf(3) / (2 * epsilon)))
    return [epsilon, 1, outer, -outer * slow(0)]


write("friedmann_background", ["Omega_m", "Omega_r", "t", "matter_radiation_crossover", "matter_vacuum_crossover",
                               "late_amplitude"],
      [friedmann(m, r) for m, r in [(0.1, 1e-5), (0.1, 1e-3), (0.31, 9e-5), (0.5, 1e-5), (0.5, 1e-3)]])
write("meszaros_growth", ["f_smooth", "y", "growth_amplitude"], [growth(f) for f in [0, 0.05, 0.1, 0.2, 0.3]])
write("boundary_layer", ["epsilon", "x", "outer_amplitude", "layer_amplitude"],
      [layer(e) for e in [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]])
