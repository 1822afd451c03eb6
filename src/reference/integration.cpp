#include "integration.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cvode.hpp"
#include "equation.hpp"

namespace gluesweep::reference {
namespace {

/// What the errors of a step are compared with, per component: its size. A component may start at zero or
/// pass through it, so its size is remembered for a few steps and never below what the problem calls
/// negligible.
class Scale {
 public:
  Scale(Equation& equation, const problem::System& system, double t_end)
      : equation_(equation),
        system_(system),
        width_(equation.to_x(t_end)),
        values_(static_cast<std::size_t>(system.size())) {}

  /// False where the equation is undefined.
  bool update(double x, const double* state) {
    const auto slope = equation_.slope(x, state);
    const auto magnitudes = equation_.magnitudes(x, state);
    if (slope.empty() || magnitudes.empty()) return false;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      values_[i] = std::max({std::abs(state[i]), remembered * values_[i],
                             negligible_slope * width_ * std::abs(slope[i]), smallest});
    }
    for (std::size_t u = 0; u < magnitudes.size(); ++u) {
      auto& value = values_[static_cast<std::size_t>(system_.component(static_cast<int>(u)))];
      value = std::max(value, negligible * std::abs(magnitudes[u]));
    }
    return true;
  }

  const std::vector<double>& values() const { return values_; }

 private:
  // Slower than any solution that is resolved to these tolerances can decay, quick enough to follow it.
  static constexpr double remembered = 0.8;  // per step
  static constexpr double negligible = 1e-12;
  static constexpr double negligible_slope = 1e-9;
  static constexpr double smallest = 1e-200;

  Equation& equation_;
  const problem::System& system_;
  double width_;
  std::vector<double> values_;
};

constexpr std::int64_t steps_between_origins = 5'000;

/// One method on its way from the start to the last output.
class Integration {
 public:
  enum class Outcome { finished, out_of_steps, stuck };

  /// theta and t_outputs are borrowed.
  Integration(const problem::System& system, const std::vector<double>& theta, const Start& start,
              const std::vector<double>& t_outputs, Method method, double tolerance)
      : equation_(equation_from(system, theta, start.t)),
        t_outputs_(t_outputs),
        method_(method),
        scale_(equation_, system, t_outputs.back()) {
    states_.assign(start.state.size(), std::vector<double>(t_outputs.size()));
    while (next_ < t_outputs.size() && t_outputs[next_] <= start.t) set_outputs(start.state.data());
    if (next_ < t_outputs.size() && scale_.update(0.0, start.state.data()))
      cvode_.emplace(equation_, method, tolerance, t_outputs.back(), start.state, scale_.values());
  }

  /// Goes on for at most that many steps.
  Outcome advance(std::int64_t steps) {
    if (next_ == t_outputs_.size()) return Outcome::finished;
    if (!cvode_) return Outcome::stuck;
    for (std::int64_t step = 1; step <= steps; ++step) {
      if (!cvode_->step()) return Outcome::stuck;
      while (next_ < t_outputs_.size() && equation_.to_x(t_outputs_[next_]) <= cvode_->x()) {
        // An output just ahead may come to lie just behind when the origin is moved: not before the origin.
        const auto values = cvode_->at(std::max(0.0, equation_.to_x(t_outputs_[next_])));
        if (values.empty()) return Outcome::stuck;
        set_outputs(values.data());
      }
      if (next_ == t_outputs_.size()) return Outcome::finished;
      if (!scale_.update(cvode_->x(), cvode_->state())) return Outcome::stuck;
      cvode_->set_scale(scale_.values());
      // The stable method of stiff problems does not carry rounding errors along.
      if (method_ == Method::adams && step % steps_between_origins == 0) cvode_->restart();
    }
    return Outcome::out_of_steps;
  }

  const States& states() const { return states_; }

 private:
  void set_outputs(const double* values) {
    for (auto& row : states_) row[next_] = *values++;
    ++next_;
  }

  static Equation equation_from(const problem::System& system, const std::vector<double>& theta, double t) {
    Equation equation(system, theta);
    equation.set_origin(t);
    return equation;
  }

  Equation equation_;
  const std::vector<double>& t_outputs_;
  Method method_;
  Scale scale_;
  std::optional<Cvode> cvode_;
  States states_;
  std::size_t next_ = 0;
};

}  // namespace

States integrate(const problem::System& system, const std::vector<double>& theta, const Start& start,
                 const std::vector<double>& t_outputs, const IntegratorOptions& options) {
  using Outcome = Integration::Outcome;
  if (t_outputs.empty() || start.state.empty()) return {};
  Integration adams(system, theta, start, t_outputs, Method::adams, options.tolerance);
  const auto trial = adams.advance(options.adams_trial);
  if (trial == Outcome::finished) return adams.states();
  Integration bdf(system, theta, start, t_outputs, Method::bdf, options.tolerance);
  if (bdf.advance(options.bdf_steps) == Outcome::finished) return bdf.states();
  if (trial == Outcome::out_of_steps && adams.advance(options.adams_steps) == Outcome::finished)
    return adams.states();
  return {};
}

}  // namespace gluesweep::reference
