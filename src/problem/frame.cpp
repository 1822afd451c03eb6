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

/// Places of a batch that are still being inverted, flattened: every tensor is (K, 1) but for `place` (K).
struct Frame::Search {
  Tensor place;  // index among all places
  Tensor t, error, factor;
  Tensors theta, state, constants, step;

  Search at(const Tensor& rows) const {
    const auto pick = [&rows](const Tensor& values) { return values.index_select(0, rows); };
    const auto pick_all = [&pick](Tensors values) {
      for (auto& value : values) value = pick(value);
      return values;
    };
    return {pick(place),     pick(t),         pick(error),         pick(factor),
            pick_all(theta), pick_all(state), pick_all(constants), pick_all(step)};
  }
};

namespace {

Tensor flat(const Tensor& values, const Tensor& like) { return values.expand_as(like).reshape({-1, 1}); }

Tensors flat(Tensors values, const Tensor& like) {
  for (auto& value : values) value = flat(value, like);
  return values;
}

}  // namespace

Frame::Step Frame::newton_step(const Tensor& t, const Tensors& theta, const Tensors& state,
                               const Tensors& constants) const {
  const auto n = static_cast<std::size_t>(size_);
  auto values = full(newton_(join(t, theta, constants, state)), t);
  const auto error = values[n];
  return {take(values, 0, n), at::where(error.isfinite(), error, at::full_like(error, INFINITY))};
}

/// One damped Newton step at all places of a search; which of them are settled.
Tensor Frame::advance(Search& search, double shortest_step) const {
  const auto n = static_cast<std::size_t>(size_);
  Tensors trial(n);
  for (std::size_t k = 0; k < n; ++k) trial[k] = search.constants[k] + search.factor * search.step[k];
  const auto [step, error] = newton_step(search.t, search.theta, search.state, trial);
  // Natural monotonicity: a step is taken where the next one would be smaller, otherwise halved.
  const auto better = error < search.error;
  for (std::size_t k = 0; k < n; ++k) {
    search.constants[k] = at::where(better, trial[k], search.constants[k]);
    search.step[k] = at::where(better, step[k], search.step[k]);
  }
  search.factor = at::where(better, (2.0 * search.factor).clamp_max(1.0), 0.5 * search.factor);
  search.error = at::where(better, error, search.error);
  if (linear_) return at::ones_like(better);
  // Steps that are shortened further than this no longer help.
  const auto shortest =
      at::where(search.error <= acceptable, 0.1 * at::ones_like(error), shortest_step * at::ones_like(error));
  return (search.error <= inverted) | (~better & (search.factor < shortest));
}

Frame::Inverse Frame::invert(const Tensor& t, const Tensors& theta, const Tensors& state,
                             const Tensors& guess, double shortest_step) const {
  const auto n = static_cast<std::size_t>(size_);
  Tensors constants = full(guess, t);
  if (start_) {
    const auto closed = full((*start_)(join(t, theta, state)), t);
    for (std::size_t k = 0; k < n; ++k)
      constants[k] = at::where(closed[k].isfinite(), closed[k], constants[k]);
  }
  auto [step, error] = newton_step(t, theta, state, constants);
  constants = flat(constants, t);
  Tensor errors = flat(error, t);
  for (auto& values : constants) values = values.clone();
  const auto open = (errors > inverted).squeeze(1).nonzero().squeeze(1);
  if (open.numel() > 0) {
    const auto all = at::arange(t.numel(), open.options());
    const Search whole{all,       flat(t, t),   errors, at::ones_like(errors), flat(theta, t), flat(state, t),
                       constants, flat(step, t)};
    Search search = whole.at(open);
    // Settled places leave: they must not depend on how long the others take, nor wait for them.
    for (int i = 0; i < newton_steps && search.place.numel() > 0; ++i) {
      const auto settled = advance(search, shortest_step);
      for (std::size_t k = 0; k < n; ++k) constants[k].index_copy_(0, search.place, search.constants[k]);
      errors.index_copy_(0, search.place, search.error);
      search = search.at((~settled).squeeze(1).nonzero().squeeze(1));
    }
  }
  for (auto& values : constants) values = values.view_as(t);
  errors = at::where(errors <= acceptable, errors, at::full_like(errors, NAN));
  return {constants, errors.view_as(t)};
}

}  // namespace gluesweep::problem
