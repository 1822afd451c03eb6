#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/job/expression.hpp"

/// A job as plain structs with defaults. How it is written in YAML is known in src/job only.
namespace gluesweep::job {

enum class Scale { linear, log };

/// The independent variable. With a log scale the frames march and train in x = ln(variable).
struct Variable {
  std::string symbol;
  double start = 0.0;
  double end = 1.0;  ///< > start
  Scale scale = Scale::linear;
  std::string unit = "1";
  std::string label;
};

/// A physical parameter of the problem and the value it has where a sweep does not vary it.
struct Parameter {
  std::string name;
  double default_value = 0.0;
  bool has_default = false;  ///< without one, every sweep must give the parameter
  std::string unit = "1";
  std::string label;
};

/// A named sub-expression of the variable, the parameters and earlier definitions.
struct Definition {
  std::string name;
  Expression value;
};

/// One unknown u of order m; its state components are u, u_t, ..., u_{t..t} (m names).
struct Unknown {
  std::string name;
  int order = 1;
  std::string unit = "1";
  std::string label;
  Expression magnitude;  ///< error scale > 0 in variable, parameters, definitions, unknowns; default abs(u)
  Expression equation;   ///< the derivative of order m in variable, parameters, definitions, state
  Expression exact;      ///< optional closed form in variable, parameters, definitions
};

/// `component = value` at one place; the values use the variable, parameters and definitions, evaluated
/// there.
struct Condition {
  enum class Place { start, end, number };
  Place place = Place::start;
  double at = 0.0;                                         ///< the place as a number of the variable
  std::vector<std::pair<std::string, Expression>> values;  ///< state component -> value
};

struct Constant {
  std::string name;
  Expression guess;  ///< in parameters and definitions that do not depend on the variable
};

/// An asymptotic analytic solution with its integration constants, good up to `until`.
struct Patch {
  std::string name;
  std::vector<Constant> constants;      ///< as many as there are state components
  std::vector<Definition> definitions;  ///< of its own: also of its constants and of its earlier definitions
  std::vector<Expression> solution;     ///< one per unknown, in variable, parameters, definitions, constants
  /// Hand-over to the next patch, in parameters and definitions that do not depend on the variable (as are
  /// `overlap`, `resolve` and the guesses); absent for the last patch.
  Expression until;
  Expression overlap;  ///< log variable: factor > 1; linear: half-width > 0. Default 1.5, or 5% of the range
  std::vector<Expression> resolve;  ///< further places where the coefficients turn quickly
  /// Optional, one per constant: state -> constants, in variable, parameters, definitions, state.
  std::vector<Expression> inverse;
};

/// A scalar per point from parameters, definitions that do not depend on the variable,
/// `<patch>_<constant>_limit`, `crossover_<p>_<q>`, `<component>_end`.
struct Derived {
  std::string name;
  Expression value;
  std::string unit = "1";
  std::string label;
};

struct Problem {
  std::string name;
  std::string description;
  Variable variable;
  std::vector<Parameter> parameters;
  std::vector<Definition> definitions;
  std::vector<Unknown> unknowns;
  std::vector<Condition> conditions;
  std::vector<Patch> patches;
  std::vector<Derived> derived;

  /// Names of the state components in order: each unknown followed by its lower derivatives.
  std::vector<std::string> state_names() const;
  int state_size() const;
};

enum class Sampler { grid, sobol, latin_hypercube, random, list };

/// How a sweep treats one parameter. Parameters it does not name keep their defaults.
struct SweptParameter {
  enum class Kind { fixed, range, values };
  std::string name;
  Kind kind = Kind::fixed;
  double fixed = 0.0;
  double low = 0.0, high = 0.0;  ///< range, low < high
  Scale scale = Scale::linear;
  std::int64_t points = 0;     ///< grid only: number of equidistant (in `scale`) points, ends included
  std::vector<double> values;  ///< grid only: the values themselves
};

struct Sweep {
  Sampler sampler = Sampler::sobol;
  std::int64_t samples = 0;  ///< number of points; for grid and list it is what they contain
  std::uint64_t seed = 0;
  std::string file;  ///< list only: the CSV as written in the job
  /// In the job's order. List: one of kind `values` per CSV column, all equally long, then the fixed ones.
  std::vector<SweptParameter> parameters;
};

/// Features of a drawn trunk that do about what so many of a trained one do, see docs/TRUNKS.md.
int drawn_features(int trained);

/// Collocation elements, and the trunk: the hidden layers that the coefficient networks of all points share
/// (network.layers, activation and seed, or the same keys of network.trunk).
struct Network {
  enum class Activation { tanh, sine, silu, gelu, selu, erf };
  enum class Skip { none, residual };

  /// How the weights of the hidden layers behind the first are drawn.
  struct Init {
    enum class Law {
      uniform,   ///< weights of variance 1 / width, biases in [-1, 1]
      gaussian,  ///< weights of variance sigma_w^2 / width, biases of variance sigma_b^2
      critical,  ///< the same with the sigma_w at which the network is critical for its sigma_b
    };
    Law law = Law::uniform;
    double sigma_w = 1.0, sigma_b = 0.0;
  };

  /// Optimisation of the hidden layers on the solutions of a few points of the sweep.
  struct TrunkTraining {
    int points = 0;  ///< 0: the layers stay as they are drawn
    int steps = 100;
  };

  int features = 96;
  int elements = 40;  ///< per patch
  int nodes = 5;      ///< right-Radau nodes per element
  int layers = 1;
  int width = 0;  ///< neurons of a hidden layer; 0: as many as features
  Activation activation = Activation::tanh;
  Init init;
  Skip skip = Skip::none;
  TrunkTraining train;
  std::uint64_t seed = 0;

  int neurons() const { return width > 0 ? width : features; }

  /// With a trunk that is not trained, of as many features as it takes to do about as well.
  Network drawn() const;
};

/// Adam on all layers of small per-point networks: the methods `adam` and `plain`.
struct Adam {
  int steps = 5000;
  double learning_rate = 5.0e-3;  ///< at the start; it decays along half a cosine
  int width = 32;                 ///< neurons of a hidden layer
  int layers = 2;                 ///< hidden layers
  int points = 128;               ///< places per network and step at which the equation is asked for
};

struct Training {
  /// gauss_newton: coefficient networks with a shared trunk, least squares of the collocation solution (or
  /// Gauss-Newton: the last rung, and the ansatz sum); adam: per-point coefficient networks, all layers
  /// by Adam; plain: networks for the unknowns themselves, without patches; matching: no network.
  enum class Method { gauss_newton, adam, plain, matching };
  /// frames: a coefficient function per patch on its own region; sum: all patches added up everywhere.
  enum class Ansatz { frames, sum };
  Method method = Method::gauss_newton;
  Ansatz ansatz = Ansatz::frames;
  double tolerance = 1.0e-6;  ///< a point is converged when its estimated relative error is below this
  int max_iterations = 60;    ///< of Gauss-Newton, where it iterates
  bool rescue = true;         ///< points above the tolerance climb the ladder of finer networks
  Adam adam;

  bool uses_adam() const { return method == Method::adam || method == Method::plain; }
};

struct Verification {
  bool estimate = true;
  double reference_fraction = 0.0;  ///< share of points integrated independently
};

struct Run {
  std::int64_t block = 128;
  std::string device = "auto";  ///< auto | cpu | cuda | cuda:N
  double time_limit = 0.0;      ///< seconds after which no block is begun any more; 0: none
  double sync = 0.0;            ///< seconds between forced writes to the disk; 0: left to the system
};

struct Output {
  std::int64_t points = 256;   ///< number of output points, equidistant in the variable's scale ...
  std::vector<double> values;  ///< ... or the points themselves, increasing
  bool solution = true, coefficients = true, heads = true, matching = true;
  bool sensitivities = false;  ///< derivatives by the varied parameters
};

struct Job {
  Problem problem;
  Sweep sweep;
  Network network;
  Training training;
  Verification verification;
  Run run;
  Output output;

  /// The output points (variable itself, not its logarithm).
  std::vector<double> output_points() const;

  /// Indices into problem.parameters of those that the sweep varies, in the sweep's order.
  std::vector<std::size_t> varied_parameters() const;
};

}  // namespace gluesweep::job
