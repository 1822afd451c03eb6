#include "gluesweep/problem/check.hpp"

#include "gluesweep/problem/matching.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

constexpr int places = 65;  // per region

// Relative change of the solution by a constant's own size (at least one) below which rounding hides it.
constexpr double hidden = 1.0e-14;
constexpr std::int64_t stretch = 5;  // places over which it must stay hidden

std::vector<double> row_of(const Tensor& parameters, std::int64_t row) {
  const auto values = parameters[row].contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

std::optional<FadedConstant> find_faded(const Frame& frame, const Tensors& theta, const Tensor& t,
                                        const Tensors& constants, const Tensor& parameters) {
  std::optional<FadedConstant> faded;
  const auto weight = frame.response(t, theta, constants).weight;
  double least = hidden;
  for (std::size_t k = 0; k < weight.size(); ++k) {
    auto effect = weight[k] * constants[k].abs().clamp_min(1.0);
    effect = at::where(effect.isfinite(), effect, at::ones_like(effect));
    const auto lasting = effect.unfold(1, stretch, 1).amax(2);  // b*sin(t) is zero at places, yet not dead
    const auto where = lasting.argmin().item<std::int64_t>();
    const auto row = where / lasting.size(1), place = where % lasting.size(1) + stretch / 2;
    const auto value = lasting.flatten()[where].item<double>();
    if (value >= least) continue;
    least = value;
    faded = {static_cast<int>(k), {t[row][place].item<double>(), row_of(parameters, row)}};
  }
  return faded;
}

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
  const auto undefined = hand_over.isfinite().logical_not().nonzero();
  if (undefined.size(0) > 0) report.no_hand_over = row_of(parameters, undefined[0][0].item<std::int64_t>());
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
    report.degenerate_parameters = row_of(parameters, worst / places);
  }
  report.faded = find_faded(frame, theta, t, constants, parameters);

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
