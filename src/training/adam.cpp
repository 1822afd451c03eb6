#include "adam.hpp"

#include <ATen/core/PhiloxRNGEngine.h>

#include <algorithm>
#include <cmath>

#include "gluesweep/training/phases.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr double beta_1 = 0.9;        // Kingma and Ba's
constexpr double beta_2 = 0.99;       // forgets sooner than their 0.999: gradients fall by decades
constexpr double epsilon = 1.0e-12;   // far below the gradients of a loss of 1e-12
constexpr double last_rate = 1.0e-3;  // of the learning rate at the start
constexpr int scores = 100;           // weights looked at for the best ones, evenly spread
constexpr std::uint64_t sample_stream = 1u << 20;  // apart from the streams of the initial weights

class Training {
 public:
  Training(const PointwiseEquation& equation, const network::Perceptron& perceptron, const Tensor& start)
      : equation_(equation),
        perceptron_(perceptron),
        weights_(start.expand({equation.points(), -1, -1}).contiguous()),
        mean_(at::zeros_like(weights_)),
        square_(at::zeros_like(weights_)) {
    const auto doubles = weights_.options();
    fit_.weights = weights_.clone();
    fit_.loss = at::full({equation.points()}, INFINITY, doubles);
    fit_.residual = at::full({equation.points()}, NAN, doubles);
    fit_.iterations = at::zeros({equation.points()}, doubles.dtype(at::kInt));
    fit_.finite = at::ones({equation.points()}, doubles.dtype(at::kBool));
  }

  void step(std::int64_t number, double progress, double rate);
  void score();
  bool stopped() const { return !fit_.finite.any().item<bool>(); }
  const AdamFit& fit() const { return fit_; }

 private:
  Tensor flat(const Tensor& values) const { return values.flatten(0, 1); }  // (B, K, ...) -> (B K, ...)
  PointwiseEquation::Loss evaluate(std::int64_t set, double progress,
                                   const network::Perceptron::Output& output) const;

  const PointwiseEquation& equation_;
  const network::Perceptron& perceptron_;
  Tensor weights_;        // (B, K, W)
  Tensor mean_, square_;  // of the gradient
  AdamFit fit_;
};

PointwiseEquation::Loss Training::evaluate(std::int64_t set, double progress,
                                           const network::Perceptron::Output& output) const {
  const std::int64_t points = equation_.points(), networks = equation_.networks();
  return equation_.loss(set, progress, output.value.unflatten(0, {points, networks}),
                        output.slope.unflatten(0, {points, networks}));
}

void Training::step(std::int64_t number, double progress, double rate) {
  const auto set = number % (equation_.sets() - 1);
  const auto output = perceptron_.forward(flat(weights_), flat(equation_.places(set)));
  const auto loss = evaluate(set, progress, output);
  const auto gradient =
      perceptron_.backward(flat(weights_), output, flat(loss.value), flat(loss.slope)).view_as(weights_);
  fit_.finite = fit_.finite & loss.loss.isfinite() & gradient.isfinite().flatten(1).all(1);
  mean_.mul_(beta_1).add_(gradient, 1.0 - beta_1);
  square_.mul_(beta_2).addcmul_(gradient, gradient, 1.0 - beta_2);
  const double taken = static_cast<double>(number + 1);
  const double of_mean = 1.0 / (1.0 - std::pow(beta_1, taken)),
               of_square = 1.0 / (1.0 - std::pow(beta_2, taken));
  const auto change = mean_ / (square_ * of_square).sqrt_().add_(epsilon);
  weights_ = at::where(fit_.finite.view({-1, 1, 1}), weights_ - change * (rate * of_mean), weights_);
  fit_.iterations.add_(fit_.finite.to(at::kInt));
}

void Training::score() {
  const auto set = equation_.sets() - 1;
  const auto loss = evaluate(set, 1.0, perceptron_.forward(flat(weights_), flat(equation_.places(set))));
  const auto better = loss.loss < fit_.loss;  // false for NaN
  fit_.weights = at::where(better.view({-1, 1, 1}), weights_, fit_.weights);
  fit_.loss = at::where(better, loss.loss, fit_.loss);
  fit_.residual = at::where(better, loss.largest, fit_.residual);
}

}  // namespace

Samples Samples::stratified(std::uint64_t seed, std::int64_t sets, std::int64_t size) {
  Tensor xi = at::empty({sets, size}, at::kDouble);
  auto table = xi.accessor<double, 2>();
  for (std::int64_t s = 0; s < sets; ++s) {
    at::philox_engine random(seed, sample_stream + static_cast<std::uint64_t>(s));
    for (std::int64_t i = 0; i < size; ++i) {
      const double share = s + 1 == sets ? 0.5 : (static_cast<double>(random()) + 0.5) * 0x1.0p-32;
      table[s][i] = 2.0 * (static_cast<double>(i) + share) / static_cast<double>(size) - 1.0;
    }
  }
  return {xi};
}

AdamFit adam(const PointwiseEquation& equation, const network::Perceptron& perceptron,
             const job::Adam& settings, std::uint64_t seed, const at::TensorOptions& options) {
  const Timed timed(Phase::iteration);
  Training training(equation, perceptron,
                    perceptron.initial(seed, equation.networks()).to(options.device()).unsqueeze(0));
  const std::int64_t between = std::max<std::int64_t>(1, settings.steps / scores);
  for (std::int64_t number = 0; number < settings.steps; ++number) {
    if (number % between == 0) training.score();
    const double progress = static_cast<double>(number) / settings.steps;
    const double share = last_rate + (1.0 - last_rate) * 0.5 * (1.0 + std::cos(M_PI * progress));
    training.step(number, progress, settings.learning_rate * share);
    if (number % between == 0 && training.stopped()) break;
  }
  training.score();
  return training.fit();
}

}  // namespace gluesweep::training
