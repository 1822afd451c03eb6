#pragma once

#include <ATen/ATen.h>

#include <limits>
#include <string>

#include "../../support/temporary_directory.hpp"
#include "gluesweep/job/job.hpp"
#include "gluesweep/output/layout.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/sweep/parameter_space.hpp"

/// A made-up job with everything a sweep file can hold, and results that depend on the parameters only.
namespace gluesweep::output::synthetic {

using gluesweep::test::TemporaryDirectory;

inline constexpr std::int64_t features = 5;
inline constexpr std::int64_t map_parameters = 3;
inline constexpr std::int64_t scale_terms = 4;

inline job::Job make_job(std::int64_t samples, std::int64_t block) {
  job::Job job;
  auto& problem = job.problem;
  problem.name = "oscillator";
  problem.description = "A field, frozen at first, oscillating later. ΛCDM.";
  problem.variable = {"t", 1.0e-3, 1.0e3, job::Scale::log, "s", "cosmic time"};
  problem.parameters = {
      {"m", 1.0, true, "1/s", "mass"}, {"g", 2.0, true, "1", ""}, {"k", 3.0, true, "1", "fixed"}};
  job::Unknown phi;
  phi.name = "phi";
  phi.order = 2;
  phi.unit = "GeV";
  phi.label = "field value";
  job::Unknown n;
  n.name = "n";
  problem.unknowns = {phi, n};
  for (const char* name : {"frozen", "oscillating"}) {
    job::Patch patch;
    patch.name = name;
    for (const char* constant : {"c1", "c2", "c3"}) patch.constants.push_back({constant, {}});
    problem.patches.push_back(patch);
  }
  problem.derived.push_back({"amplitude", {}, "GeV", "late amplitude"});
  job.sweep.sampler = job::Sampler::sobol;
  job.sweep.samples = samples;
  job.sweep.seed = 7;
  for (const char* name : {"m", "g"}) {
    job::SweptParameter range;
    range.name = name;
    range.kind = job::SweptParameter::Kind::range;
    range.low = 1.0;
    range.high = 100.0;
    range.scale = job::Scale::log;
    job.sweep.parameters.push_back(range);
  }
  job.run.block = block;
  job.output.points = 17;
  return job;
}

inline NetworkArrays make_network() {
  NetworkArrays network;
  network.head_features = features;
  network.map_parameters = map_parameters;
  network.scale_terms = scale_terms;
  const auto counting = [](std::vector<std::int64_t> shape) {
    at::Tensor array = at::empty(shape, at::kDouble);
    array.copy_((at::arange(array.numel(), at::kDouble) / 3.0).view(shape));
    return array;
  };
  network.trunk = {{"trunk_slope", counting({6})},
                   {"trunk_weight_1", counting({6, 6})},
                   {"trunk_mixing", counting({7, 5})},
                   {"rescue_trunk_slope", counting({12})},
                   {"rescue_trunk_weight_1", counting({12, 12})},
                   {"rescue_trunk_mixing", counting({13, 11})}};
  return network;
}

inline Provenance make_provenance() {
  return {"problem: oscillator\nsweep: {samples: 7}\n", "0123456789abcdef", "0.1.0", "abcdef0"};
}

/// parameters: (B, 3). Every seventh point or so is not converged.
inline training::BlockResult train(const at::Tensor& parameters, const sweep::Block& = {}) {
  const std::int64_t rows = parameters.size(0), points = 17;
  const at::Tensor m = parameters.select(1, 0).contiguous();
  const at::Tensor g = parameters.select(1, 1).contiguous();
  const auto tensor = [&](std::vector<std::int64_t> shape, std::int64_t sample_axis) {
    at::Tensor values = at::arange(1, 1 + at::empty(shape).numel() / rows, at::kDouble);
    std::vector<std::int64_t> rest = shape;
    rest[static_cast<std::size_t>(sample_axis)] = 1;
    std::vector<std::int64_t> along(shape.size(), 1);
    along[static_cast<std::size_t>(sample_axis)] = rows;
    return (values.view(rest) * m.view(along) + g.view(along)).contiguous();
  };
  training::BlockResult result;
  result.solution = tensor({3, rows, points}, 1);
  result.matching = tensor({2, rows, points}, 1) * 1.5;
  result.coefficients = tensor({6, rows, points}, 1) * 2.5;
  result.limits = tensor({6, rows}, 1);
  result.crossovers = tensor({1, rows}, 1) / 7.0;
  result.derived = tensor({1, rows}, 1) / 9.0;
  result.status = at::where((m * 7.0).to(at::kLong).remainder(7) == 0, at::full({rows}, 2, at::kByte),
                            at::full({rows}, 1, at::kByte));
  result.defect = m * 1e-9;
  result.error_estimate = m * 1e-8;
  result.reference_error = at::full({rows}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  result.matching_error = g * 1e-2;
  result.iterations = m.to(at::kInt);
  result.seconds = at::full({rows}, 0.25, at::kDouble);
  result.rescue = at::zeros({rows}, at::kByte);
  result.head = tensor({rows, features, 6}, 0);
  result.map = tensor({rows, 2, map_parameters}, 0);
  result.scale = tensor({rows, 6, scale_terms}, 0);
  return result;
}

}  // namespace gluesweep::output::synthetic
