#pragma once

namespace gluesweep::training {

/// First- and second-order decay with the frame of the first order alone.
constexpr const char* one_patch_decay = R"yaml(name: one_patch_decay
variable: {symbol: t, range: [1.0e-2, 1.0e1], scale: log}
parameters: {k1: {default: 0.3}, k2: {default: 40}}
unknowns: {A: {magnitude: "abs(A)"}}
equations: {A: "-k1*A - k2*A**2"}
conditions: [{at: start, A: "1"}]
patches: [{name: first_order, constants: {d: "0"}, solution: {A: "exp(d - k1*t)"}}]
exact: {A: "1/((1 + k2/k1)*exp(k1*(t - 1.0e-2)) - k2/k1)"}
)yaml";

/// y'' = k^2 y, y(0) = 0, y(1) = 1, in frames that solve y'' = 0.
constexpr const char* hyperbolic_ends = R"yaml(name: hyperbolic_ends
variable: {symbol: x, range: [0, 1], scale: linear}
parameters: {k: {default: 1}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "k**2*y"}
conditions: [{at: start, y: "0"}, {at: end, y: "1"}]
patches:
  - {name: left, constants: {a: "0", b: "1"}, solution: {y: "a + b*x"}, until: "0.4"}
  - {name: right, constants: {a: "0", b: "1"}, solution: {y: "a + b*(x - 1)"}}
exact: {y: "sinh(k*x)/sinh(k)"}
)yaml";

/// y'' = 6 y^2 between y(1) = 1 and y(2) = 1/4, which has y = 1/x^2.
constexpr const char* nonlinear_ends = R"yaml(name: nonlinear_ends
variable: {symbol: x, range: [1, 2], scale: linear}
parameters: {s: {default: 1}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "6*y**2"}
conditions: [{at: start, y: "s"}, {at: end, y: "0.25"}]
patches:
  - {name: left, constants: {a: "1.75", b: "-0.75"}, solution: {y: "a + b*x"}, until: "1.4"}
  - {name: right, constants: {a: "1.75", b: "-0.75"}, solution: {y: "a + b*x"}}
exact: {y: "1/x**2"}
)yaml";

/// epsilon y'' + (1 + x) y' + y = 0, y(0) = 0, y(1) = 1 (Bender and Orszag, section 9.1): a layer of width
/// epsilon at 0, outside of which y = 2/(1 + x). Second constants are chosen such that neither frame
/// degenerates where exp(-x/epsilon) underflows.
constexpr const char* boundary_layer = R"yaml(name: boundary_layer
variable: {symbol: x, range: [0, 1], scale: linear}
parameters: {epsilon: {default: 0.01}}
unknowns: {y: {order: 2, magnitude: "max(abs(y), 1e-3)"}}
equations: {y: "-((1 + x)*y_x + y)/epsilon"}
conditions: [{at: start, y: "0"}, {at: end, y: "1"}]
patches:
  - name: inner
    constants: {a: "2", b: "-2"}
    solution: {y: "a + b*(exp(-x/epsilon) - x)"}
    until: "10*epsilon"
    overlap: "epsilon"
    resolve: ["epsilon"]
  - name: outer
    constants: {c: "2", d: "0"}
    solution: {y: "c/(1 + x) + d"}
)yaml";

/// A <-> B with rates f and b, as two unknowns; the sum is conserved.
constexpr const char* reversible = R"yaml(name: reversible
variable: {symbol: t, range: [1.0e-3, 1.0e2], scale: log}
parameters: {f: {default: 1}, b: {default: 0.5}}
unknowns: {A: {magnitude: "1"}, B: {magnitude: "1"}}
equations: {A: "-f*A + b*B", B: "f*A - b*B"}
conditions: [{at: start, A: "1", B: "0"}]
patches:
  - name: early
    constants: {p: "1", q: "0"}
    solution: {A: "p - f*t", B: "q + f*t"}
    until: "0.3/(f + b)"
  - name: late
    constants: {p: "b/(f + b)", q: "f/(f + b)"}
    solution: {A: "p + 0*t", B: "q"}
exact:
  A: "(b + f*exp(-(f + b)*(t - 1.0e-3)))/(f + b)"
  B: "f*(1 - exp(-(f + b)*(t - 1.0e-3)))/(f + b)"
)yaml";

/// y''' = -k^3 y, from the polynomial frame of y''' = 0 to the exact one.
constexpr const char* third_order = R"yaml(name: third_order
variable: {symbol: x, range: [0, 3], scale: linear}
parameters: {k: {default: 1}}
unknowns: {y: {order: 3, magnitude: "1"}}
equations: {y: "-k**3*y"}
conditions: [{at: start, y: "1", y_x: "-k", y_xx: "k**2"}]
patches:
  - name: series
    constants: {a: "1", b: "0", c: "0"}
    solution: {y: "a + b*x + c*x**2"}
    until: "0.8"
  - name: modes
    constants: {a: "1", b: "0", c: "0"}
    solution: {y: "a*exp(-x) + b*cos(x) + c*sin(x)"}
exact: {y: "exp(-k*x)"}
)yaml";

}  // namespace gluesweep::training
