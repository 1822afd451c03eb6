#pragma once

#include <vector>

#include "gluesweep/problem/system.hpp"
#include "gluesweep/reference/integrator.hpp"

namespace gluesweep::reference {

struct ShootingOptions {
  double largest_growth = 1.0e3;  ///< of a perturbation across a segment, beyond which the segment is halved
  int most_segments = 256;
  int most_iterations = 12;   ///< of Newton's method
  double tolerance = 1.0e-9;  ///< last step, relative to each component's size; what it leaves is its square
};

/// Problems with conditions anywhere, by multiple shooting: initial value problems on segments of the domain
/// (see Integrator), whose start states Newton's method adjusts until they join up and meet the conditions.
/// One segment wherever that is stable; more where perturbations grow, since across a segment rounding grows
/// with them. (Ascher, Mattheij and Russell, Numerical Solution of Boundary Value Problems for ODEs, chapter
/// 4.) Immutable; may be used by several threads.
class Shooting {
 public:
  explicit Shooting(const problem::System& system, const IntegratorOptions& integrator = {},
                    const ShootingOptions& options = {});  ///< borrows the system

  /// The state at t_outputs (M increasing values of the variable in the domain) for one value per problem
  /// parameter. `guess`: about what is expected there, n rows of M, which chooses among several solutions.
  /// Empty when there is no such value: a guess that is not finite, Newton's method did not converge, or
  /// perturbations grow too fast for most_segments (a layer that thins towards the end of the domain).
  States solve(const std::vector<double>& theta, const std::vector<double>& t_outputs,
               const States& guess) const;

 private:
  const problem::System& system_;
  IntegratorOptions integrator_;
  ShootingOptions options_;
};

}  // namespace gluesweep::reference
