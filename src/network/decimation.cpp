#include "gluesweep/network/decimation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr double critical_chi = 1.0e-9;  // |chi_1 - 1| that is taken for zero
constexpr int inputs_per_network = 8;
constexpr int layers_before = 8;       // until changes of the inputs have forgotten where they began
constexpr double shortest = 1.0e-8;    // of inputs where the fixed length is 0
constexpr int correlation_count = 11;  // 0, 0.1, ..., 1

FlowStep flow_step(const NeuronMoments& moments, double q, double chi) {
  const double weight_variance = chi / moments.slope_square;
  return {{weight_variance, q - weight_variance * moments.square},
          chi,
          q,
          std::abs(chi - 1.0) < critical_chi ? std::numeric_limits<double>::infinity()
                                             : 1.0 / std::abs(std::log(chi))};
}

/// Unit vectors along the last dimension.
Tensor normalised(const Tensor& vectors) { return vectors / vectors.square().sum(-1, true).sqrt(); }

/// What a layer tells about the couplings, as means over a network's inputs.
struct LayerRecord {
  double length, square, slope_square;
  Tensor growth;  ///< (m): of the squared changes, to the next layer
};

/// Follows inputs and small changes of them through the layers of a random network.
class ChangeTracer {
 public:
  ChangeTracer(Activation activation, const Couplings& couplings, double length, RandomLayers network,
               std::int64_t width)
      : activation_(activation), couplings_(couplings), network_(std::move(network)) {
    z_ = std::sqrt(length) * network_.normal({inputs_per_network, width});
    change_ = normalised(network_.normal({inputs_per_network, width}));
  }

  LayerRecord next() {
    const Tensor h = activate(activation_, z_), slope = activation_slope(activation_, z_);
    const auto layer = network_.next(z_.size(-1));
    const Tensor change = tangent(layer, couplings_, slope * change_);
    const LayerRecord record{z_.square().mean().item<double>(), h.square().mean().item<double>(),
                             slope.square().mean().item<double>(), change.square().sum(-1)};
    z_ = preactivation(layer, couplings_, h);
    change_ = normalised(change);
    return record;
  }

 private:
  Activation activation_;
  Couplings couplings_;
  RandomLayers network_;
  Tensor z_, change_;
};

/// chi_1, q, sigma_w^2 and sigma_b^2 of the chain of every `block`-th layer.
Tensor decimated(const std::vector<LayerRecord>& records, std::size_t block) {
  double length = 0.0, square = 0.0, slope_square = 0.0;
  Tensor growth = at::zeros({inputs_per_network}, at::kDouble);
  for (std::size_t first = 0; first < records.size(); first += block) {
    length += records[first].length;
    square += records[first].square;
    slope_square += records[first].slope_square;
    Tensor own = at::ones({inputs_per_network}, at::kDouble);
    for (std::size_t layer = first; layer < first + block; ++layer) own = own * records[layer].growth;
    growth += own;
  }
  const auto blocks = static_cast<double>(records.size() / block);
  const double chi = growth.mean().item<double>() / blocks;
  const auto step = flow_step({0.0, square / blocks, slope_square / blocks}, length / blocks, chi);
  return at::tensor({chi, step.length, step.couplings.weight_variance, step.couplings.bias_variance},
                    at::kDouble);
}

}  // namespace

std::vector<FlowStep> mean_field_flow(Activation activation, const Couplings& couplings, int steps) {
  const MeanField theory(activation, couplings);
  const double q = theory.fixed_length();
  if (std::isinf(q)) return {};
  const auto moments = neuron_moments(activation, q);
  std::vector<FlowStep> flow;
  double chi = theory.chi_1(q);
  for (int step = 0; step <= steps; ++step, chi *= chi) flow.push_back(flow_step(moments, q, chi));
  return flow;
}

SampledFlow sampled_flow(Activation activation, const Couplings& couplings, int steps,
                         const Sampling& sampling) {
  const double q = std::max(MeanField(activation, couplings).fixed_length(), shortest);
  const std::size_t longest = std::size_t{1} << static_cast<unsigned>(steps);
  std::vector<Tensor> draws;
  for (int draw = 0; draw < sampling.draws; ++draw) {
    ChangeTracer tracer(activation, couplings, q, RandomLayers(sampling, draw), sampling.width);
    for (int layer = 0; layer < layers_before; ++layer) tracer.next();
    std::vector<LayerRecord> records;
    for (std::size_t layer = 0; layer < longest; ++layer) records.push_back(tracer.next());
    std::vector<Tensor> flow;
    for (std::size_t block = 1; block <= longest; block *= 2) flow.push_back(decimated(records, block));
    draws.push_back(at::stack(flow));
  }
  const auto all = mean_of_draws(at::stack(draws));  // (steps + 1, 4)
  const auto column = [&all](std::int64_t index) {
    return Estimates{all.value.select(1, index).contiguous(), all.error.select(1, index).contiguous()};
  };
  return {column(2), column(3), column(0), column(1)};
}

TwoStepMap two_step_map(Activation activation, const Couplings& couplings, const Sampling& sampling) {
  const MeanField theory(activation, couplings);
  const auto flow = mean_field_flow(activation, couplings, 1);
  const double q = flow.front().length, length = std::max(q, shortest);
  const MeanField effective(activation, flow.back().couplings);
  const Tensor before = at::linspace(0.0, 1.0, correlation_count, at::kDouble);
  std::vector<double> composed, one_step;
  for (int i = 0; i < correlation_count; ++i) {
    const double c = before[i].item<double>();
    composed.push_back(theory.correlation(std::clamp(theory.correlation(c, q), -1.0, 1.0), q));
    one_step.push_back(effective.correlation(c, q));
  }
  std::vector<Tensor> draws;
  for (int draw = 0; draw < sampling.draws; ++draw) {
    RandomLayers network(sampling, draw);
    const Tensor own = network.normal({correlation_count, sampling.width});
    const Tensor shared = network.normal({1, sampling.width});
    const Tensor c = before.unsqueeze(1);
    Tensor z = std::sqrt(length) * at::cat({shared, c * shared + (1.0 - c.square()).sqrt() * own});
    for (int layer = 0; layer < 2; ++layer)
      z = preactivation(network.next(z.size(-1)), couplings, activate(activation, z));
    draws.push_back(overlap(z.slice(0, 1), z.slice(0, 0, 1)));
  }
  return {before, at::tensor(composed, at::kDouble), at::tensor(one_step, at::kDouble),
          mean_of_draws(at::stack(draws))};
}

}  // namespace gluesweep::network
