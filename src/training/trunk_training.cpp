#include "trunk_training.hpp"

#include <torch/optim/lbfgs.h>

#include <cmath>
#include <optional>

#include "gluesweep/network/activation.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using network::NamedArrays;

// Combinations of neurons below this are rounding. Less than where a trunk is drawn: the features take little
// of the weakest, which they need.
constexpr double neuron_rank = 1.0e-12;

// Combinations of which the functions say nothing follow in the order of their own size, as if seen with this
// weight, before what is rounding in the functions.
constexpr double prior = 1.0e-8;

/// How well the neurons' span holds the functions Y (N, K).
struct Span {
  Tensor neurons;              // (N, H + 1)
  Tensor left, values, right;  // their singular value decomposition without what is rounding
  Tensor residual;             // (N, K)
  double loss;                 // sum of its squares

  Span(const Tensor& neurons_, const Tensor& functions) : neurons(neurons_) {
    const auto [u, s, v] = at::linalg_svd(neurons, false);
    const auto rank = (s > neuron_rank * s[0]).sum().item<std::int64_t>();
    left = u.narrow(1, 0, rank);
    values = s.narrow(0, 0, rank);
    right = v.narrow(0, 0, rank);
    residual = outside(functions);
    loss = residual.square().sum().item<double>();
  }

  Tensor outside(const Tensor& some) const { return some - at::matmul(left, at::matmul(left.t(), some)); }

  /// Heads (H + 1, K) of the best fit.
  Tensor heads(const Tensor& functions) const {
    return at::matmul(right.t(), at::matmul(left.t(), functions) / values.unsqueeze(1));
  }
};

/// The same span of functions by at most N of them, with the same sums of squares.
Tensor compressed(const Tensor& functions) {
  const auto [left, values, right] = at::linalg_svd(functions, false);
  return left * values;
}

/// Levenberg and Marquardt's method for one hidden layer, on the logarithms of its slopes and on its centres.
/// A parameter moves one neuron only, so that with Kaufman's approximation of the residual's derivative,
/// -(outside the span) d h_i head_i, the normal matrix is an element-wise product of two small ones.
class OneLayer {
 public:
  OneLayer(const network::Trunk& trunk, const network::Elements& elements, const Tensor& functions)
      : activation_(trunk.activation()), xi_(elements.xi.unsqueeze(1)), functions_(functions) {
    for (const auto& [name, values] : trunk.arrays()) {
      if (name == "slope") slope_ = values;
      if (name == "centre") centre_ = values;
    }
  }

  void optimise(int steps) {
    Point now{slope_.log(), centre_.clone()};
    Span span = span_of(now);
    double damping = 1.0e-2;
    for (int step = 0; step < steps; ++step) {
      const auto better = improve(now, span, damping);
      if (!better) break;
      now = *better;
      span = span_of(now);
    }
    slope_.copy_(now.log_slope.exp());
    centre_.copy_(now.centre);
  }

 private:
  struct Point {
    Tensor log_slope, centre;  // (H)
  };
  static constexpr double longest_step = 0.3, least_damping = 1.0e-9, most_damping = 1.0e9;

  Tensor inputs(const Point& point) const { return (xi_ - point.centre) * point.log_slope.exp(); }

  Span span_of(const Point& point) const {
    return {at::cat({network::activate(activation_, inputs(point)), at::ones_like(xi_)}, 1), functions_};
  }

  std::optional<Point> improve(const Point& now, const Span& span, double& damping) const {
    const auto count = now.centre.size(0);
    const auto z = inputs(now);
    const auto slope = network::activation_slope(activation_, z);
    const auto moves = at::cat({slope * z, -slope * now.log_slope.exp()}, 1);  // (N, 2 H)
    const auto heads = span.heads(functions_).narrow(0, 0, count);
    const auto normal =
        at::matmul(moves.t(), span.outside(moves)) * at::matmul(heads, heads.t()).repeat({2, 2});
    const auto gradient = (moves * at::matmul(span.residual, heads.t()).repeat({1, 2})).sum(0);
    const auto size = normal.diagonal().clamp_min(1.0e-12 * normal.diagonal().max()).sqrt();
    const auto scaled = normal / size / size.unsqueeze(1);
    for (; damping <= most_damping; damping *= 10.0) {
      const auto matrix = scaled + damping * at::eye(2 * count, scaled.options());
      auto move = std::get<0>(at::linalg_solve_ex(matrix, (gradient / size).unsqueeze(1))).squeeze(1) / size;
      move = move * std::min(1.0, longest_step / move.abs().max().item<double>());
      const Point next{now.log_slope + move.narrow(0, 0, count), now.centre + move.narrow(0, count, count)};
      if (!(span_of(next).loss < span.loss)) continue;
      damping = std::max(damping / 10.0, least_damping);
      return next;
    }
    return std::nullopt;
  }

  network::Activation activation_;
  Tensor xi_, functions_, slope_, centre_;
};

/// Hidden layers of any number: L-BFGS on the logarithm of the loss. At the best heads its gradient is that
/// at fixed heads.
void optimise_layers(const job::Network& network, const network::Trunk& trunk,
                     const network::Elements& elements, const Tensor& functions) {
  NamedArrays arrays;
  std::vector<Tensor> parameters;
  for (const auto& [name, values] : trunk.arrays()) {
    arrays.emplace_back(name, values.clone());
    if (name != "mixing") parameters.push_back(arrays.back().second.requires_grad_());
  }
  const network::Trunk trainee(network, arrays);
  torch::optim::LBFGS optimiser(parameters, torch::optim::LBFGSOptions(1.0)
                                                .max_iter(network.train.steps)
                                                .max_eval(2 * network.train.steps)
                                                .history_size(30)
                                                .tolerance_grad(1e-14)
                                                .tolerance_change(1e-14)
                                                .line_search_fn("strong_wolfe"));
  optimiser.step([&] {
    optimiser.zero_grad();
    const auto neurons = trainee.neurons(elements.xi);
    const auto heads = Span(neurons.detach(), functions).heads(functions);
    const auto loss = (functions - at::matmul(neurons, heads)).square().sum().log();
    loss.backward();
    return loss;
  });
  const auto targets = trunk.arrays();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Tensor(targets[i].second).copy_(arrays[i].second.detach());
  }
}

/// Mixing (H + 1, F) of the neurons into the features that represent the functions best.
Tensor best_mixing(const network::Trunk& trunk, const network::Elements& elements,
                   const network::Elements& finer, const Tensor& functions) {
  const auto count = trunk.size();
  const auto [left, values, right] = at::linalg_svd(trunk.neurons(finer.xi), false);
  const auto rank = std::max(count, (values > neuron_rank * values[0]).sum().item<std::int64_t>());
  const auto own = values.narrow(0, 0, rank);
  const auto seen = at::matmul(left.narrow(1, 0, rank).t(), functions);
  const auto all = at::cat({seen, at::diag((own / own[0]).sqrt() * prior)}, 1);
  const auto directions = std::get<0>(at::linalg_svd(all, false)).narrow(1, 0, count);
  const auto mixing = at::matmul(right.narrow(0, 0, rank).t() / own, directions);
  // One after the other: the last directions are small differences of neurons, with rounding that the first
  // ones must not be mixed with.
  const auto triangle = std::get<1>(at::linalg_qr(at::matmul(trunk.neurons(elements.xi), mixing)));
  const auto orthonormal = at::linalg_solve_triangular(triangle, mixing, true, false);
  return orthonormal * std::sqrt(static_cast<double>(elements.size()));
}

}  // namespace

void train_trunk(const job::Network& network, const network::Trunk& trunk, const network::Elements& elements,
                 const network::Elements& finer, const Tensor& functions) {
  const auto wanted = compressed(functions.t() / std::sqrt(static_cast<double>(functions.size(0))));
  if (network.train.steps > 0 && trunk.layers() == 1) {
    OneLayer(trunk, finer, wanted).optimise(network.train.steps);
  } else if (network.train.steps > 0) {
    optimise_layers(network, trunk, finer, wanted);
  }
  const auto mixing = best_mixing(trunk, elements, finer, wanted);
  for (const auto& [name, values] : trunk.arrays()) {
    if (name == "mixing") Tensor(values).copy_(mixing);
  }
}

}  // namespace gluesweep::training
