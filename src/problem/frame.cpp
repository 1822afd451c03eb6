#include <ATen/ATen.h>

#include "gluesweep/problem/system.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

Tensors join(const Tensor& t, const Tensors& theta, const Tensors& constants, const Tensors& more = {}) {
  Tensors all{t};
  all.insert(all.end(), theta.begin(), theta.end());
  all.insert(all.end(), constants.begin(), constants.end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Outputs that do not depend on everything come in smaller shapes; give all of them the shape of the places.
Tensors full(Tensors values, const Tensor& t) {
  for (auto& value : values) {
    if (value.sizes() != t.sizes()) value = value.expand_as(t);
  }
  return values;
}

Tensors take(Tensors& values, std::size_t first, std::size_t count) {
  return {values.begin() + static_cast<std::ptrdiff_t>(first),
          values.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

constexpr int newton_steps = 60;
constexpr double inverted = 1.0e-14;   // no Newton step beyond this changes the solution
constexpr double acceptable = 1.0e-7;  // an inversion that ends above this has failed

}  // namespace

Tensors Frame::state(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  return full(state_(join(t, theta, constants)), t);
}

Tensors Frame::rate(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  return full(rate_(join(t, theta, constants)), t);
}

Frame::Drift Frame::drift(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  auto values = full(drift_(join(t, theta, constants)), t);
  const auto n = static_cast<std::size_t>(size_);
  return {take(values, 0, n), take(values, n, n * n)};
}

Frame::Response Frame::response(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  auto values = full(response_(join(t, theta, constants)), t);
  const auto n = static_cast<std::size_t>(size_);
  return {take(values, 0, n), take(values, n, n * n), take(values, n + n * n, n)};
}

Tensor Frame::drift_size(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  const auto rates = rate(t, theta, constants);
  const auto weights = response(t, theta, constants).weight;
  Tensor sum = at::zeros_like(t);
  for (std::size_t k = 0; k < rates.size(); ++k) sum = sum + (rates[k] * weights[k]).square();
  return sum.sqrt();
}

Tensor Frame::condition(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  return full(condition_(join(t, theta, constants)), t).front();
}

Frame::Inverse Frame::invert(const Tensor& t, const Tensors& theta, const Tensors& state,
                             const Tensors& guess) const {
  const auto n = static_cast<std::size_t>(size_);
  Tensors constants = full(guess, t);
  if (start_) {
    const auto closed = full((*start_)(join(t, theta, state)), t);
    for (std::size_t k = 0; k < n; ++k)
      constants[k] = at::where(closed[k].isfinite(), closed[k], constants[k]);
  }
  const auto newton = [&](const Tensors& at_constants) {
    auto values = full(newton_(join(t, theta, at_constants, state)), t);
    auto error = values[n];
    error = at::where(error.isfinite(), error, at::full_like(error, INFINITY));
    return std::make_pair(take(values, 0, n), error);
  };
  auto [step, error] = newton(constants);
  Tensor factor = at::ones_like(t);
  // Steps that are shortened further than this no longer help.
  const auto short_step = at::full_like(t, 0.1), shortest_step = at::full_like(t, 1.0e-6);
  Tensor done = error <= inverted;  // and stays: a place must not depend on how long the others take
  for (int i = 0; i < newton_steps && !done.all().item<bool>(); ++i) {
    Tensors trial(n);
    for (std::size_t k = 0; k < n; ++k) trial[k] = constants[k] + factor * step[k];
    const auto [trial_step, trial_error] = newton(trial);
    // Natural monotonicity: a step is taken where the next one would be smaller, otherwise halved.
    const auto better = (trial_error < error) & ~done;
    for (std::size_t k = 0; k < n; ++k) {
      constants[k] = at::where(better, trial[k], constants[k]);
      step[k] = at::where(better, trial_step[k], step[k]);
    }
    factor = at::where(better, (2.0 * factor).clamp_max(1.0), 0.5 * factor);
    error = at::where(better, trial_error, error);
    if (linear_) break;
    done = done | (error <= inverted) |
           (~better & (factor < at::where(error <= acceptable, short_step, shortest_step)));
  }
  error = at::where(error <= acceptable, error, at::full_like(error, NAN));
  return {constants, error};
}

}  // namespace gluesweep::problem
