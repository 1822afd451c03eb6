#include "plain.hpp"

#include <algorithm>

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::System;

constexpr double length = 2.0;      // of the domain in xi
constexpr double tie_weight = 0.3;  // of squared conditions against squared residuals

/// The error scale is the unknown's own size: abs(u), or nothing, which means the same.
bool is_relative(const job::Unknown& unknown) {
  std::string text = unknown.magnitude.text;
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return !unknown.magnitude || text == "abs(" + unknown.name + ")";
}

}  // namespace

PlainState::PlainState(const System& system, const job::Problem& problem, const Points& points)
    : start(system.to_x(system.start())), width(system.to_x(system.end()) - system.to_x(system.start())) {
  const auto n = static_cast<std::size_t>(system.size());
  const auto one = at::ones_like(points.theta.front());
  base.assign(n, at::zeros_like(one));
  logarithmic.assign(n, at::zeros_like(one, one.options().dtype(at::kBool)));
  std::vector<bool> known(n, false);
  for (const auto& condition : system.conditions()) {
    const auto i = static_cast<std::size_t>(condition.component);
    if (!known[i]) base[i] = condition.target(points.theta);
    known[i] = true;
  }
  for (int u = 0; u < system.unknowns(); ++u) {
    const auto i = static_cast<std::size_t>(system.component(u));
    if (is_relative(problem.unknowns[static_cast<std::size_t>(u)])) logarithmic[i] = base[i] != 0.0;
  }
  const auto matched = matched_over_domain(system, points);
  for (std::size_t i = 0; i < n; ++i) {
    const auto largest = largest_finite(matched[i] - base[i]);
    const auto range = at::where(largest > 0.0, largest, one);
    const auto decades = largest_finite((matched[i] / base[i]).abs().log()).clamp_min(1.0);
    unit.push_back(at::where(logarithmic[i], decades, range));
  }
}

Tensors PlainState::state(const Tensor& value) const {
  Tensors state;
  for (std::size_t i = 0; i < base.size(); ++i) {
    const auto change = unit[i] * value.select(1, static_cast<std::int64_t>(i));
    state.push_back(at::where(logarithmic[i], base[i] * change.exp(), base[i] + change));
  }
  return state;
}

PlainEquation::PlainEquation(const System& system, const Points& points, const PlainState& variables,
                             const Samples& samples)
    : system_(system), points_(points), variables_(variables), samples_(samples), scales_(system, points) {
  unit_ = at::stack(variables.unit, 1);
  logarithmic_ = at::stack(variables.logarithmic, 1);
  t_ = system.to_t(variables.start + 0.5 * variables.width * (samples.xi + 1.0));
  speed_ = 0.5 * variables.width * (system.log_scale() ? t_ : at::ones_like(t_));
  Tensors ties;
  for (const auto& condition : system.conditions()) {
    const auto t = condition.where(points.theta);
    ties.push_back(variables.xi(system.to_x(t)));
    conditions_.push_back({t, condition.target(points.theta), condition.component});
  }
  tie_xi_ = at::cat(ties, 1);
}

Tensor PlainEquation::places(std::int64_t set) const {
  const auto inner = samples_.xi.select(0, set).expand({points(), -1});
  return at::cat({inner, tie_xi_}, 1).unsqueeze(1).expand({-1, networks(), -1});
}

PointwiseEquation::Loss PlainEquation::loss(std::int64_t set, double, const Tensor& value,
                                            const Tensor& slope) const {
  Loss loss{at::zeros({points()}, value.options()), at::zeros({points()}, value.options()),
            at::zeros_like(value), at::zeros_like(slope)};
  add_equation(set, value, slope, loss);
  for (std::size_t c = 0; c < conditions_.size(); ++c) add_condition(c, value, loss);
  return loss;
}

/// Relative change of the solution per unit of V, (B, n, M).
Tensor PlainEquation::weights(const Tensor& t, const Tensors& state) const {
  const auto rho = scales_.at(t, state).reciprocal();
  return at::where(logarithmic_, at::ones_like(rho), rho);
}

Tensors PlainEquation::inputs(const Tensor& t, const Tensors& state) const {
  Tensors all{t};
  all.insert(all.end(), points_.theta.begin(), points_.theta.end());
  all.insert(all.end(), state.begin(), state.end());
  return all;
}

void PlainEquation::add_equation(std::int64_t set, const Tensor& value, const Tensor& slope,
                                 Loss& loss) const {
  const auto n = networks(), m = samples_.size();
  const auto t = t_.select(0, set).expand({points(), -1}), speed = speed_.select(0, set);
  const auto state = variables_.state(value.narrow(2, 0, m));
  const auto all = inputs(t, state);
  const auto stacked = [&t](Tensors values) {
    for (auto& entry : values) entry = entry.expand_as(t);
    return at::stack(values, 1);
  };
  // g = dV/dt: f, or f / U for a logarithm.
  const auto u = at::stack(state, 1), one = at::ones_like(u);
  const auto response = at::where(logarithmic_, u, one);  // dU/dV
  const auto rate = stacked(system_.right_side()(all)) / response;
  auto jacobian = stacked(system_.right_side_jacobian()(all)).unflatten(1, {n, n}) * response.unsqueeze(1) /
                  response.unsqueeze(2);
  jacobian.diagonal(0, 1, 2).sub_(at::where(logarithmic_, rate, at::zeros_like(rate)).permute({0, 2, 1}));
  jacobian = jacobian * speed;

  const auto rho = weights(t, state);
  const auto stiffness = (jacobian.abs() * rho.unsqueeze(2) / rho.unsqueeze(1)).sum(2);
  const auto weight = length * rho / (1.0 + length * stiffness);
  const auto residual = (unit_ * slope.narrow(2, 0, m) - rate * speed) * weight;
  loss.loss.add_(residual.square().sum({1, 2}), 1.0 / static_cast<double>(m));
  loss.largest = at::maximum(loss.largest, residual.abs().amax({1, 2}));

  const auto of_slope = residual * weight * (2.0 / static_cast<double>(m));
  loss.value.narrow(2, 0, m).sub_(unit_ * (jacobian * of_slope.unsqueeze(2)).sum(1));
  loss.slope.narrow(2, 0, m).add_(unit_ * of_slope);
}

void PlainEquation::add_condition(std::size_t condition, const Tensor& value, Loss& loss) const {
  const auto& target = conditions_[condition];
  const auto i = static_cast<std::size_t>(target.component);
  const auto place = samples_.size() + static_cast<std::int64_t>(condition);
  const auto state = variables_.state(value.narrow(2, place, 1));
  const auto response = at::where(variables_.logarithmic[i], state[i], at::ones_like(state[i]));
  const auto factor = weights(target.t, state).select(1, target.component) / response;
  const auto residual = (state[i] - target.value) * factor;
  loss.loss.add_(residual.square().sum(1), tie_weight);
  loss.largest = at::maximum(loss.largest, residual.abs().amax(1));
  loss.value.select(1, target.component)
      .narrow(1, place, 1)
      .add_(residual * factor * response * variables_.unit[i] * (2.0 * tie_weight));
}

}  // namespace gluesweep::training
