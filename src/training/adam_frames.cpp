#include "adam_frames.hpp"

#include "row_weights.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::System;

constexpr double length = 2.0;              // of a region in xi
constexpr double smallest_weight = 1.0e-3;  // of a place against the patch's most sensitive one
constexpr double tie_weight = 0.3;  // of squared glue and conditions against squared residuals: more, and
                                    // stiff problems stay at the matching constants

/// What an error made at increasing places costs, (B, n, m): the largest weight wherever it is carried.
Tensor carried_weight(const System& system, const Tensors& weights) {
  auto rho = at::stack(weights, 1);
  rho = at::where(rho.isfinite(), rho, at::zeros_like(rho));
  const auto largest = rho.amax(2, true);
  if (system.starts_with_all()) {
    rho = std::get<0>(rho.flip(2).cummax(2)).flip(2);
  } else {
    rho = largest.expand_as(rho);
  }
  return at::maximum(rho, smallest_weight * largest).clamp_min(1e-300);
}

}  // namespace

FramesEquation::FramesEquation(const System& system, const Points& points, const Scales& scales,
                               const Samples& samples)
    : system_(system), points_(points), samples_(samples), n_(system.size()) {
  Tensors ties;
  for (int p = 0; p + 1 < system.patches(); ++p) ties.push_back(glue_places(points.regions, p));
  for (const auto& condition : system.conditions()) {
    const auto x = system.to_x(condition.where(points.theta));
    ties.push_back(x);
    Target target{condition.target(points.theta), {}, condition.component};
    for (int p = 0; p < system.patches(); ++p) {
      target.owned.push_back(points.regions.owned(p, x).to(at::kDouble));
    }
    conditions_.push_back(target);
  }
  const auto tie_x = at::cat(ties, 1);
  for (int p = 0; p < system.patches(); ++p) {
    patches_.push_back(prepare(p, scales[static_cast<std::size_t>(p)], tie_x));
  }
}

FramesEquation::Patch FramesEquation::prepare(int patch, const network::Scale& scale,
                                              const Tensor& tie_x) const {
  const auto s = static_cast<std::size_t>(patch);
  const auto& map = points_.maps[s];
  const auto one = at::ones({1}, samples_.xi.options());
  const auto xi = at::cat({-one, samples_.xi.flatten(), one});  // nodes() wants both ends
  const auto nodes = map.nodes(xi);
  const std::vector<std::int64_t> shape{samples_.sets(), samples_.size()};
  const auto inner = [&](const Tensor& values) {
    return values.narrow(-1, 1, samples_.xi.numel()).unflatten(-1, shape).contiguous();
  };
  Patch result;
  result.t = inner(system_.to_t(nodes.x));
  result.speed = inner(nodes.slope);
  if (system_.log_scale()) result.speed.mul_(result.t);
  result.scale = inner(scale.at(xi));
  result.log_slope = inner(scale.log_slope(xi).expand_as(scale.at(xi)));
  result.offset = at::stack(points_.matching.constants[s], 1);
  const auto x = at::minimum(at::maximum(tie_x, map.start), map.end);
  result.tie_xi = map.xi(x).clamp(-1.0, 1.0);
  result.tie_t = system_.to_t(x);
  result.tie_scale = scale.at(result.tie_xi);
  return result;
}

Tensor FramesEquation::places(std::int64_t set) const {
  const auto inner = samples_.xi.select(0, set).expand({points(), -1});
  Tensors all;
  for (const auto& patch : patches_) {
    all.push_back(at::cat({inner, patch.tie_xi}, 1).unsqueeze(1).expand({-1, n_, -1}));
  }
  return at::cat(all, 1);
}

PointwiseEquation::Loss FramesEquation::loss(std::int64_t set, double, const Tensor& value,
                                             const Tensor& slope) const {
  Loss loss{at::zeros({points()}, value.options()), at::zeros({points()}, value.options()),
            at::zeros_like(value), at::zeros_like(slope)};
  for (int p = 0; p < system_.patches(); ++p) add_equation(p, set, value, slope, loss);
  for (int p = 0; p + 1 < system_.patches(); ++p) add_glue(p, value, loss);
  for (std::size_t c = 0; c < conditions_.size(); ++c) add_condition(c, value, loss);
  return loss;
}

void FramesEquation::add_equation(int patch, std::int64_t set, const Tensor& value, const Tensor& slope,
                                  Loss& loss) const {
  const auto& own = patches_[static_cast<std::size_t>(patch)];
  const auto& frame = system_.frame(patch);
  const auto m = samples_.size();
  const auto mine = [&](const Tensor& all) { return all.narrow(1, patch * n_, n_).narrow(2, 0, m); };
  const auto scale = own.scale.select(2, set), log_slope = own.log_slope.select(2, set);
  const auto t = own.t.select(1, set), speed = own.speed.select(1, set);
  const auto constants = own.offset + scale * mine(value);
  const auto constants_slope = scale * (mine(slope) + log_slope * mine(value));

  const auto list = constants.unbind(1);
  const auto rho = carried_weight(system_, frame.response(t, points_.theta, list).weight);
  const auto drift = frame.drift(t, points_.theta, list);
  const auto jacobian = at::stack(drift.jacobian, 1).unflatten(1, {n_, n_}) * speed.view({-1, 1, 1, m});
  const auto stiffness = (jacobian.abs() * rho.unsqueeze(2) / rho.unsqueeze(1)).sum(2);
  const auto weight = length * rho / (1.0 + length * stiffness);
  const auto residual = (constants_slope - at::stack(drift.rate, 1) * speed.unsqueeze(1)) * weight;
  loss.loss.add_(residual.square().sum({1, 2}), 1.0 / static_cast<double>(m));
  loss.largest = at::maximum(loss.largest, residual.abs().amax({1, 2}));

  const auto of_slope = residual * weight * (2.0 / static_cast<double>(m));
  const auto of_value = (jacobian * of_slope.unsqueeze(2)).sum(1).neg();
  mine(loss.value).add_(scale * (of_value + log_slope * of_slope));
  mine(loss.slope).add_(scale * of_slope);
}

FramesEquation::Ties FramesEquation::ties(int patch, const Tensor& value, std::int64_t first,
                                          std::int64_t count) const {
  const auto& own = patches_[static_cast<std::size_t>(patch)];
  const auto scale = own.tie_scale.narrow(2, first, count);
  const auto networks = value.narrow(1, patch * n_, n_).narrow(2, samples_.size() + first, count);
  const auto constants = (own.offset + scale * networks).unbind(1);
  const auto t = own.tie_t.narrow(1, first, count);
  return {system_.frame(patch).response(t, points_.theta, constants), scale, first, count};
}

void FramesEquation::add_cotangent(int patch, const Ties& ties, int component, const Tensor& of_state,
                                   Loss& loss) const {
  for (int k = 0; k < n_; ++k) {
    const auto entry = ties.response.jacobian[static_cast<std::size_t>(component * n_ + k)];
    loss.value.select(1, patch * n_ + k)
        .narrow(1, samples_.size() + ties.first, ties.count)
        .add_(of_state * entry * ties.scale.select(1, k));
  }
}

void FramesEquation::add_glue(int patch, const Tensor& value, Loss& loss) const {
  const std::int64_t first = patch * glue_points;
  const auto left = ties(patch, value, first, glue_points),
             right = ties(patch + 1, value, first, glue_points);
  const auto rho = local_weights(right.response);
  for (int i = 0; i < n_; ++i) {
    const auto s = static_cast<std::size_t>(i);
    const auto factor = 1.0 / row_scale(right.response, rho, i);
    const auto residual = (left.response.state[s] - right.response.state[s]) * factor;
    loss.loss.add_(residual.square().sum(1), tie_weight / glue_points);
    loss.largest = at::maximum(loss.largest, residual.abs().amax(1));
    const auto of_state = residual * factor * (2.0 * tie_weight / glue_points);
    add_cotangent(patch, left, i, of_state, loss);
    add_cotangent(patch + 1, right, i, -of_state, loss);
  }
}

void FramesEquation::add_condition(std::size_t condition, const Tensor& value, Loss& loss) const {
  const auto& target = conditions_[condition];
  const std::int64_t place = (system_.patches() - 1) * glue_points + static_cast<std::int64_t>(condition);
  for (int p = 0; p < system_.patches(); ++p) {
    const auto& owned = target.owned[static_cast<std::size_t>(p)];
    if (!owned.any().item<bool>()) continue;
    const auto here = ties(p, value, place, 1);
    const auto factor = owned / row_scale(here.response, local_weights(here.response), target.component);
    const auto residual =
        (here.response.state[static_cast<std::size_t>(target.component)] - target.value) * factor;
    loss.loss.add_(residual.square().sum(1), tie_weight);
    loss.largest = at::maximum(loss.largest, residual.abs().amax(1));
    add_cotangent(p, here, target.component, residual * factor * (2.0 * tie_weight), loss);
  }
}

}  // namespace gluesweep::training
