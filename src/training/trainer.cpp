#include "gluesweep/training/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "batches.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/network/scale.hpp"
#include "gluesweep/training/phases.hpp"
#include "method.hpp"
#include "sensitivities.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::System;

// The estimate is exact to first order on the finer elements; what those still miss lies within this factor,
// which makes it an upper bound for more than 95% of the points of every shipped problem.
constexpr double estimate_safety = 2.0;

std::unique_ptr<Method> make_method(const job::Job& job, const System& system, const at::Device& device) {
  using Choice = job::Training::Method;
  const bool sum = job.training.ansatz == job::Training::Ansatz::sum;
  switch (job.training.method) {
    case Choice::gauss_newton:
      return sum ? make_sum_method(job, system, device) : make_frames_method(job, system, device);
    case Choice::adam:
      return sum ? make_adam_sum_method(job, system, device) : make_adam_method(job, system, device);
    case Choice::plain: return make_plain_method(job, system, device);
    case Choice::matching: return make_matching_method(job, system, device);
  }
  throw job::InputError("training.method: this method cannot be trained");
}

/// All tensors of a result with the dimension that counts points.
std::vector<std::pair<Tensor BlockResult::*, int>> point_dimensions() {
  using R = BlockResult;
  return {{&R::solution, 1},       {&R::matching, 1},        {&R::coefficients, 1},   {&R::limits, 1},
          {&R::crossovers, 1},     {&R::derived, 1},         {&R::status, 0},         {&R::defect, 0},
          {&R::error_estimate, 0}, {&R::reference_error, 0}, {&R::matching_error, 0}, {&R::iterations, 0},
          {&R::seconds, 0},        {&R::rescue, 0},          {&R::head, 0},           {&R::map, 0},
          {&R::scale, 0},          {&R::solution_by, 1},     {&R::limits_by, 1},      {&R::crossovers_by, 1},
          {&R::derived_by, 1}};
}

BlockResult join(const std::vector<BlockResult>& parts) {
  BlockResult whole;
  for (const auto& [member, dimension] : point_dimensions()) {
    Tensors pieces;
    for (const auto& part : parts) pieces.push_back(part.*member);
    whole.*member = at::cat(pieces, dimension).to(at::kCPU).contiguous();
  }
  return whole;
}

}  // namespace

struct Trainer::Implementation {
  job::Job job;
  System system;
  at::Device device;
  std::unique_ptr<Method> method;
  std::optional<problem::ParameterDerivatives> derivatives;  // where sensitivities are asked for
  Tensor output_t;                                           // (1, M)
  std::vector<int> all_patches;
  Batches batches;

  Implementation(const job::Job& job_, const at::Device& device_)
      : job(job_),
        system(job_.problem),
        device(device_),
        method(make_method(job, system, device_)),
        output_t(at::tensor(job_.output_points(), at::kDouble).unsqueeze(0).to(device_)) {
    for (int p = 0; p < system.patches(); ++p) all_patches.push_back(p);
    if (job.output.sensitivities) derivatives.emplace(job.problem, job.varied_parameters());
  }

  bool only_matches() const { return job.training.method == job::Training::Method::matching; }

  Points prepare(const Tensor& parameters) const {
    const Timed timed(Phase::set_up);
    Points points;
    for (std::int64_t j = 0; j < parameters.size(1); ++j) points.theta.push_back(parameters.narrow(1, j, 1));
    points.regions = problem::make_regions(system, points.theta);
    points.matching = problem::match(system, points.theta, points.regions);
    points.maps = make_maps(system, points.theta, points.regions, points.matching);
    return points;
  }

  /// What decides whether a point is good enough: its estimated error, or the defect where none was asked
  /// for.
  const Tensor& error(const BlockResult& result) const {
    return job.verification.estimate ? result.error_estimate : result.defect;
  }

  BlockResult attempt(const Points& points, int rung) const;
  void describe(const Points& points, const Grid& grid, const Tensor& t, const Solution& solution,
                BlockResult& result) const;
  Tensor status(const Points& points, const Grid& grid, const Outcome& outcome,
                const BlockResult& result) const;
  void compare(const Points& points, const Tensor& t, BlockResult& result) const;
  Tensor derived(const Points& points, const BlockResult& result) const;
  Tensors moves(const Points& points, const Grid& grid) const;
  void differentiate(const Points& points, const Grid& finer, const Tensor& t, const Outcome& outcome,
                     BlockResult& result) const;
  void climb(const Tensor& parameters, BlockResult& block);
};

/// Trains some points and describes what came out.
BlockResult Trainer::Implementation::attempt(const Points& points, int rung) const {
  const auto outcome = method->train(points, rung);
  const auto& grid = outcome.grid;
  const auto t = output_t.expand({points.count(), -1});
  BlockResult result;
  describe(points, grid, t, *outcome.solution, result);
  result.defect = outcome.defect;
  result.error_estimate = at::full_like(outcome.defect, NAN);
  std::optional<Grid> finer;
  if ((job.verification.estimate && !only_matches()) || derivatives) {
    finer = make_grid(system, points.maps, *outcome.finer);
  }
  if (job.verification.estimate && !only_matches()) {
    const Timed timed(Phase::estimate);
    result.error_estimate = estimate_safety * linearised_error(system, points, *finer, *outcome.solution);
  }
  result.iterations = outcome.iterations;
  result.head = outcome.head;
  result.map = outcome.map;
  result.scale = outcome.scale;
  result.status = status(points, grid, outcome, result);
  result.derived = derived(points, result);
  if (derivatives)
    differentiate(points, *finer, t, outcome, result);
  else
    add_no_sensitivities(result);
  compare(points, t, result);
  result.rescue = at::full({points.count()}, rung, t.options().dtype(at::kByte));
  result.seconds = at::zeros({points.count()}, t.options());
  return result;
}

void Trainer::Implementation::describe(const Points& points, const Grid& grid, const Tensor& t,
                                       const Solution& solution, BlockResult& result) const {
  const Timed timed(Phase::output);
  const auto values = solution.evaluate(t, all_patches);
  result.solution = at::stack(values.state, 0);
  Tensors coefficients;
  for (const auto& patch : values.coefficients) {
    coefficients.insert(coefficients.end(), patch.begin(), patch.end());
  }
  result.coefficients = at::stack(coefficients, 0);
  const Timed asymptotes(Phase::asymptotes);
  result.limits = limits(system, points, grid, solution);
  result.crossovers = crossovers(system, points, solution);
}

Tensor Trainer::Implementation::status(const Points& points, const Grid& grid, const Outcome& outcome,
                                       const BlockResult& result) const {
  const Timed timed(Phase::checks);
  const auto code = [](Status status) { return static_cast<std::int64_t>(status); };
  auto finite = outcome.finite & result.solution.isfinite().all(2).all(0);
  Tensor status = at::full_like(outcome.iterations, code(Status::not_converged));
  if (only_matches()) {
    status.fill_(code(Status::matching_only));
    return status.masked_fill_(~finite, code(Status::failed_nonfinite)).to(at::kByte);
  }
  status.masked_fill_(error(result) <= job.training.tolerance, code(Status::converged));  // false for NaN
  finite = finite & outcome.defect.isfinite() & error(result).isfinite() &
           ~passes_pole(system, points, grid, *outcome.solution);
  status.masked_fill_(~finite, code(Status::failed_nonfinite));
  status.masked_fill_(degenerate(system, points, grid, *outcome.solution), code(Status::degenerate_patch));
  return status.to(at::kByte);
}

/// Conventional matching, and the errors that need no independent integrator.
void Trainer::Implementation::compare(const Points& points, const Tensor& t, BlockResult& result) const {
  const Timed timed(Phase::output);
  const auto matched = problem::matched_state(system, points.theta, points.regions, points.matching, t);
  const auto state = result.solution.unbind(0);
  Tensors unknowns;
  for (int u = 0; u < system.unknowns(); ++u)
    unknowns.push_back(matched[static_cast<std::size_t>(system.component(u))]);
  result.matching = at::stack(unknowns, 0);
  const auto exact = system.exact(t, points.theta);
  result.reference_error = exact.empty() ? at::full_like(result.error_estimate, NAN)
                                         : relative_difference(system, points.theta, t, state, exact);
  // Against a trained solution; matching alone has only the closed form to be compared with.
  result.matching_error =
      only_matches() ? result.reference_error : relative_difference(system, points.theta, t, state, unknowns);
}

Tensor Trainer::Implementation::derived(const Points& points, const BlockResult& result) const {
  const Timed timed(Phase::asymptotes);
  Tensors inputs;
  for (const auto& table : {result.limits, result.crossovers, result.solution.select(2, -1)}) {
    for (const auto& row : table.unbind(0)) inputs.push_back(row.unsqueeze(1));
  }
  const auto values = system.derived(points.theta, inputs);
  return values.empty() ? at::empty({0, points.count()}, result.limits.options()) : at::cat(values, 1).t();
}

/// How the nodes of a grid move with the varied parameters, dt/dtheta at the same xi: per patch (q, B, N). By
/// central differences, which are harmless here: maps are smooth, and of order one.
Tensors Trainer::Implementation::moves(const Points& points, const Grid& grid) const {
  std::vector<Tensors> rows(grid.patches.size());
  for (const auto j : job.varied_parameters()) {
    const auto step =
        1.0e-5 * at::where(points.theta[j] == 0.0, at::ones_like(points.theta[j]), points.theta[j]);
    const auto moved = [&](double sign) {
      auto theta = points.theta;
      theta[j] = theta[j] + sign * step;
      return make_grid(system, prepare(at::cat(theta, 1)).maps, *grid.elements);
    };
    const auto above = moved(1.0), below = moved(-1.0);
    for (std::size_t p = 0; p < rows.size(); ++p) {
      const auto change = system.to_x(above.patches[p].t) - system.to_x(below.patches[p].t);
      const auto by = change / (2.0 * step);
      rows[p].push_back(system.log_scale() ? grid.patches[p].t * by : by);
    }
  }
  Tensors result;
  for (const auto& patch : rows) result.push_back(at::stack(patch, 0));
  return result;
}

void Trainer::Implementation::differentiate(const Points& points, const Grid& finer, const Tensor& t,
                                            const Outcome& outcome, BlockResult& result) const {
  const Timed timed(Phase::sensitivities);
  const Sensitivities sensitivities(system, *derivatives, points, finer, *outcome.solution);
  const auto limits_by = sensitivities.limits(outcome.grid, moves(points, outcome.grid));
  add_sensitivities(system, points, t, *derivatives, sensitivities, limits_by, result);
}

/// The rescue ladder, for points of the block that did not converge. A rung's result is kept where it has the
/// smaller error; one that failed never replaces one that did not.
void Trainer::Implementation::climb(const Tensor& parameters, BlockResult& block) {
  const auto code = [](Status status) { return static_cast<std::int64_t>(status); };
  const auto comparable = [&](const BlockResult& result) {
    const auto usable =
        (result.status == code(Status::converged)) | (result.status == code(Status::not_converged));
    return at::where(usable, error(result), at::full_like(error(result), INFINITY)).cpu();
  };
  for (int rung = 1; rung < method->rungs(); ++rung) {
    const auto bad = (block.status != code(Status::converged)).nonzero().squeeze(1);
    if (bad.numel() == 0) return;
    batches.run(bad.numel(), method->batch(rung), [&](std::int64_t first, std::int64_t count) {
      const auto index = bad.narrow(0, first, count);
      const auto better = attempt(prepare(parameters.index_select(0, index.to(device))), rung);
      const auto improved =
          (comparable(better) < comparable(block).index_select(0, index)).nonzero().squeeze(1);
      if (improved.numel() == 0) return;
      const auto rows = index.index_select(0, improved);
      const auto spent = block.iterations.index_select(0, rows);
      for (const auto& [member, dimension] : point_dimensions()) {
        (block.*member)
            .index_copy_(dimension, rows, (better.*member).cpu().index_select(dimension, improved));
      }
      block.iterations.index_add_(0, rows, spent);
    });
  }
}

Tensor is_failed(const Tensor& status) {
  const auto is = [&](Status which) { return status == static_cast<std::int64_t>(which); };
  return ~(is(Status::pending) | is(Status::converged) | is(Status::matching_only));
}

Trainer::Trainer(const job::Job& job, at::Device device)
    : implementation_(std::make_unique<Implementation>(job, device)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;

BlockResult Trainer::train(const Tensor& parameters) const {
  const c10::InferenceMode inference;
  auto& self = *implementation_;
  const auto begin = std::chrono::steady_clock::now();
  const auto count = parameters.size(0);
  const auto batch = self.device.is_cpu() ? self.method->batch(0) : count;
  std::vector<BlockResult> parts;
  const auto on_device = parameters.to(self.device);
  self.batches.run(count, batch, [&](std::int64_t first, std::int64_t points) {
    parts.push_back(self.attempt(self.prepare(on_device.narrow(0, first, points)), 0));
  });
  auto block = join(parts);
  if (self.job.training.rescue) self.climb(on_device, block);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  block.seconds.fill_(elapsed.count() / static_cast<double>(count));
  return block;
}

std::vector<std::pair<std::string, Tensor>> Trainer::trunk_arrays() const {
  return implementation_->method->arrays();
}

void Trainer::refresh() { implementation_->method->refresh(); }

std::int64_t Trainer::train_trunk(const Tensor& parameters) {
  auto& self = *implementation_;
  if (self.job.network.train.points == 0) return 0;
  return self.method->train_trunk(self.prepare(parameters.to(self.device)));
}

std::int64_t Trainer::head_features() const { return implementation_->method->head_features(); }

std::int64_t Trainer::head_columns() const { return implementation_->method->head_columns(); }

std::int64_t Trainer::map_parameters() const {
  return 2 + 3 * map_terms(implementation_->job.problem) * implementation_->method->patches_per_map();
}

std::int64_t Trainer::points_at_a_time() const { return implementation_->batches.limit(); }

std::int64_t Trainer::scale_terms() const { return network::Scale::terms; }

std::int64_t Trainer::peak_bytes(std::int64_t points) const {
  const auto& self = *implementation_;
  const std::int64_t n = self.system.size(), patches = self.system.patches(), outputs = self.output_t.size(1);
  const std::int64_t varied = self.derivatives ? self.derivatives->parameters() : 0;
  // Sensitivities: on the finer elements, of the rescue's network at most; and at the output points.
  const auto finer = 2 * estimate_elements * self.job.network.elements * self.job.network.nodes;
  const auto differentiated = 8 * 10 * varied * n * (patches * finer + outputs);
  const auto described = 8 * 30 * outputs * patches * (n + 1) + differentiated;
  const auto kept =
      8 * (patches * n * (outputs + 2 * head_features()) + 3 * n * outputs + varied * n * outputs);
  std::int64_t most = 0;
  for (int rung = 0; rung < self.method->rungs(); ++rung) {
    const auto batch = self.device.is_cpu() || rung > 0 ? std::min(points, self.method->batch(rung)) : points;
    most = std::max(most, batch * (self.method->peak_bytes(rung) + described));
  }
  return most + 2 * points * kept;
}

}  // namespace gluesweep::training
