#pragma once

#include <memory>
#include <vector>

#include "equation.hpp"

namespace gluesweep::reference {

enum class Method { adams, bdf };

/// One integration by SUNDIALS CVODE from the equation's origin on, step by step, with the exact Jacobian.
/// Errors are controlled per step and component, relative to `scale`. Says nothing on the terminal.
///
/// Hindmarsh et al., ACM Trans. Math. Softw. 31 (2005) 363.
class Cvode {
 public:
  /// Borrows `equation`. No step passes t_end.
  Cvode(Equation& equation, Method method, double tolerance, double t_end, const std::vector<double>& state,
        const std::vector<double>& scale);
  ~Cvode();
  Cvode(const Cvode&) = delete;
  Cvode& operator=(const Cvode&) = delete;

  /// One step; false when the integrator gave up or no longer moves.
  bool step();
  double x() const;                                  ///< reached, from the equation's origin
  const double* state() const;                       ///< n values at x()
  void set_scale(const std::vector<double>& scale);  ///< for the next step

  /// Moves the equation's origin to what was reached and begins again from there, with short steps;
  /// does nothing just before t_end.
  void restart();

  /// The state at x inside the last step, to the order of the step itself; empty when it cannot be had.
  std::vector<double> at(double x) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gluesweep::reference
