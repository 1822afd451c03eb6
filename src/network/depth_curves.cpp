#include "gluesweep/network/depth_curves.hpp"

#include <algorithm>
#include <cmath>

namespace gluesweep::network {
namespace {

using at::Tensor;
using Skip = job::Network::Skip;

/// Lengths and correlations of preactivations (m, N), as rows.
DepthCurves measured(const Tensor& z, const Pairs& pairs) {
  std::vector<Tensor> correlations;
  for (const auto& [a, b] : pairs) correlations.push_back(overlap(z[a], z[b]));
  return {z.square().mean(-1), at::stack(correlations)};
}

DepthCurves stacked(const std::vector<DepthCurves>& rows) {
  std::vector<Tensor> lengths, correlations;
  for (const auto& row : rows) {
    lengths.push_back(row.length);
    correlations.push_back(row.correlation);
  }
  return {at::stack(lengths), at::stack(correlations)};
}

/// The neurons' moments in the limit of infinite width, for all inputs together.
class Prediction {
 public:
  Prediction(const Chain& chain, const Tensor& neurons, const Pairs& pairs) : chain_(chain), pairs_(pairs) {
    for (std::int64_t i = 0; i < neurons.size(0); ++i) {
      square_.push_back(neurons[i].square().mean().item<double>());
      mean_.push_back(neurons[i].mean().item<double>());
    }
    for (const auto& [a, b] : pairs) product_.push_back((neurons[a] * neurons[b]).mean().item<double>());
  }

  /// The next layer's preactivations; the moments become those of its neurons.
  DepthCurves next() {
    const auto q = [this](double moment) {
      return chain_.couplings.weight_variance * moment + chain_.couplings.bias_variance;
    };
    std::vector<double> length, correlation;
    for (const double square : square_) length.push_back(q(square));
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
      const double size = std::sqrt(length_of(length, pairs_[k].first) * length_of(length, pairs_[k].second));
      correlation.push_back(size > 0.0 ? std::min(q(product_[k]) / size, 1.0) : 1.0);
    }
    advance(length, correlation);
    return {at::tensor(length, at::kDouble), at::tensor(correlation, at::kDouble)};
  }

 private:
  static double length_of(const std::vector<double>& lengths, int place) {
    return lengths[static_cast<std::size_t>(place)];
  }

  // With skip connections h + s act(z), z having weights of its own: independent of h but for the mean of
  // act.
  void advance(const std::vector<double>& length, const std::vector<double>& correlation) {
    const bool skips = chain_.skip == Skip::residual;
    const double s = skips ? chain_.skip_scale : 1.0, kept = skips ? 1.0 : 0.0;
    std::vector<double> own;
    for (const double q : length) own.push_back(neuron_moments(chain_.activation, q).mean);
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
      const auto a = static_cast<std::size_t>(pairs_[k].first),
                 b = static_cast<std::size_t>(pairs_[k].second);
      const double both = neuron_product(chain_.activation, {length[a], length[b], correlation[k]});
      const double mixed = s * (mean_[a] * own[b] + mean_[b] * own[a]);
      product_[k] = kept * (product_[k] + mixed) + s * s * both;
    }
    for (std::size_t i = 0; i < length.size(); ++i) {
      const double square = neuron_moments(chain_.activation, length[i]).square;
      square_[i] = kept * (square_[i] + 2.0 * s * mean_[i] * own[i]) + s * s * square;
      mean_[i] = kept * mean_[i] + s * own[i];
    }
  }

  const Chain& chain_;
  const Pairs& pairs_;
  std::vector<double> square_, mean_, product_;  // of the neurons
};

DepthCurves one_draw(const Chain& chain, const Tensor& neurons, const Pairs& pairs, int layers,
                     RandomLayers network) {
  std::vector<DepthCurves> rows;
  Tensor h = neurons;
  for (int layer = 2; layer <= layers; ++layer) {
    const Tensor z = preactivation(network.next(h.size(-1)), chain.couplings, h);
    rows.push_back(measured(z, pairs));
    const Tensor own = activate(chain.activation, z);
    h = chain.skip == Skip::residual ? h + chain.skip_scale * own : own;
  }
  return stacked(rows);
}

}  // namespace

DepthCurves predicted_curves(const Chain& chain, const Tensor& neurons, const Pairs& pairs, int layers) {
  Prediction prediction(chain, neurons, pairs);
  std::vector<DepthCurves> rows;
  for (int layer = 2; layer <= layers; ++layer) rows.push_back(prediction.next());
  return stacked(rows);
}

DepthCurves trunk_curves(const Trunk& trunk, const Tensor& xi, const Pairs& pairs) {
  const auto inputs = trunk.preactivations(xi);
  std::vector<DepthCurves> rows;
  for (std::size_t layer = 1; layer < inputs.size(); ++layer) rows.push_back(measured(inputs[layer], pairs));
  if (!rows.empty()) return stacked(rows);
  return {at::empty({0, xi.size(0)}, at::kDouble),
          at::empty({0, static_cast<std::int64_t>(pairs.size())}, at::kDouble)};
}

SampledCurves sampled_curves(const Chain& chain, const Tensor& neurons, const Pairs& pairs, int layers,
                             const Sampling& sampling) {
  std::vector<DepthCurves> draws;
  for (int draw = 0; draw < sampling.draws; ++draw)
    draws.push_back(one_draw(chain, neurons, pairs, layers, RandomLayers(sampling, draw)));
  const auto all = stacked(draws);
  const auto length = mean_of_draws(all.length), correlation = mean_of_draws(all.correlation);
  const double root = std::sqrt(static_cast<double>(sampling.draws));
  return {{length.value, correlation.value},
          {length.error, correlation.error},
          {length.error * root, correlation.error * root}};
}

}  // namespace gluesweep::network
