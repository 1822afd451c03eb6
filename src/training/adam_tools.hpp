#pragma once

#include "adam.hpp"
#include "gluesweep/job/job.hpp"
#include "gluesweep/network/elements.hpp"
#include "gluesweep/network/perceptron.hpp"
#include "method.hpp"

namespace gluesweep::training {

/// What every method trained by Adam prepares once, whatever its equation.
struct AdamTools {
  static constexpr std::int64_t sample_sets = 64;  // used in turn; one more is for scoring

  job::Adam settings;
  std::uint64_t seed;
  network::Perceptron perceptron;
  Samples samples;
  network::Elements elements, finer;  // see Outcome

  AdamTools(const job::Job& job, const at::Device& device)
      : settings(job.training.adam),
        seed(job.network.seed),
        perceptron(settings.width, settings.layers),
        samples{Samples::stratified(seed, sample_sets + 1, settings.points).xi.to(device)},
        elements(network::Elements(job.network.elements, job.network.nodes).to(device)),
        finer(network::Elements(job.network.elements * estimate_elements, job.network.nodes).to(device)) {}

  AdamFit fit(const PointwiseEquation& equation, const at::TensorOptions& options) const {
    return adam(equation, perceptron, settings, seed, options);
  }

  /// Weights with Adam's moments, neurons and their cotangents, and `arrays` numbers per network and sample.
  std::int64_t peak_bytes(std::int64_t networks, std::int64_t arrays) const {
    const auto neurons = static_cast<std::int64_t>(settings.width) * settings.layers * settings.points;
    return 8 * networks * (8 * perceptron.size() + 8 * neurons + arrays * settings.points);
  }
};

}  // namespace gluesweep::training
