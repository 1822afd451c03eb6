#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../support/jobs.hpp"
#include "gluesweep/emulator/chebyshev.hpp"
#include "gluesweep/emulator/emulator.hpp"
#include "gluesweep/sweep/parameter_space.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::emulator::test {

using gluesweep::test::shipped_job;

/// The rows of the nearest of some places: exact where it was given, and nowhere smooth.
class Nearest : public Regression {
 public:
  Nearest(at::Tensor z, at::Tensor values) : z_(std::move(z)), values_(std::move(values)) {}
  std::string kind() const override { return "nearest"; }
  at::Tensor operator()(const at::Tensor& z) const override {
    return values_.index_select(0, at::cdist(z, z_).argmin(1));
  }
  std::vector<std::pair<std::string, at::Tensor>> arrays() const override { return {}; }

 private:
  at::Tensor z_, values_;
};

using Fit = std::function<std::shared_ptr<const Regression>(const at::Tensor& z, const at::Tensor& values)>;

inline std::shared_ptr<const Regression> nearest(const at::Tensor& z, const at::Tensor& values) {
  return std::make_shared<Nearest>(z, values);
}

/// The polynomial of third degree through the values: smooth, and rough.
inline std::shared_ptr<const Regression> cubic(const at::Tensor& z, const at::Tensor& values) {
  const auto exponents =
      total_degree_exponents(3.0, std::vector<double>(static_cast<std::size_t>(z.size(1)), 1.0));
  const auto inverse = at::linalg_pinv(chebyshev_basis(z, exponents), 1e-10);
  return std::make_shared<Chebyshev>(exponents, at::matmul(inverse, values));
}

/// A trained scan and an emulator of it.
struct SmallScan {
  job::Job job;
  at::Tensor theta;  ///< (B, p) of the swept parameters
  training::BlockResult result;
  std::shared_ptr<Emulator> emulator;

  at::Tensor places() const { return at::tensor(job.output_points(), at::kDouble); }
};

inline SmallScan small_scan(const std::string& name, std::int64_t points, const Fit& fit,
                            std::vector<std::string> settings = {}) {
  SmallScan scan;
  settings.push_back("sweep.samples=" + std::to_string(points));
  settings.emplace_back("output.points=120");
  scan.job = shipped_job(name, settings);
  const sweep::ParameterSpace space(scan.job);
  const auto parameters = space.block(0, points);
  const training::Trainer trainer(scan.job, at::kCPU);
  scan.result = trainer.train(parameters);
  scan.theta = space.swept(parameters).contiguous();
  auto emulator = std::make_shared<Emulator>();
  emulator->job = scan.job;
  for (const auto& swept : scan.job.sweep.parameters) {
    if (swept.kind != job::SweptParameter::Kind::range) continue;
    const auto column = static_cast<int>(space.swept_columns()[emulator->axes.size()]);
    emulator->axes.push_back({swept.name, swept.scale, swept.low, swept.high, column});
  }
  for (const auto& [array, values] : trainer.trunk_arrays()) {
    if (array.rfind("trunk_", 0) == 0) emulator->trunk.emplace_back(array.substr(6), values);
    if (array == "trunk_mixing") emulator->features = values.size(1);
  }
  emulator->constants = trainer.head_columns();
  emulator->scale_terms = trainer.scale_terms();
  emulator->patches = static_cast<std::int64_t>(scan.job.problem.patches.size());
  emulator->map_parameters = trainer.map_parameters();
  const auto head = scan.result.head.narrow(1, 0, emulator->features);
  const auto rows = head.flatten(1);
  emulator->mean = rows.mean(0);
  const auto [left, sizes, right] = at::linalg_svd(rows - emulator->mean, false);
  emulator->modes = right;
  const auto z = normalised(emulator->axes, scan.theta);
  emulator->amplitudes = fit(z, at::matmul(rows - emulator->mean, right.t()));
  const auto layout = at::cat({scan.result.map.flatten(1), scan.result.scale.flatten(1)}, 1);
  emulator->layout_logarithm = at::zeros({layout.size(1)}, at::kDouble);
  emulator->layout = fit(z, layout);
  const auto derived = scan.result.derived.t();
  const auto positive = (derived > 0.0).all(0), negative = (derived < 0.0).all(0), same = positive | negative;
  for (const auto& quantity : scan.job.problem.derived) {
    const auto s = static_cast<std::int64_t>(emulator->scalars.size());
    emulator->scalars.push_back(
        {quantity.name, quantity.unit, quantity.label, same[s].item<bool>(), negative[s].item<bool>()});
  }
  emulator->quantities = fit(z, at::where(same, derived.abs().log(), derived));
  emulator->training_z = z;
  emulator->reach = 1.0;
  emulator->held_out = {z, at::full({points}, 1.0e-5, at::kDouble),
                        at::full({points, scan.result.derived.size(0)}, 1.0e-6, at::kDouble)};
  scan.emulator = emulator;
  return scan;
}

/// Largest difference of unknowns (B, M, u) over their magnitudes.
inline double error_of(const SmallScan& scan, const at::Tensor& theta, const at::Tensor& t,
                       const at::Tensor& found, const at::Tensor& expected) {
  const problem::System system(scan.job.problem);
  problem::Tensors all, state;
  for (const auto& parameter : scan.job.problem.parameters)
    all.push_back(at::full({theta.size(0), 1}, parameter.default_value, at::kDouble));
  for (std::size_t a = 0; a < scan.emulator->axes.size(); ++a) {
    all[static_cast<std::size_t>(scan.emulator->axes[a].parameter)] =
        theta.narrow(1, static_cast<std::int64_t>(a), 1);
  }
  const auto places = t.unsqueeze(0).expand({theta.size(0), t.size(0)}).contiguous();
  for (int i = 0; i < system.size(); ++i) state.push_back(at::zeros_like(places));
  for (int u = 0; u < system.unknowns(); ++u)
    state[static_cast<std::size_t>(system.component(u))] = expected.select(2, u).contiguous();
  const auto magnitudes = system.magnitudes(places, all, state);
  double largest = 0.0;
  for (int u = 0; u < system.unknowns(); ++u) {
    const auto error =
        (found.select(2, u) - expected.select(2, u)).abs() / magnitudes[static_cast<std::size_t>(u)];
    largest = std::max(largest, error.max().item<double>());
    if (!error.isfinite().all().item<bool>()) return NAN;
  }
  return largest;
}

}  // namespace gluesweep::emulator::test
