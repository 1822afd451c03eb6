#pragma once

#include <vector>

#include "gluesweep/problem/system.hpp"
#include "gluesweep/reference/integrator.hpp"

namespace gluesweep::reference {

struct Start {
  double t;                   ///< the variable
  std::vector<double> state;  ///< n finite values there
};

/// The state at t_outputs (increasing, none before start.t) for one value per problem parameter; empty where
/// the solution ends before the last output or every method ran out of steps. See Integrator.
States integrate(const problem::System& system, const std::vector<double>& theta, const Start& start,
                 const std::vector<double>& t_outputs, const IntegratorOptions& options);

}  // namespace gluesweep::reference
