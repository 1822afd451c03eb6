#pragma once

#include <vector>

#include "gluesweep/problem/system.hpp"

namespace gluesweep::reference {

/// dU/dx of one sweep point for a general-purpose integrator; x is the variable, or its logarithm where that
/// is the problem's scale: dU/dx = t dU/dt. Measured from an origin that can be moved, because x + h is then
/// rounded less: over 1e5 equal steps the same rounding adds up, for a wave of 1e4 periods to 1e-6 of one.
class Equation {
 public:
  Equation(const problem::System& system, const std::vector<double>& theta);  ///< borrows the system

  int size() const { return size_; }

  double to_x(double t) const;
  double to_t(double x) const;
  void set_origin(double t) { origin_ = t; }  ///< where x = 0; at first the problem's start

  /// The state that the conditions give at the start; empty when they are not all there.
  std::vector<double> initial_state() const;

  /// n values; empty where the equation is undefined or overflows.
  std::vector<double> slope(double x, const double* state);
  /// n*n values, row-major: d slope_i / d state_j; empty likewise.
  std::vector<double> jacobian(double x, const double* state);
  /// Per unknown the problem's own error scale; empty likewise.
  std::vector<double> magnitudes(double x, const double* state);

 private:
  void place(double x, const double* state);
  std::vector<double> per_x(std::vector<double> values) const;

  const problem::System& system_;
  int size_;
  double origin_;
  double t_ = 0.0;
  std::vector<double> inputs_;  // t, theta..., U...
};

}  // namespace gluesweep::reference
