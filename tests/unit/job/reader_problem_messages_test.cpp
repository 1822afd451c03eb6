#include <gtest/gtest.h>

#include "workspace.hpp"

namespace gluesweep::job {
namespace {

/// Messages about the problem: one edit of a good job and the message that it provokes.
struct Case {
  const char* what;
  const char* file;
  const char* from;  ///< null: the whole file
  const char* to;
  const char* message;
};

// clang-format off
const Case cases[] = {
      {"unknown key", "mixed_order_decay_problem.yaml", "equations:", "equation:",
       R"-(mixed_order_decay_problem.yaml:14:1: problem.equation: unknown key "equation"; did you mean "equations"?
    equation: {A: "-k1*A - k2*A**2"}
    ^
  accepted keys: name, description, variable, parameters, definitions, unknowns, equations, conditions, patches, derived, exact, network)-"},
      {"missing name", "mixed_order_decay_problem.yaml", "name: mixed_order_decay\n", "",
       R"-(mixed_order_decay_problem.yaml:2:1: problem.name: the key is missing
    description: A species consumed in first and second order.
    ^
  give the problem a name, e.g. `name: decay`)-"},
      {"bad name", "mixed_order_decay_problem.yaml", "name: mixed_order_decay", "name: mixed-order",
       R"-(mixed_order_decay_problem.yaml:2:7: problem.name: "mixed-order" is not a name
    name: mixed-order
          ^
  a name is a letter followed by letters, digits and underscores)-"},
      {"missing variable", "mixed_order_decay_problem.yaml", "variable: {symbol: t, range: [1.0e-4, 1.0e2], scale: log, unit: s, label: time}\n", "",
       R"-(mixed_order_decay_problem.yaml:2:1: problem.variable: the key is missing
    name: mixed_order_decay
    ^
  give {symbol: ..., range: [start, end], scale: linear or log})-"},
      {"missing symbol", "mixed_order_decay_problem.yaml", "symbol: t, ", "",
       R"-(mixed_order_decay_problem.yaml:4:1: problem.variable.symbol: the key is missing
    variable: {range: [1.0e-4, 1.0e2], scale: log, unit: s, label: time}
    ^
  give the independent variable's name, e.g. `symbol: t`)-"},
      {"variable named like a function", "mixed_order_decay_problem.yaml", "symbol: t,", "symbol: exp,",
       R"-(mixed_order_decay_problem.yaml:4:12: problem.variable.symbol: the name "exp" for the variable is taken: it is a function of expressions
    variable: {symbol: exp, range: [1.0e-4, 1.0e2], scale: log, unit: s, label: time}
               ^
  choose another name)-"},
      {"missing scale of the variable", "mixed_order_decay_problem.yaml", "1.0e2], scale: log", "1.0e2]",
       R"-(mixed_order_decay_problem.yaml:4:1: problem.variable.scale: the key is missing
    variable: {symbol: t, range: [1.0e-4, 1.0e2], unit: s, label: time}
    ^
  accepted: linear, log; with log the points, frames and networks are laid out in the logarithm of the variable, so there is no default)-"},
      {"missing range of the variable", "mixed_order_decay_problem.yaml", "range: [1.0e-4, 1.0e2], ", "",
       R"-(mixed_order_decay_problem.yaml:4:1: problem.variable.range: the key is missing
    variable: {symbol: t, scale: log, unit: s, label: time}
    ^
  give [start, end] of the variable)-"},
      {"empty range of the variable", "mixed_order_decay_problem.yaml", "[1.0e-4, 1.0e2]", "[1, 1]",
       R"-(mixed_order_decay_problem.yaml:4:30: problem.variable.range: the range is empty: low 1 is not below high 1
    variable: {symbol: t, range: [1, 1], scale: log, unit: s, label: time}
                                 ^
  give two increasing numbers)-"},
      {"log scale over zero", "mixed_order_decay_problem.yaml", "[1.0e-4, 1.0e2]", "[-1, 1]",
       R"-(mixed_order_decay_problem.yaml:4:30: problem.variable.range: a log scale needs bounds above 0, low is -1
    variable: {symbol: t, range: [-1, 1], scale: log, unit: s, label: time}
                                 ^
  raise it or use `scale: linear`)-"},
      {"default not a number", "mixed_order_decay_problem.yaml", "default: 100", "default: high",
       R"-(mixed_order_decay_problem.yaml:7:17: problem.parameters.k2.default: a number is needed, not "high"
    k2: {default: high, unit: L/(mol s), label: second-order rate}
                  ^
  write it like 0.5 or 1e-3, without quotes or units)-"},
      {"default not finite", "mixed_order_decay_problem.yaml", "default: 100", "default: .inf",
       R"-(mixed_order_decay_problem.yaml:7:17: problem.parameters.k2.default: a finite number is needed, not ".inf"
    k2: {default: .inf, unit: L/(mol s), label: second-order rate}
                  ^
  a number is 0 or has a size from about 1e-307 to 1.8e308)-"},
      {"unit with a line break", "mixed_order_decay_problem.yaml", "unit: mol/L}\ndef", R"(unit: "mol\nL"}
def)",
       R"-(mixed_order_decay_problem.yaml:8:28: problem.parameters.A0.unit: the text "mol\nL" has a line break or tab
    A0: {default: 1.0, unit: "mol\nL"}
                             ^
  write it on one line)-"},
      {"unknown key of a parameter", "mixed_order_decay_problem.yaml", "{default: 1.0, unit", "{defualt: 1.0, unit",
       R"-(mixed_order_decay_problem.yaml:8:8: problem.parameters.A0.defualt: unknown key "defualt"; did you mean "default"?
    A0: {defualt: 1.0, unit: mol/L}
         ^
  accepted keys: default, unit, label)-"},
      {"parameter that is no name", "mixed_order_decay_problem.yaml", "  A0:", "  2A:",
       R"-(mixed_order_decay_problem.yaml:8:3: problem.parameters.2A: "2A" is not a name
    2A: {default: 1.0, unit: mol/L}
    ^
  a name is a letter followed by letters, digits and underscores)-"},
      {"parameter named pi", "mixed_order_decay_problem.yaml", "  A0:", "  pi:",
       R"-(mixed_order_decay_problem.yaml:8:3: problem.parameters.pi: the name "pi" for a parameter is taken: it is the number pi
    pi: {default: 1.0, unit: mol/L}
    ^
  choose another name)-"},
      {"parameter named like the variable", "mixed_order_decay_problem.yaml", "  A0:", "  t:",
       R"-(mixed_order_decay_problem.yaml:8:3: problem.parameters.t: the name "t" for a parameter is taken: it is the variable
    t: {default: 1.0, unit: mol/L}
    ^
  choose another name)-"},
      {"parameter named like a file variable", "mixed_order_decay_problem.yaml", "  A0:", "  status:",
       R"-(mixed_order_decay_problem.yaml:8:3: problem.parameters.status: the name "status" for a parameter is taken: it is a variable of the sweep file
    status: {default: 1.0, unit: mol/L}
    ^
  choose another name)-"},
      {"parameter named like a crossover", "mixed_order_decay_problem.yaml", "  A0:", "  crossover_x:",
       R"-(mixed_order_decay_problem.yaml:8:3: problem.parameters.crossover_x: the name "crossover_x" for a parameter is taken: it is of the form crossover_*, a variable of the sweep file
    crossover_x: {default: 1.0, unit: mol/L}
    ^
  choose another name)-"},
      {"definition named like a parameter", "mixed_order_decay_problem.yaml", "  kappa:", "  k1:",
       R"-(mixed_order_decay_problem.yaml:10:3: problem.definitions.k1: the name "k1" for a definition is taken: it is a parameter
    k1: "k2*A0/k1"
    ^
  choose another name)-"},
      {"unknown named like a definition", "mixed_order_decay_problem.yaml", "  A: {order", "  kappa: {order",
       R"-(mixed_order_decay_problem.yaml:13:3: problem.unknowns.kappa: the name "kappa" for an unknown is taken: it is a definition
    kappa: {order: 1, unit: mol/L, label: concentration, magnitude: "abs(A)"}
    ^
  choose another name)-"},
      {"parameter named like an end value", "mixed_order_decay_problem.yaml", "  A0:", "  A_end: {}\n  A0:",
       R"-(mixed_order_decay_problem.yaml:14:3: problem.unknowns.A: the name "A_end" for the value of A at the end is taken: it is a parameter
    A: {order: 1, unit: mol/L, label: concentration, magnitude: "abs(A)"}
    ^
  choose another name)-"},
      {"parameter named like the matching solution", "mixed_order_decay_problem.yaml", "  A0:", "  A_matching: {}\n  A0:",
       R"-(mixed_order_decay_problem.yaml:14:3: problem.unknowns.A: the name "A_matching" for the matching solution of A is taken: it is a parameter
    A: {order: 1, unit: mol/L, label: concentration, magnitude: "abs(A)"}
    ^
  choose another name)-"},
      {"parameter named like a derivative", "oscillator.yaml", "    drag: {default", "    phi_t: {default",
       R"-(oscillator.yaml:9:5: problem.unknowns.phi: the name "phi_t" for a derivative of phi is taken: it is a parameter
    phi: {order: 2, magnitude: "max(abs(phi), 1e-3)"}
    ^
  choose another name)-"},
      {"parameter named like a stored constant", "mixed_order_decay_problem.yaml", "  A0:", "  first_order_d: {}\n  A0:",
       R"-(mixed_order_decay_problem.yaml:19:37: problem.patches.1.constants.d: the name "first_order_d" for a constant of patch first_order is taken: it is a parameter
    - {name: first_order, constants: {d: "log(A0) - log(1 + kappa)"}, solution: {A: "exp(d)*decay"}}
                                      ^
  choose another name)-"},
      {"derived named like a limit", "mixed_order_decay_problem.yaml", "  late_amplitude:", "  first_order_d_limit:",
       R"-(mixed_order_decay_problem.yaml:20:3: problem.derived.first_order_d_limit: the name "first_order_d_limit" for a derived quantity is taken: it is the limit of first_order_d
    first_order_d_limit: "exp(first_order_d_limit)"
    ^
  choose another name)-"},
      {"derived named like a parameter", "mixed_order_decay_problem.yaml", "  late_amplitude:", "  k1:",
       R"-(mixed_order_decay_problem.yaml:20:3: problem.derived.k1: the name "k1" for a derived quantity is taken: it is a parameter
    k1: "exp(first_order_d_limit)"
    ^
  choose another name)-"},
      {"constant named like a parameter", "mixed_order_decay_problem.yaml", R"({c: "1/A0"})", R"({k1: "1/A0"})",
       R"-(mixed_order_decay_problem.yaml:17:38: problem.patches.0.constants.k1: the name "k1" for a constant of patch second_order is taken: it is a parameter
    - {name: second_order, constants: {k1: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
                                       ^
  choose another name)-"},
      {"constant named like a function", "mixed_order_decay_problem.yaml", R"({c: "1/A0"})", R"({max: "1/A0"})",
       R"-(mixed_order_decay_problem.yaml:17:38: problem.patches.0.constants.max: the name "max" for a constant of patch second_order is taken: it is a function of expressions
    - {name: second_order, constants: {max: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
                                       ^
  choose another name)-"},
      {"definition uses a later one", "mixed_order_decay_problem.yaml", R"("k2*A0/k1")", R"("k2*decay")",
       R"-(mixed_order_decay_problem.yaml:10:14: problem.definitions.kappa: "decay" cannot be used here: it is a later definition; definitions use earlier ones only
    kappa: "k2*decay"
               ^
  accepted here: t, k1, k2, A0)-"},
      {"definition uses itself", "mixed_order_decay_problem.yaml", R"("k2*A0/k1")", R"("1 + kappa")",
       R"-(mixed_order_decay_problem.yaml:10:15: problem.definitions.kappa: "kappa" cannot be used here: it is the definition itself, which would never end
    kappa: "1 + kappa"
                ^
  accepted here: t, k1, k2, A0)-"},
      {"definition uses an unknown", "mixed_order_decay_problem.yaml", R"("k2*A0/k1")", R"("k2*A")",
       R"-(mixed_order_decay_problem.yaml:10:14: problem.definitions.kappa: "A" cannot be used here: it is an unknown; a definition uses the variable and parameters
    kappa: "k2*A"
               ^
  accepted here: t, k1, k2, A0)-"},
      {"definition is not an expression", "mixed_order_decay_problem.yaml", R"("k2*A0/k1")", "[1, 2]",
       R"-(mixed_order_decay_problem.yaml:10:10: problem.definitions.kappa: an expression is needed, not a list
    kappa: [1, 2]
           ^
  give one value)-"},
      {"no unknowns", "mixed_order_decay_problem.yaml", R"-(
  A: {order: 1, unit: mol/L, label: concentration, magnitude: "abs(A)"})-", " {}",
       R"-(mixed_order_decay_problem.yaml:12:11: problem.unknowns: there are no unknowns
    unknowns: {}
              ^
  name what the equations determine, e.g. `A: {order: 1}`)-"},
      {"order out of range", "mixed_order_decay_problem.yaml", "order: 1", "order: 0",
       R"-(mixed_order_decay_problem.yaml:13:14: problem.unknowns.A.order: 0 is out of range
    A: {order: 0, unit: mol/L, label: concentration, magnitude: "abs(A)"}
               ^
  accepted: an integer from 1 to 8)-"},
      {"magnitude uses a constant", "mixed_order_decay_problem.yaml", R"-("abs(A)")-", R"-("abs(d)")-",
       R"-(mixed_order_decay_problem.yaml:13:68: problem.unknowns.A.magnitude: "d" cannot be used here: it is a constant of patch first_order
    A: {order: 1, unit: mol/L, label: concentration, magnitude: "abs(d)"}
                                                                     ^
  accepted here: t, k1, k2, A0, kappa, decay, A)-"},
      {"missing equations", "mixed_order_decay_problem.yaml", R"(equations: {A: "-k1*A - k2*A**2"}
)", "",
       R"-(mixed_order_decay_problem.yaml:2:1: problem.equations: the key is missing
    name: mixed_order_decay
    ^
  give every unknown's highest derivative as an expression)-"},
      {"missing equation", "oscillator.yaml", R"(, q: "phi - q"})", "}",
       R"-(oscillator.yaml:11:3: problem.equations.q: the key is missing
    equations: {phi: "-omega**2*phi - drag*phi_t"}
    ^
  give every unknown's highest derivative as an expression)-"},
      {"equation of no unknown", "mixed_order_decay_problem.yaml", R"({A: "-k1*A - k2*A**2"})", R"({A: "-k1*A", B: "1"})",
       R"-(mixed_order_decay_problem.yaml:14:25: problem.equations.B: unknown key "B"
    equations: {A: "-k1*A", B: "1"}
                            ^
  accepted keys: A)-"},
      {"bad expression", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A - k2*A^2")",
       R"-(mixed_order_decay_problem.yaml:14:29: problem.equations.A: '^' is not accepted in an expression
    equations: {A: "-k1*A - k2*A^2"}
                                ^
  write ** for a power)-"},
      {"bad expression in single quotes", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", "'-k1*A - '' k2*A'",
       R"-(mixed_order_decay_problem.yaml:14:25: problem.equations.A: ''' is not accepted in an expression
    equations: {A: '-k1*A - '' k2*A'}
                            ^
  text is not accepted inside an expression; write names without quotes)-"},
      {"bad expression without quotes", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", "-k1*A - k2*A.real",
       R"-(mixed_order_decay_problem.yaml:14:28: problem.equations.A: '.' is not accepted in an expression
    equations: {A: -k1*A - k2*A.real}
                               ^
  attribute access is not accepted; a point belongs to a number only)-"},
      {"bad expression with escapes", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("\x2dk1*A - k2 k1")",
       R"-(mixed_order_decay_problem.yaml:14:31: problem.equations.A: "k1" is not expected here
    equations: {A: "\x2dk1*A - k2 k1"}
                                  ^
  an operator is missing before it; accepted: numbers, names, + - * / **, parentheses and elementary functions)-"},
      {"bad expression behind an anchor", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"-(&rate "-k1*A - k2*sinn(A)")-",
       R"-(mixed_order_decay_problem.yaml:14:34: problem.equations.A: "sinn" is not a function; did you mean "sin" or "sinh"?
    equations: {A: &rate "-k1*A - k2*sinn(A)"}
                                     ^
  accepted functions: exp, expm1, log, log10, log1p, sqrt, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, erf, abs, min, max; write * for a product)-"},
      {"bad expression over two lines", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A -
  k2*A % 2")",
       R"-(mixed_order_decay_problem.yaml:14:16: problem.equations.A: '%' is not accepted in an expression (character 14 of the expression, in "-k1*A - k2*A % 2")
    equations: {A: "-k1*A -
                   ^
  there is no remainder or percent; accepted operators: + - * / **)-"},
      {"bad expression in a folded block", "mixed_order_decay_problem.yaml", R"(equations: {A: "-k1*A - k2*A**2"})", "equations:\n  A: >-\n    -k1*A\n    -k2*A**2 = 0",
       R"-(mixed_order_decay_problem.yaml:15:6: problem.equations.A: '=' is not accepted in an expression (character 16 of the expression, in "-k1*A -k2*A**2 = 0")
    A: >-
       ^
  an expression is a value, not a statement or comparison)-"},
      {"expression with a line break", "mixed_order_decay_problem.yaml", R"(equations: {A: "-k1*A - k2*A**2"})", "equations:\n  A: |\n    -k1*A\n    -k2*A**2",
       R"-(mixed_order_decay_problem.yaml:15:6: problem.equations.A: a line break is not accepted in an expression (character 6 of the expression, in "-k1*A\n-k2*A**2\n")
    A: |
       ^
  an expression is one line; YAML's `>-` folds several lines into one)-"},
      {"expression with an escaped line break", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A\n- k2*A**2")",
       R"-(mixed_order_decay_problem.yaml:14:22: problem.equations.A: a line break is not accepted in an expression
    equations: {A: "-k1*A\n- k2*A**2"}
                         ^
  an expression is one line; YAML's `>-` folds several lines into one)-"},
      {"empty expression", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("")",
       R"-(mixed_order_decay_problem.yaml:14:17: problem.equations.A: the expression is empty
    equations: {A: ""}
                    ^
  write a number, a name or a formula)-"},
      {"absent expression", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", "",
       R"-(mixed_order_decay_problem.yaml:14:13: problem.equations.A: an expression is needed, nothing is given
    equations: {A: }
                ^
  give one value)-"},
      {"mapping for an expression", "mixed_order_decay_problem.yaml", R"({A: "-k1*A - k2*A**2"})", "{A: {a: 1}}",
       R"-(mixed_order_decay_problem.yaml:14:16: problem.equations.A: an expression is needed, not a mapping
    equations: {A: {a: 1}}
                   ^
  give one value)-"},
      {"unknown symbol", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A - k22*A**2")",
       R"-(mixed_order_decay_problem.yaml:14:25: problem.equations.A: unknown symbol "k22"; did you mean "k2"?
    equations: {A: "-k1*A - k22*A**2"}
                            ^
  accepted here: t, k1, k2, A0, kappa, decay, A)-"},
      {"unknown symbol far from all", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A - temperature")",
       R"-(mixed_order_decay_problem.yaml:14:25: problem.equations.A: unknown symbol "temperature"
    equations: {A: "-k1*A - temperature"}
                            ^
  accepted here: t, k1, k2, A0, kappa, decay, A)-"},
      {"UTF-8 before the caret", "mixed_order_decay_problem.yaml", "{symbol: t, range: [1.0e-4, 1.0e2], scale: log, unit: s, label: time}", R"({symbol: t, range: [1.0e-4, 1.0e2], label: "ζ é 時", unit: s, scale: lg})",
       R"-(mixed_order_decay_problem.yaml:4:79: problem.variable.scale: unknown value "lg"; did you mean "log"?
    variable: {symbol: t, range: [1.0e-4, 1.0e2], label: "ζ é 時", unit: s, scale: lg}
                                                                                  ^
  accepted: linear, log)-"},
      {"exact of no unknown", "mixed_order_decay_problem.yaml", "exact: {A:", "exact: {B:",
       R"-(mixed_order_decay_problem.yaml:22:9: problem.exact.B: unknown key "B"
    exact: {B: "A0*decay/(1 + kappa*(1 - decay))"}
            ^
  accepted keys: A)-"},
      {"exact uses the unknown", "mixed_order_decay_problem.yaml", R"-("A0*decay/(1 + kappa*(1 - decay))")-", R"("A")",
       R"-(mixed_order_decay_problem.yaml:22:13: problem.exact.A: "A" cannot be used here: it is an unknown
    exact: {A: "A"}
                ^
  accepted here: t, k1, k2, A0, kappa, decay)-"},
      {"missing conditions", "mixed_order_decay_problem.yaml", R"(conditions: [{at: start, A: "A0"}]
)", "",
       R"-(mixed_order_decay_problem.yaml:2:1: problem.conditions: the key is missing
    name: mixed_order_decay
    ^
  give a list like [{at: start, A: ...}])-"},
      {"conditions that are no list", "mixed_order_decay_problem.yaml", R"([{at: start, A: "A0"}])", R"({at: start, A: "A0"})",
       R"-(mixed_order_decay_problem.yaml:15:13: problem.conditions: a list is needed, not a mapping
    conditions: {at: start, A: "A0"}
                ^
  write [first, second, ...])-"},
      {"too few conditions", "mixed_order_decay_problem.yaml", R"([{at: start, A: "A0"}])", "[]",
       R"-(mixed_order_decay_problem.yaml:15:1: problem.conditions: 0 conditions for 1 state component (A)
    conditions: []
    ^
  give exactly 1)-"},
      {"too many conditions", "oscillator.yaml", R"(, phi_t: "0"})", R"(, phi_t: "0", q: "0"})",
       R"-(oscillator.yaml:12:3: problem.conditions: 4 conditions for 3 state components (phi, phi_t, q)
    conditions:
    ^
  give exactly 3)-"},
      {"condition on nothing", "mixed_order_decay_problem.yaml", R"({at: start, A: "A0"})", "{at: start}",
       R"-(mixed_order_decay_problem.yaml:15:14: problem.conditions.0: this condition gives no value
    conditions: [{at: start}]
                 ^
  add one of: A)-"},
      {"condition on an unknown component", "mixed_order_decay_problem.yaml", R"({at: start, A: "A0"})", R"({at: start, A_t: "A0"})",
       R"-(mixed_order_decay_problem.yaml:15:26: problem.conditions.0.A_t: unknown key "A_t"; did you mean "at"?
    conditions: [{at: start, A_t: "A0"}]
                             ^
  accepted keys: at, A)-"},
      {"condition without place", "mixed_order_decay_problem.yaml", R"({at: start, A: "A0"})", R"({A: "A0"})",
       R"-(mixed_order_decay_problem.yaml:15:14: problem.conditions.0.at: the key is missing
    conditions: [{A: "A0"}]
                 ^
  accepted: start, end or a number of t)-"},
      {"condition at an unknown word", "mixed_order_decay_problem.yaml", "at: start", "at: begin",
       R"-(mixed_order_decay_problem.yaml:15:19: problem.conditions.0.at: unknown value "begin"
    conditions: [{at: begin, A: "A0"}]
                      ^
  accepted: start, end or a number of t)-"},
      {"condition out of the range", "mixed_order_decay_problem.yaml", "at: start", "at: 1000",
       R"-(mixed_order_decay_problem.yaml:15:19: problem.conditions.0.at: 1000 is out of the range of t
    conditions: [{at: 1000, A: "A0"}]
                      ^
  accepted: 1e-04 to 100)-"},
      {"two conditions on the same", "oscillator.yaml", R"(- {at: 5.0, q: "drag*t"})", R"(- {at: 0, phi: "2"})",
       R"-(oscillator.yaml:14:15: problem.conditions.1.phi: there are two conditions on phi at t = 0
    - {at: 0, phi: "2"}
              ^
  remove one of the two)-"},
      {"condition uses an unknown", "mixed_order_decay_problem.yaml", R"({at: start, A: "A0"})", R"({at: start, A: "2*A"})",
       R"-(mixed_order_decay_problem.yaml:15:32: problem.conditions.0.A: "A" cannot be used here: it is an unknown
    conditions: [{at: start, A: "2*A"}]
                                   ^
  accepted here: t, k1, k2, A0, kappa, decay)-"},
      {"patch without name", "mixed_order_decay_problem.yaml", "{name: second_order, ", "{",
       R"-(mixed_order_decay_problem.yaml:17:5: problem.patches.0.name: the key is missing
    - {constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
      ^
  give the patch a name)-"},
      {"patch with a bad name", "mixed_order_decay_problem.yaml", "name: second_order", "name: 2nd",
       R"-(mixed_order_decay_problem.yaml:17:12: problem.patches.0.name: "2nd" is not a name
    - {name: 2nd, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
             ^
  a name is a letter followed by letters, digits and underscores)-"},
      {"patch name twice", "mixed_order_decay_problem.yaml", "name: second_order", "name: first_order",
       R"-(mixed_order_decay_problem.yaml:18:12: problem.patches.1.name: two patches have the name "first_order"
    - {name: first_order, constants: {d: "log(A0) - log(1 + kappa)"}, solution: {A: "exp(d)*decay"}}
             ^
  choose another name)-"},
      {"patch with an unknown key", "mixed_order_decay_problem.yaml", "until:", "untill:",
       R"-(mixed_order_decay_problem.yaml:17:81: problem.patches.0.untill: unknown key "untill"; did you mean "until"?
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, untill: "1/k1"}
                                                                                  ^
  accepted keys: name, constants, definitions, solution, until, overlap, resolve, inverse)-"},
      {"patch without constants", "mixed_order_decay_problem.yaml", R"(constants: {c: "1/A0"}, )", "",
       R"-(mixed_order_decay_problem.yaml:17:5: problem.patches.0.constants: the key is missing
    - {name: second_order, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
      ^
  give 1 integration constant with a first guess, e.g. `{c: "1"}`)-"},
      {"number of constants", "mixed_order_decay_problem.yaml", R"({c: "1/A0"})", R"({c: "1/A0", e: "0"})",
       R"-(mixed_order_decay_problem.yaml:17:37: problem.patches.0.constants: patch "second_order" has 2 constants; the state has 1 component (A)
    - {name: second_order, constants: {c: "1/A0", e: "0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
                                      ^
  give exactly 1)-"},
      {"guess uses the variable", "mixed_order_decay_problem.yaml", R"({c: "1/A0"})", R"({c: "1/t"})",
       R"-(mixed_order_decay_problem.yaml:17:44: problem.patches.0.constants.c: "t" cannot be used here: it is the variable, which has no value here
    - {name: second_order, constants: {c: "1/t"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
                                             ^
  accepted here: k1, k2, A0, kappa)-"},
      {"guess uses a varying definition", "mixed_order_decay_problem.yaml", R"({c: "1/A0"})", R"({c: "A0*decay"})",
       R"-(mixed_order_decay_problem.yaml:17:45: problem.patches.0.constants.c: "decay" cannot be used here: it is a definition that depends on the variable t, which has no value here
    - {name: second_order, constants: {c: "A0*decay"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
                                              ^
  accepted here: k1, k2, A0, kappa)-"},
      {"solution missing", "mixed_order_decay_problem.yaml", R"-(solution: {A: "1/(c + k2*t)"}, )-", "",
       R"-(mixed_order_decay_problem.yaml:17:5: problem.patches.0.solution: the key is missing
    - {name: second_order, constants: {c: "1/A0"}, until: "1/k1"}
      ^
  give every unknown's asymptotic form in this patch)-"},
      {"solution lacks an unknown", "oscillator.yaml", R"(solution: {phi: "a + b*t", q: "c + t"})", R"(solution: {phi: "a + b*t"})",
       R"-(oscillator.yaml:18:7: problem.patches.0.solution.q: the key is missing
    solution: {phi: "a + b*t"}
    ^
  give every unknown's asymptotic form in this patch)-"},
      {"solution of no unknown", "mixed_order_decay_problem.yaml", R"-({A: "1/(c + k2*t)"})-", R"-({A: "1/(c + k2*t)", B: "1"})-",
       R"-(mixed_order_decay_problem.yaml:17:80: problem.patches.0.solution.B: unknown key "B"
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)", B: "1"}, until: "1/k1"}
                                                                                 ^
  accepted keys: A)-"},
      {"constant of another patch", "mixed_order_decay_problem.yaml", R"-("1/(c + k2*t)")-", R"-("1/(d + k2*t)")-",
       R"-(mixed_order_decay_problem.yaml:17:68: problem.patches.0.solution.A: "d" cannot be used here: it is a constant of patch first_order, and this is patch second_order
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(d + k2*t)"}, until: "1/k1"}
                                                                     ^
  accepted here: t, k1, k2, A0, kappa, decay, c)-"},
      {"constant in an equation", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A - d")",
       R"-(mixed_order_decay_problem.yaml:14:25: problem.equations.A: "d" cannot be used here: it is a constant of patch first_order
    equations: {A: "-k1*A - d"}
                            ^
  accepted here: t, k1, k2, A0, kappa, decay, A)-"},
      {"solution without its constant", "mixed_order_decay_problem.yaml", R"-("1/(c + k2*t)")-", R"-("1/(A0 + k2*t)")-",
       R"-(mixed_order_decay_problem.yaml:17:60: problem.patches.0.solution: the solution does not depend on the constant "c" of patch "second_order"
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(A0 + k2*t)"}, until: "1/k1"}
                                                             ^
  use every constant, or the patch cannot meet its neighbours and the conditions)-"},
      {"solution uses the unknown", "mixed_order_decay_problem.yaml", R"-("1/(c + k2*t)")-", R"-("A/(c + k2*t)")-",
       R"-(mixed_order_decay_problem.yaml:17:65: problem.patches.0.solution.A: "A" cannot be used here: it is an unknown
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "A/(c + k2*t)"}, until: "1/k1"}
                                                                  ^
  accepted here: t, k1, k2, A0, kappa, decay, c)-"},
      {"last patch with until", "mixed_order_decay_problem.yaml", R"({A: "exp(d)*decay"}})", R"({A: "exp(d)*decay"}, until: 1})",
       R"-(mixed_order_decay_problem.yaml:18:100: problem.patches.1.until: the last patch reaches to the end of the range and hands over to nothing
    - {name: first_order, constants: {d: "log(A0) - log(1 + kappa)"}, solution: {A: "exp(d)*decay"}, until: 1}
                                                                                                     ^
  remove `until`)-"},
      {"earlier patch without until", "mixed_order_decay_problem.yaml", R"(, until: "1/k1")", "",
       R"-(mixed_order_decay_problem.yaml:17:5: problem.patches.0.until: the key is missing
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}}
      ^
  give the place where patch "second_order" hands over to the next one, e.g. `until: "1/k1"`)-"},
      {"until uses the variable", "mixed_order_decay_problem.yaml", R"(until: "1/k1")", R"(until: "1/t")",
       R"-(mixed_order_decay_problem.yaml:17:91: problem.patches.0.until: "t" cannot be used here: it is the variable, which has no value here
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/t"}
                                                                                            ^
  accepted here: k1, k2, A0, kappa)-"},
      {"until uses a varying definition", "mixed_order_decay_problem.yaml", R"(until: "1/k1")", R"(until: "1/decay")",
       R"-(mixed_order_decay_problem.yaml:17:91: problem.patches.0.until: "decay" cannot be used here: it is a definition that depends on the variable t, which has no value here
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/decay"}
                                                                                            ^
  accepted here: k1, k2, A0, kappa)-"},
      {"until outside of the range", "mixed_order_decay_problem.yaml", R"(until: "1/k1")", "until: 1000",
       R"-(mixed_order_decay_problem.yaml:17:88: problem.patches.0.until: 1000 is not inside the range of t
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: 1000}
                                                                                         ^
  accepted: above 1e-04 and below 100)-"},
      {"resolve outside of the range", "mixed_order_decay_problem.yaml", R"(until: "1/k1")", R"(until: "1/k1", resolve: [1, -3])",
       R"-(mixed_order_decay_problem.yaml:17:109: problem.patches.0.resolve.1: -3 is not inside the range of t
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1", resolve: [1, -3]}
                                                                                                              ^
  accepted: above 1e-04 and below 100)-"},
      {"resolve that is no list", "mixed_order_decay_problem.yaml", R"(until: "1/k1")", R"(until: "1/k1", resolve: 1)",
       R"-(mixed_order_decay_problem.yaml:17:105: problem.patches.0.resolve: a list is needed, not "1"
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1", resolve: 1}
                                                                                                          ^
  write [first, second, ...])-"},
      {"overlap factor too small", "mixed_order_decay_problem.yaml", R"(until: "1/k1")", R"(until: "1/k1", overlap: 0.9)",
       R"-(mixed_order_decay_problem.yaml:17:105: problem.patches.0.overlap: the overlap 0.9 is too small
    - {name: second_order, constants: {c: "1/A0"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1", overlap: 0.9}
                                                                                                          ^
  accepted: a factor above 1 (the variable's scale is log))-"},
      {"overlap half-width too small", "oscillator.yaml", "overlap: 0.25", R"(overlap: "-1")",
       R"-(oscillator.yaml:20:16: problem.patches.0.overlap: the overlap -1 is too small
    overlap: "-1"
             ^
  accepted: a half-width above 0 (the variable's scale is linear))-"},
      {"patch definition uses a later one", "oscillator.yaml", "\"b*sin(omega*t)\"", "\"b + sum\"",
       R"-(oscillator.yaml:24:33: problem.patches.1.definitions.wave: "sum" cannot be used here: it is a later definition; definitions use earlier ones only
    definitions: {wave: "b + sum", sum: "a*cos(omega*t) + wave"},
                             ^
  accepted here: t, omega, drag, a, b, c)-"},
      {"patch definition named like a constant", "oscillator.yaml", "wave: \"b*sin", "c: \"b*sin",
       R"-(oscillator.yaml:24:22: problem.patches.1.definitions.c: "c" is already a constant of patch "late"
    definitions: {c: "b*sin(omega*t)", sum: "a*cos(omega*t) + wave"},
                  ^
  choose another name)-"},
      {"patch definition named like an unknown", "oscillator.yaml", "wave: \"b*sin", "q: \"b*sin",
       R"-(oscillator.yaml:24:22: problem.patches.1.definitions.q: the name "q" for a definition of patch late is taken: it is an unknown
    definitions: {q: "b*sin(omega*t)", sum: "a*cos(omega*t) + wave"},
                  ^
  choose another name)-"},
      {"constant unused with definitions", "oscillator.yaml", "a*cos(omega*t) + wave", "cos(omega*t) + wave",
       R"-(oscillator.yaml:25:18: problem.patches.1.solution: the solution does not depend on the constant "a" of patch "late"
    solution: {phi: "sum", q: "c*exp(-t)"}}
              ^
  use every constant, or the patch cannot meet its neighbours and the conditions)-"},
      {"patch definition used in another patch", "oscillator.yaml", "a + b*t", "a + b*wave",
       R"-(oscillator.yaml:18:30: problem.patches.0.solution.phi: unknown symbol "wave"
    solution: {phi: "a + b*wave", q: "c + t"}
                           ^
  accepted here: t, omega, drag, a, b, c)-"},
      {"inverse lacks a constant", "oscillator.yaml", R"(, c: "q - t"})", "}",
       R"-(oscillator.yaml:22:7: problem.patches.0.inverse.c: the key is missing
    inverse: {a: "phi - phi_t*t", b: "phi_t"}
    ^
  give every constant of the patch from the state)-"},
      {"inverse of no constant", "oscillator.yaml", R"(, c: "q - t"})", R"(, e: "q - t"})",
       R"-(oscillator.yaml:22:49: problem.patches.0.inverse.e: unknown key "e"
    inverse: {a: "phi - phi_t*t", b: "phi_t", e: "q - t"}
                                              ^
  accepted keys: a, b, c)-"},
      {"inverse uses a constant", "oscillator.yaml", R"(, c: "q - t"})", R"(, c: "q - c"})",
       R"-(oscillator.yaml:22:57: problem.patches.0.inverse.c: "c" cannot be used here: it is a constant of patches early, late
    inverse: {a: "phi - phi_t*t", b: "phi_t", c: "q - c"}
                                                      ^
  accepted here: t, omega, drag, phi, phi_t, q)-"},
      {"derived uses the unknown", "mixed_order_decay_problem.yaml", R"-("exp(first_order_d_limit)")-", R"-("exp(A)")-",
       R"-(mixed_order_decay_problem.yaml:20:24: problem.derived.late_amplitude: "A" cannot be used here: it is an unknown
    late_amplitude: "exp(A)"
                         ^
  accepted here: k1, k2, A0, kappa, A_end, second_order_c_limit, first_order_d_limit, crossover_second_order_first_order)-"},
      {"derived uses an unknown limit", "mixed_order_decay_problem.yaml", R"-("exp(first_order_d_limit)")-", R"-("exp(first_order_c_limit)")-",
       R"-(mixed_order_decay_problem.yaml:20:24: problem.derived.late_amplitude: unknown symbol "first_order_c_limit"; did you mean "first_order_d_limit"?
    late_amplitude: "exp(first_order_c_limit)"
                         ^
  accepted here: k1, k2, A0, kappa, A_end, second_order_c_limit, first_order_d_limit, crossover_second_order_first_order)-"},
      {"derived uses the variable", "mixed_order_decay_problem.yaml", R"-("exp(first_order_d_limit)")-", R"("2*t")",
       R"-(mixed_order_decay_problem.yaml:20:22: problem.derived.late_amplitude: "t" cannot be used here: it is the variable, which has no value here
    late_amplitude: "2*t"
                       ^
  accepted here: k1, k2, A0, kappa, A_end, second_order_c_limit, first_order_d_limit, crossover_second_order_first_order)-"},
      {"derived without value", "mixed_order_decay_problem.yaml", R"({value: "crossover_second_order_first_order", unit)", "{unit",
       R"-(mixed_order_decay_problem.yaml:21:3: problem.derived.hand_over.value: the key is missing
    hand_over: {unit: s, label: hand-over time}
    ^
  give the expression of this quantity)-"},
      {"recommended network out of range", "mixed_order_decay_problem.yaml", "features: 64", "features: 2",
       R"-(mixed_order_decay_problem.yaml:23:21: problem.network.features: 2 is out of range
    network: {features: 2, elements: 30}
                        ^
  accepted: an integer from 4 to 1024)-"},
};
// clang-format on

TEST(ReaderProblemMessages, SayPlaceProblemAndRemedy) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    Workspace workspace;
    workspace.edit(one.file, one.from, one.to);
    EXPECT_EQ(workspace.message(job_of(one.file, one.what)), one.message);
  }
}

}  // namespace
}  // namespace gluesweep::job
