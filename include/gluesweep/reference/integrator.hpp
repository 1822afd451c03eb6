#pragma once

#include <cstdint>
#include <vector>

#include "gluesweep/problem/system.hpp"

/// The independent check: a general-purpose integrator that shares the compiled right-hand side with training
/// and nothing else, neither patches nor networks.
namespace gluesweep::reference {

using States = std::vector<std::vector<double>>;  ///< n rows of M: component i at output m

struct IntegratorOptions {
  double tolerance = 2.0e-14;            ///< per step, relative to each component's size
  std::int64_t adams_trial = 50'000;     ///< steps that settle whether the problem needs an implicit method
  std::int64_t bdf_steps = 100'000;      ///< then this many with BDF
  std::int64_t adams_steps = 5'000'000;  ///< and then, for long oscillations, with Adams again
};

/// Integrates a problem's equation by SUNDIALS CVODE with exact Jacobians, in ln(variable) where the variable
/// is logarithmic. Adams-Moulton first (orders to 12: the cheap and accurate one for whatever is not stiff),
/// BDF when that takes too many steps, Adams without haste when BDF does too, as for many oscillations.
/// What it reaches (measured against closed forms and tables, relative to each component's own size): 1e-11
/// for a few hundred steps, 1e-9 after 1.6e4 oscillations. Immutable; may be used by several threads.
class Integrator {
 public:
  explicit Integrator(const problem::System& system, const IntegratorOptions& options = {});  ///< borrows

  /// The state at t_outputs (M increasing values of the variable in the domain) for one value per problem
  /// parameter: n rows of M. Empty when there is no such value: the conditions are not all at the start, the
  /// solution ends before the last output (blow-up), or every method ran out of steps.
  /// Conditions elsewhere are for Shooting.
  States solve(const std::vector<double>& theta, const std::vector<double>& t_outputs) const;

 private:
  const problem::System& system_;
  IntegratorOptions options_;
};

}  // namespace gluesweep::reference
