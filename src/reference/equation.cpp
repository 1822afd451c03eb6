#include "equation.hpp"

#include <algorithm>
#include <cmath>

namespace gluesweep::reference {
namespace {

std::vector<double> finite_or_nothing(std::vector<double> values) {
  const bool finite =
      std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  return finite ? std::move(values) : std::vector<double>{};
}

}  // namespace

Equation::Equation(const problem::System& system, const std::vector<double>& theta)
    : system_(system), size_(system.size()), origin_(system.start()), inputs_{system.start()} {
  inputs_.insert(inputs_.end(), theta.begin(), theta.end());
  inputs_.resize(inputs_.size() + static_cast<std::size_t>(size_));
}

double Equation::to_x(double t) const { return system_.log_scale() ? std::log(t / origin_) : t - origin_; }

double Equation::to_t(double x) const { return system_.log_scale() ? origin_ * std::exp(x) : origin_ + x; }

std::vector<double> Equation::initial_state() const {
  std::vector<double> place(inputs_.begin(), inputs_.end() - size_);
  place.front() = system_.start();
  std::vector<double> state(static_cast<std::size_t>(size_), NAN);  // until a condition sets it
  if (!system_.starts_with_all()) return {};
  for (const auto& condition : system_.conditions())
    state[static_cast<std::size_t>(condition.component)] = condition.value(place).front();
  return finite_or_nothing(std::move(state));
}

void Equation::place(double x, const double* state) {
  t_ = to_t(x);
  inputs_.front() = t_;
  std::copy_n(state, size_, inputs_.end() - size_);
}

std::vector<double> Equation::per_x(std::vector<double> values) const {
  if (system_.log_scale()) {
    for (auto& value : values) value *= t_;
  }
  return finite_or_nothing(std::move(values));
}

std::vector<double> Equation::slope(double x, const double* state) {
  place(x, state);
  return per_x(system_.right_side()(inputs_));
}

std::vector<double> Equation::jacobian(double x, const double* state) {
  place(x, state);
  return per_x(system_.right_side_jacobian()(inputs_));
}

std::vector<double> Equation::magnitudes(double x, const double* state) {
  place(x, state);
  return finite_or_nothing(system_.magnitude()(inputs_));
}

}  // namespace gluesweep::reference
