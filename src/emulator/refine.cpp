#include "gluesweep/emulator/refine.hpp"

#include <algorithm>
#include <cmath>

#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/emulator/evaluator.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/problem/system.hpp"
#include "gluesweep/sweep/parameter_space.hpp"
#include "same_problem.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr std::int64_t least_candidates = 4096, candidates_per_choice = 16, most_candidates = 1 << 16;
constexpr std::int64_t curves_at_a_time = 256;
constexpr std::int64_t neighbours_that_tell = 5;  // whether a point would converge

constexpr double least_chance = 1.0e-6;  // the last resort is better than the same point twice

// Errors fall about as this power of the distance between points, so that distances should follow its root.
constexpr double order = 8.0;

// --- the job ---

[[noreturn]] void refuse_job(const std::string& reason) {
  throw job::InputError("no points of this scan can be chosen from the ranges of the job: " + reason);
}

void check_job(const Dataset& data, const job::Job& job) {
  const auto difference = problem_difference(data, job);
  if (!difference.empty()) {
    refuse_job("it is about another problem than the file. In the file and in the job, " + difference +
               "; give the job that the scan was run with");
  }
  for (const auto& axis : data.axes) {
    if (has_range(job, axis.name)) continue;
    refuse_job("the parameter " + axis.name +
               " has values there, no range; give a job with sweep.parameters." + axis.name +
               ": {range: [low, high], scale: linear or log}");
  }
}

/// The axes of the data over the ranges of the job.
std::vector<Axis> axes_of_job(const Dataset& data, const job::Job& job) {
  auto axes = data.axes;
  for (auto& axis : axes) {
    for (const auto& swept : job.sweep.parameters) {
      if (swept.name != axis.name) continue;
      axis.scale = swept.scale;
      axis.low = swept.low;
      axis.high = swept.high;
    }
  }
  return axes;
}

/// Axes that hold the data as well.
std::vector<Axis> axes_of_both(const std::vector<Axis>& of_job, const Tensor& values) {
  auto axes = of_job;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const auto own = values.select(1, static_cast<std::int64_t>(a));
    const double low = own.min().item<double>(), high = own.max().item<double>();
    if (axes[a].scale == job::Scale::log && !(low > 0.0)) {
      refuse_job("its range of " + axes[a].name +
                 " is logarithmic, and the file holds points where the parameter is not positive; give it a "
                 "linear scale");
    }
    axes[a].low = std::min(axes[a].low, low);
    axes[a].high = std::max(axes[a].high, high);
  }
  return axes;
}

// --- what the emulators say ---

std::vector<Fitted> fit_several(const Dataset& data, const RefineOptions& options) {
  std::vector<Fitted> fits;
  auto own = options.fit;
  for (int k = 0; k < options.fits; ++k) {
    own.seed = options.fit.seed + static_cast<std::uint64_t>(k);
    fits.push_back(fit(data, own));
    const auto& report = fits.front().report;
    own.regression = regression_choice(report.candidates[report.chosen].kind);
  }
  return fits;
}

/// Root mean square distance of the emulators' solutions at theta (C, p) from their mean, over the
/// magnitudes: the largest over places and unknowns, (C). Infinite where one of them is undefined.
class Disagreement {
 public:
  Disagreement(const Dataset& data, const std::vector<Fitted>& fits)
      : data_(data), system_(data.job.problem) {
    for (const auto& fitted : fits) evaluators_.emplace_back(fitted.emulator, Outside::extrapolated);
  }

  Tensor operator()(const Tensor& theta) const {
    std::vector<Tensor> pieces;
    for (const auto& some : theta.split(curves_at_a_time, 0)) pieces.push_back(of(some));
    return at::cat(pieces, 0);
  }

 private:
  Tensor of(const Tensor& theta) const {
    std::vector<Tensor> solutions;
    for (const auto& evaluator : evaluators_) solutions.push_back(evaluator.solution(theta, data_.t));
    const auto all = at::stack(solutions, 0);  // (K, B, M, u)
    const auto mean = all.mean(0);
    const auto spread = (all - mean).square().sum(0) / static_cast<double>(all.size(0) - 1);
    const auto relative = (spread.sqrt() / magnitudes(theta, mean)).flatten(1).amax(1);
    return at::where(relative.isfinite(), relative, at::full_like(relative, INFINITY));
  }

  Tensor magnitudes(const Tensor& theta, const Tensor& solution) const {
    problem::Tensors parameters, state;
    const auto shape = solution.select(2, 0).sizes().vec();
    for (const auto& parameter : data_.job.problem.parameters) {
      parameters.push_back(at::full({theta.size(0), 1}, held_value(data_.job, parameter), theta.options()));
    }
    for (std::size_t a = 0; a < data_.axes.size(); ++a) {
      parameters[static_cast<std::size_t>(data_.axes[a].parameter)] =
          theta.narrow(1, static_cast<std::int64_t>(a), 1).contiguous();
    }
    for (int i = 0; i < system_.size(); ++i) state.push_back(at::zeros(shape, theta.options()));
    for (int u = 0; u < system_.unknowns(); ++u) {
      state[static_cast<std::size_t>(system_.component(u))] = solution.select(2, u).contiguous();
    }
    const auto t = data_.t.unsqueeze(0).expand(shape).contiguous();
    const auto sizes = system_.magnitudes(t, parameters, state);
    return at::stack(std::vector<Tensor>(sizes.begin(), sizes.end()), 2);
  }

  const Dataset& data_;
  problem::System system_;
  std::vector<Evaluator> evaluators_;
};

/// Held-out errors of all emulators and where, (H, p) and (H).
HeldOut held_out_by_any(const std::vector<Fitted>& fits) {
  std::vector<Tensor> z, errors;
  for (const auto& fitted : fits) {
    z.push_back(fitted.emulator->held_out.z);
    errors.push_back(fitted.emulator->held_out.solution);
  }
  return {at::cat(z, 0), at::cat(errors, 0), {}};
}

/// What is infinite or exactly zero as the largest or smallest of the rest.
Tensor without_extremes(const Tensor& values) {
  const auto known = values.masked_select(values.isfinite() & (values > 0.0));
  if (known.size(0) == 0) return at::ones_like(values);
  const auto bounded = values.clamp(known.min().item<double>(), known.max().item<double>());
  return at::where(bounded.isnan(), known.max().expand_as(bounded), bounded);
}

// --- candidates ---

/// Places in the box (C, p) as physical values: half of them from a Sobol sequence in the job's scales, half
/// of them from the same in angles, which are denser at the ends.
Tensor candidate_values(const job::Job& job, const std::vector<Axis>& axes, std::int64_t count,
                        std::uint64_t seed) {
  auto own = job;
  own.sweep.sampler = job::Sampler::sobol;
  own.sweep.samples = count;
  own.sweep.seed = seed;
  const auto all = sweep::ParameterSpace(own).block(0, count);
  std::vector<Tensor> columns;
  for (const auto& axis : axes) columns.push_back(all.select(1, axis.parameter));
  const auto z = normalised(axes, at::stack(columns, 1)).clamp(-1.0, 1.0);
  const auto half = count / 2;
  const auto turned = (z.narrow(0, half, count - half) * (0.5 * M_PI)).sin();
  return physical(axes, at::cat({z.narrow(0, 0, half), turned}, 0));
}

/// (C) the share of the nearest points that were of use; 1 where all points were.
Tensor chances(const Tensor& z, const Tensor& useful, const Tensor& useless) {
  if (useless.size(0) == 0) return at::ones({z.size(0)}, z.options());
  const auto all = at::cat({useful, useless}, 0);
  const auto good =
      at::cat({at::ones({useful.size(0)}, z.options()), at::zeros({useless.size(0)}, z.options())});
  const auto count = std::min(neighbours_that_tell, all.size(0));
  std::vector<Tensor> pieces;
  for (const auto& some : z.split(curves_at_a_time, 0)) {
    const auto nearest = std::get<1>(at::cdist(some, all).topk(count, 1, false));
    pieces.push_back(good.index_select(0, nearest.flatten()).view({some.size(0), count}).mean(1));
  }
  return at::cat(pieces, 0);
}

}  // namespace

Tensor as_angles(const Tensor& z) { return z.clamp(-1.0, 1.0).asin() * (2.0 / M_PI); }

Choice choose_places(const Candidates& candidates, const Tensor& taken, std::int64_t count, double filling) {
  const auto places = candidates.z;
  const auto chance = candidates.chance.clamp_min(least_chance),
             gain = chance * candidates.worth.pow(1.0 / order);
  auto distance = nearest_distance(places, taken);
  std::vector<std::int64_t> rows, fills;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto filled = std::floor(static_cast<double>(i) * filling);
    const bool fill = std::floor(static_cast<double>(i + 1) * filling) > filled;
    const auto best = (distance * (fill ? chance : gain)).argmax().item<std::int64_t>();
    rows.push_back(best);
    fills.push_back(fill ? 1 : 0);
    distance = at::minimum(distance, nearest_distance(places, places.narrow(0, best, 1)));
  }
  return {at::tensor(rows, at::kLong), at::tensor(fills, at::kLong) == 1};
}

Refinement refine(const Dataset& all, const job::Job& job, const RefineOptions& options) {
  check_job(all, job);
  auto data = all;
  const auto ranges = axes_of_job(all, job);
  const auto known = physical(all.axes, all.z);
  data.axes = axes_of_both(ranges, known);
  data.z = normalised(data.axes, known);
  const auto useless = normalised(data.axes, all.left_out);
  const auto fits = fit_several(data, options);
  const auto number = std::clamp(candidates_per_choice * options.count, least_candidates, most_candidates);
  const auto values = candidate_values(job, ranges, number, options.fit.seed);
  const auto z = normalised(data.axes, values).clamp(-1.0, 1.0);
  const auto held_out = held_out_by_any(fits);
  const auto expected = nearby_errors(held_out.z, held_out.solution.unsqueeze(1), z).squeeze(1);
  const auto disagreement = Disagreement(data, fits)(values);
  const auto worth = (without_extremes(disagreement) * without_extremes(expected)).sqrt();
  const auto choice = choose_places({as_angles(z), worth, chances(z, data.z, useless)},
                                    as_angles(at::cat({data.z, useless}, 0)), options.count, options.filling);
  const auto& report = fits.front().report;
  Refinement result{{},
                    values.index_select(0, choice.rows),
                    choice.fills,
                    report.candidates[report.chosen].kind,
                    summarize(held_out.solution),
                    summarize(disagreement)};
  for (const auto& axis : ranges) result.names.push_back(axis.name);
  return result;
}

}  // namespace gluesweep::emulator
