#include "adam_sum.hpp"

#include <cmath>

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::System;

constexpr double length = 2.0;         // of the domain in xi
constexpr double tie_weight = 0.3;     // of squared conditions against squared residuals
constexpr double difference = 1.0e-7;  // in xi, for the growth of error scales
constexpr double first_variation = 1.0e-4, last_variation = 1.0e-8;  // weight of the variation

}  // namespace

SumEquation::SumEquation(const System& system, const problem::SumAnsatz& ansatz, const Points& points,
                         const network::Map& map, const network::Scale& scale, const Tensor& offset,
                         const Samples& samples)
    : system_(system),
      ansatz_(ansatz),
      points_(points),
      samples_(samples),
      scales_(system, points),
      offset_(offset) {
  const auto one = at::ones({1}, samples.xi.options());
  const auto xi = at::cat({-one, samples.xi.flatten(), one});  // nodes() wants both ends
  const auto nodes = map.nodes(xi);
  const std::vector<std::int64_t> shape{samples.sets(), samples.size()};
  const auto inner = [&](const Tensor& values) {
    return values.narrow(-1, 1, samples.xi.numel()).unflatten(-1, shape).contiguous();
  };
  t_ = inner(system.to_t(nodes.x));
  speed_ = inner(nodes.slope);
  if (system.log_scale()) speed_.mul_(t_);
  scale_ = inner(scale.at(xi));
  log_slope_ = inner(scale.log_slope(xi));
  Tensors ties;
  for (const auto& condition : system.conditions()) {
    ties.push_back(system.to_x(condition.where(points.theta)));
    conditions_.push_back({condition.target(points.theta), condition.component});
  }
  tie_xi_ = map.xi(at::cat(ties, 1)).clamp(-1.0, 1.0);
  tie_t_ = system.to_t(at::cat(ties, 1));
  tie_scale_ = scale.at(tie_xi_);
}

Tensor SumEquation::places(std::int64_t set) const {
  const auto inner = samples_.xi.select(0, set).expand({points(), -1});
  return at::cat({inner, tie_xi_}, 1).unsqueeze(1).expand({-1, networks(), -1});
}

PointwiseEquation::Loss SumEquation::loss(std::int64_t set, double progress, const Tensor& value,
                                          const Tensor& slope) const {
  Loss loss{at::zeros({points()}, value.options()), at::zeros({points()}, value.options()),
            at::zeros_like(value), at::zeros_like(slope)};
  add_equation(set, value, slope, loss);
  for (std::size_t c = 0; c < conditions_.size(); ++c) add_condition(c, value, loss);
  const double share = first_variation * std::pow(last_variation / first_variation, progress) /
                       static_cast<double>(samples_.size());
  const auto inner = slope.narrow(2, 0, samples_.size());
  loss.loss.add_(inner.square().sum({1, 2}), share);
  loss.slope.narrow(2, 0, samples_.size()).add_(inner, 2.0 * share);
  return loss;
}

/// Of the state's rows, per unit of dU/dxi, (B, n, m). What is stiff is an error relative to its scale, which
/// moves along with the solution.
Tensor SumEquation::row_weights(const Tensor& t, const Tensor& speed, const Tensors& state) const {
  Tensors inputs{t};
  inputs.insert(inputs.end(), points_.theta.begin(), points_.theta.end());
  inputs.insert(inputs.end(), state.begin(), state.end());
  const auto scale = scales_.at(t, state);
  Tensors moved;
  const auto rates = system_.right_side()(inputs);
  for (std::size_t i = 0; i < state.size(); ++i) moved.push_back(state[i] + difference * speed * rates[i]);
  const auto growth = (scales_.at(t + difference * speed, moved) / scale).log() / difference;
  auto entries = system_.right_side_jacobian()(inputs);
  for (auto& entry : entries) entry = entry.expand_as(t) * speed;
  const auto n = system_.size();
  Tensor jacobian = at::stack(entries, 1).unflatten(1, {n, n}) * scale.unsqueeze(1) / scale.unsqueeze(2);
  jacobian.diagonal(0, 1, 2).sub_(growth.transpose(1, 2));
  return length / (scale * (1.0 + length * jacobian.abs().sum(2)));
}

void SumEquation::add_equation(std::int64_t set, const Tensor& value, const Tensor& slope, Loss& loss) const {
  const auto m = samples_.size(), n = static_cast<std::int64_t>(system_.size());
  const auto t = t_.select(1, set), speed = speed_.select(1, set);
  const auto scale = scale_.select(2, set), log_slope = log_slope_.select(2, set);
  const auto share = offset_ + value.narrow(2, 0, m);
  const auto constants = scale * share;
  const auto slopes = scale * (slope.narrow(2, 0, m) + log_slope * share) / speed.unsqueeze(1);  // per t
  const auto list = constants.unbind(1);
  const auto rows = ansatz_.residual(t, points_.theta, list, slopes.unbind(1));
  const auto weight = row_weights(t, speed, ansatz_.state(t, points_.theta, list));
  const auto table = [&](const Tensors& entries) {
    return at::stack(entries, 1).unflatten(1, {n, networks()});
  };
  const auto factor = weight * speed.unsqueeze(1);
  const auto residual = at::stack(rows.value, 1) * factor;
  loss.loss.add_(residual.square().sum({1, 2}), 1.0 / static_cast<double>(m));
  loss.largest = at::maximum(loss.largest, residual.abs().amax({1, 2}));

  const auto of_rows = (residual * factor * (2.0 / static_cast<double>(m))).unsqueeze(2);
  const auto of_constants = (of_rows * table(rows.by_constant)).sum(1);
  const auto of_slopes = (of_rows * table(rows.by_slope)).sum(1) / speed.unsqueeze(1);  // per dC/dxi
  loss.value.narrow(2, 0, m).add_(scale * (of_constants + log_slope * of_slopes));
  loss.slope.narrow(2, 0, m).add_(scale * of_slopes);
}

void SumEquation::add_condition(std::size_t condition, const Tensor& value, Loss& loss) const {
  const auto& target = conditions_[condition];
  const auto c = static_cast<std::int64_t>(condition);
  const auto i = static_cast<std::size_t>(target.component);
  const auto place = samples_.size() + c;
  const auto t = tie_t_.narrow(1, c, 1), scale = tie_scale_.narrow(2, c, 1);
  const auto constants = (scale * (offset_ + value.narrow(2, place, 1))).unbind(1);
  const auto response = ansatz_.response(t, points_.theta, constants);
  const auto factor = scales_.at(t, response.state).select(1, target.component).reciprocal();
  const auto residual = (response.state[i] - target.value) * factor;
  loss.loss.add_(residual.square().sum(1), tie_weight);
  loss.largest = at::maximum(loss.largest, residual.abs().amax(1));
  const auto of_state = residual * factor * (2.0 * tie_weight);
  for (std::int64_t k = 0; k < networks(); ++k) {
    const auto entry =
        response.jacobian[i * static_cast<std::size_t>(networks()) + static_cast<std::size_t>(k)];
    loss.value.select(1, k).narrow(1, place, 1).add_(of_state * entry * scale.select(1, k));
  }
}

}  // namespace gluesweep::training
