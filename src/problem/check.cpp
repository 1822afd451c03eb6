#include "gluesweep/problem/check.hpp"

#include "gluesweep/problem/matching.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

constexpr int places = 65;  // per region

PatchReport check_patch(const System& system, const Tensors& theta, const Regions& regions,
                        const Matching& matching, int patch, const Tensor& parameters) {
  const auto& frame = system.frame(patch);
  const auto& constants = matching.constants[static_cast<std::size_t>(patch)];
  const auto share = at::linspace(0.0, 1.0, places, parameters.options()).unsqueeze(0);
  const auto x = regions.start(patch) + (regions.end(patch) - regions.start(patch)) * share;
  const auto t = system.to_t(x);

  PatchReport report;
  report.patch = frame.name();
  const auto hand_over = system.to_t(regions.own_end(patch));
  report.hand_over_low = hand_over.min().item<double>();
  report.hand_over_high = hand_over.max().item<double>();

  auto condition = frame.condition(t, theta, constants);
  condition = at::where(condition.isfinite(), condition, at::full_like(condition, INFINITY));
  report.worst_condition = condition.max().item<double>();
  report.degenerate = report.worst_condition > Frame::degenerate_condition;
  report.degenerate_at = 0.0;
  if (report.degenerate) {
    const auto worst = condition.argmax().item<std::int64_t>();
    report.degenerate_at = t.flatten()[worst].item<double>();
    const auto row = parameters[worst / places].contiguous();
    report.degenerate_parameters.assign(row.data_ptr<double>(), row.data_ptr<double>() + row.numel());
  }

  auto drift = frame.drift_size(t, theta, constants);
  if (system.log_scale()) drift = drift * t;
  drift = at::where(drift.isfinite(), drift, at::full_like(drift, INFINITY));
  report.deep_drift = drift.amin(1).median().item<double>();
  return report;
}

}  // namespace

std::vector<PatchReport> check_patches(const job::Problem& problem, const Tensor& parameters) {
  const c10::InferenceMode inference;
  const System system(problem);
  Tensors theta;
  for (std::int64_t j = 0; j < parameters.size(1); ++j) theta.push_back(parameters.narrow(1, j, 1));
  const auto regions = make_regions(system, theta);
  const auto matching = match(system, theta, regions);
  std::vector<PatchReport> reports;
  for (int p = 0; p < system.patches(); ++p) {
    reports.push_back(check_patch(system, theta, regions, matching, p, parameters));
  }
  return reports;
}

}  // namespace gluesweep::problem
