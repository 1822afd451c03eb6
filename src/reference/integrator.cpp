#include "gluesweep/reference/integrator.hpp"

#include "equation.hpp"
#include "integration.hpp"

namespace gluesweep::reference {

Integrator::Integrator(const problem::System& system, const IntegratorOptions& options)
    : system_(system), options_(options) {}

States Integrator::solve(const std::vector<double>& theta, const std::vector<double>& t_outputs) const {
  return integrate(system_, theta, {system_.start(), Equation(system_, theta).initial_state()}, t_outputs,
                   options_);
}

}  // namespace gluesweep::reference
