#pragma once

namespace gluesweep::problem {

/// First- and second-order decay at once, as in jobs/problems/mixed_order_decay.yaml.
constexpr const char* decay = R"yaml(name: decay
variable: {symbol: t, range: [1.0e-4, 1.0e2], scale: log}
parameters: {k1: {default: 0.1}, k2: {default: 100}, A0: {default: 1.0}}
unknowns: {A: {order: 1, magnitude: "abs(A)"}}
equations: {A: "-k1*A - k2*A**2"}
conditions: [{at: start, A: "A0"}]
patches:
  - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "0.1/k1"}
  - {name: first_order, constants: {d: "0"}, solution: {A: "exp(d - k1*t)"}}
)yaml";

/// The misaligned scalar with the leading asymptotic form only, whose equation (1) is short enough for paper.
constexpr const char* scalar = R"yaml(name: scalar
variable: {symbol: t, range: [1.0e-3, 1.0e3], scale: log}
parameters: {m: {default: 10}}
unknowns: {phi: {order: 2, magnitude: "(1 + m*t)**(-0.75)"}}
equations: {phi: "-3/(2*t)*phi_t - m**2*phi"}
conditions: [{at: start, phi: "1", phi_t: "0"}]
patches:
  - {name: frozen, constants: {a: "1", b: "0"}, solution: {phi: "a + b*t**(-0.5)"}, until: "5/m"}
  - name: oscillating
    constants: {a: "1", b: "1"}
    solution: {phi: "(m*t)**(-0.75)*(a*cos(m*t) + b*sin(m*t))"}
)yaml";

/// Michaelis-Menten kinetics once the complex follows the substrate, nonlinear in both constants.
constexpr const char* enzyme = R"yaml(name: enzyme
variable: {symbol: t, range: [1.0e-2, 20], scale: log}
parameters: {kf: {default: 100}, kcat: {default: 5}, kr: {default: 1}, E0: {default: 0.1}}
definitions: {Km: "(kr + kcat)/kf"}
unknowns: {S: {}, C: {magnitude: "E0"}}
equations: {S: "-kf*(E0 - C)*S + kr*C", C: "kf*(E0 - C)*S - (kr + kcat)*C"}
conditions: [{at: start, S: "1", C: "0.09"}]
patches:
  - name: first_order
    constants: {c: "1", d: "0"}
    solution: {S: "c*exp(-kcat*E0*t/Km)", C: "E0*c*exp(-kcat*E0*t/Km)/(Km + c*exp(-kcat*E0*t/Km))*(1 + d)"}
)yaml";

/// Robertson's autocatalysis: three unknowns, constants as factors and inside a reciprocal.
constexpr const char* autocatalysis = R"yaml(name: autocatalysis
variable: {symbol: t, range: [1, 1.0e4], scale: log}
parameters: {k1: {default: 0.04}, k2: {default: 1.0e4}, k3: {default: 3.0e7}}
definitions: {rate: "k3*(k1/k2)**2"}
unknowns: {y1: {}, y2: {magnitude: "max(abs(y2), 1e-12)"}, y3: {magnitude: "max(abs(y3), 1e-6)"}}
equations:
  y1: "-k1*y1 + k2*y2*y3"
  y2: "k1*y1 - k2*y2*y3 - k3*y2**2"
  y3: "k3*y2**2"
conditions: [{at: start, y1: "0.97", y2: "3.0e-5", y3: "0.03"}]
patches:
  - name: late
    constants: {c: "1", d: "0.01", e: "1"}
    solution:
      y1: "1/(c + rate*t)"
      y2: "k1*exp(d)/(k2*(c + rate*t))"
      y3: "e*(1 - 1/(c + rate*t))"
)yaml";

/// One unknown of order three, y''' = -k y.
constexpr const char* third_order = R"yaml(name: third_order
variable: {symbol: x, range: [0, 2], scale: linear}
parameters: {k: {default: 1.0}}
unknowns: {y: {order: 3, magnitude: "1"}}
equations: {y: "-k*y"}
conditions: [{at: start, y: "1", y_x: "0", y_xx: "0"}]
patches:
  - {name: series, constants: {a: "1", b: "0", c: "0"}, solution: {y: "a + b*x + c*x**2"}}
)yaml";

}  // namespace gluesweep::problem
