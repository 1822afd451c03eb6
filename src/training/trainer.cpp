#include "gluesweep/training/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gluesweep/training/march.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::Matching;
using problem::Regions;
using problem::System;

constexpr std::int64_t cpu_batch = 32;   // points worked on at once: their arrays stay in cache
constexpr double rescue_features = 1.5;  // of network.features
constexpr int rescue_elements = 2;       // times network.elements
constexpr int estimate_elements = 2;     // times the elements trained on
// The estimate is exact to first order on the finer elements; what those still miss lies within this factor,
// which makes it an upper bound for more than 95% of the points of every shipped problem.
constexpr double estimate_safety = 2.0;

/// A trunk with what is derived from it: the features on its collocation nodes and on the finer ones of the
/// estimate.
struct Equipment {
  network::Elements elements, finer;
  network::Trunk master;  // on the CPU: what is stored
  network::Trunk trunk;   // on the device
  Tensor finer_features;  // (N', F)

  Equipment(const job::Network& network, const at::Device& device)
      : elements(network.elements, network.nodes),
        finer(network.elements * estimate_elements, network.nodes),
        master(network, elements),
        trunk(master.to(device)) {
    elements = elements.to(device);
    finer = finer.to(device);
    refresh(device);
  }

  void refresh(const at::Device& device) {
    trunk = master.to(device);
    finer_features = trunk.features(finer.xi);
  }
};

job::Network rescue_network(job::Network network) {
  network.features = static_cast<int>(std::lround(network.features * rescue_features));
  network.elements *= rescue_elements;
  return network;
}

/// Everything about some points of a block, on the device; rows correspond.
struct Points {
  Tensors theta;  // p tensors (B, 1)
  Regions regions;
  std::vector<network::Map> maps;
  Matching matching;
};

/// How far some points got: heads and the numbers that decide their status.
struct Outcome {
  Grid grid;
  Scales scales;
  Heads heads;  // per patch (B, n, F), F of the trunk that was used
  Tensor defect, estimate, iterations, finite;
};

Tensors rows(const Tensors& values, const Tensor& index) {
  Tensors picked;
  for (const auto& value : values) picked.push_back(value.index_select(0, index));
  return picked;
}

Points select(const Points& points, const Tensor& index) {
  Points picked;
  picked.theta = rows(points.theta, index);
  picked.regions = {points.regions.edge.index_select(0, index),
                    points.regions.overlap.index_select(0, index)};
  for (const auto& map : points.maps) picked.maps.push_back(map.select(index));
  for (const auto& constants : points.matching.constants)
    picked.matching.constants.push_back(rows(constants, index));
  picked.matching.solved = points.matching.solved.index_select(0, index);
  return picked;
}

/// Distances between points of a block in parameters made comparable: logarithms where all are positive, each
/// scaled by its spread, (B, B).
Tensor parameter_distances(const Tensors& theta) {
  auto columns = at::cat(theta, 1);
  const auto positive = (columns > 0.0).all(0, true);
  columns = at::where(positive, columns.clamp_min(1e-300).log(), columns);
  const auto spread = columns.std(0, false, true);
  columns = (columns - columns.mean(0, true)) / at::where(spread > 0.0, spread, at::ones_like(spread));
  return at::cdist(columns, columns);
}

}  // namespace

struct Trainer::Implementation {
  job::Job job;
  System system;
  at::Device device;
  Equipment first, rescue;
  Tensor output_t;  // (1, M)

  Implementation(const job::Job& job_, const at::Device& device_)
      : job(job_),
        system(job_.problem),
        device(device_),
        first(job_.network, device_),
        rescue(rescue_network(job_.network), device_),
        output_t(at::tensor(job_.output_points(), at::kDouble).unsqueeze(0).to(device_)) {}

  Points prepare(const Tensor& parameters) const {
    Points points;
    for (std::int64_t j = 0; j < parameters.size(1); ++j) points.theta.push_back(parameters.narrow(1, j, 1));
    points.regions = problem::make_regions(system, points.theta);
    points.matching = problem::match(system, points.theta, points.regions);
    points.maps = make_maps(system, points.theta, points.regions, points.matching);
    return points;
  }

  /// Node values to start from: the march (conditions at both ends: Newton on all elements at once), the
  /// matching constants where that led nowhere.
  std::vector<Nodal> first_values(const Points& points, const Grid& grid) const {
    const bool marches = system.starts_with_all();
    auto [nodes, solved] = marches ? march(system, points.theta, grid, points.matching)
                                   : relax(system, points.theta, points.regions, grid, points.matching);
    Tensor usable = marches ? at::ones_like(solved) : solved;  // an inexact march is still close
    for (const auto& patch : nodes) {
      for (const auto& values : patch) usable = usable & values.isfinite().all(1);
    }
    for (std::size_t p = 0; p < nodes.size(); ++p) {
      for (std::size_t k = 0; k < nodes[p].size(); ++k) {
        nodes[p][k] = at::where(usable.unsqueeze(1), nodes[p][k], points.matching.constants[p][k]);
      }
    }
    return nodes;
  }

  /// Trains a batch with one trunk, from node values on its elements or, without them, from the march.
  Outcome attempt(const Points& points, const Equipment& equipment, const std::vector<Nodal>* start) const {
    const auto grid = make_grid(system, points.maps, equipment.elements);
    const auto nodes = start != nullptr ? *start : first_values(points, grid);
    const auto scales = natural_scales(system, points.theta, grid, nodes);
    auto fit = gauss_newton(system, points.theta, points.regions, grid, equipment.trunk, scales,
                            project(equipment.trunk, equipment.elements, scales, nodes),
                            {job.training.tolerance, job.training.max_iterations});
    Outcome outcome{grid,           scales,    fit.heads, fit.defect, at::full_like(fit.defect, NAN),
                    fit.iterations, fit.finite};
    if (job.verification.estimate) outcome.estimate = estimate(points, equipment, grid, scales, fit.heads);
    return outcome;
  }

  Tensor estimate(const Points& points, const Equipment& equipment, const Grid& grid, const Scales& scales,
                  const Heads& heads) const {
    const auto finer = grid.refined(system, equipment.finer);
    const auto nodes = node_values(heads, scales, equipment.finer_features, equipment.finer.xi);
    const auto corrections = newton_correction(system, points.theta, points.regions, finer, nodes);
    return estimate_safety *
           relative_change({system, points.theta, points.regions, grid, equipment.trunk, scales, heads},
                           finer, nodes, corrections);
  }

  Tensor converged(const Outcome& outcome) const {
    const auto& error = job.verification.estimate ? outcome.estimate : outcome.defect;
    return outcome.finite & (error <= job.training.tolerance);  // false for NaN
  }

  BlockResult describe(const Points& points, const Equipment& equipment, const Outcome& outcome) const;
  BlockResult describe_matching(const Points& points) const;
  BlockResult train_batch(const Points& points) const;
  void climb(const Points& points, BlockResult& block) const;
  void replace_rows(BlockResult& block, const Tensor& index, const BlockResult& better, int rung) const;
  Tensor pad_head(const Tensor& head) const;
  void finish(const Points& points, BlockResult& result, const Tensors& derived_inputs) const;
};

Tensor Trainer::Implementation::pad_head(const Tensor& head) const {
  const auto missing = std::max(first.trunk.size(), rescue.trunk.size()) - head.size(1);
  return missing > 0 ? at::constant_pad_nd(head, {0, 0, 0, missing}) : head;
}

void Trainer::Implementation::finish(const Points& points, BlockResult& result,
                                     const Tensors& derived_inputs) const {
  const auto t = output_t.expand({points.theta.front().size(0), -1});
  const auto matched = problem::matched_state(system, points.theta, points.regions, points.matching, t);
  Tensors unknowns, state = result.solution.unbind(0);
  for (int u = 0; u < system.unknowns(); ++u)
    unknowns.push_back(matched[static_cast<std::size_t>(system.component(u))]);
  result.matching = at::stack(unknowns, 0);
  const auto exact = system.exact(t, points.theta);
  result.reference_error = exact.empty() ? at::full_like(result.error_estimate, NAN)
                                         : relative_difference(system, points.theta, t, state, exact);
  // Against a trained solution; matching alone has only the closed form to be compared with.
  const bool matching = job.training.method == job::Training::Method::matching;
  result.matching_error =
      matching ? result.reference_error : relative_difference(system, points.theta, t, state, unknowns);
  const auto derived = system.derived(points.theta, derived_inputs);
  result.derived = derived.empty() ? at::empty({0, t.size(0)}, t.options()) : at::cat(derived, 1).t();
  Tensors maps;
  for (const auto& map : points.maps) maps.push_back(map.packed());
  result.map = at::stack(maps, 1);
  result.rescue = at::zeros({t.size(0)}, t.options().dtype(at::kByte));
  result.seconds = at::zeros({t.size(0)}, t.options());
}

BlockResult Trainer::Implementation::describe(const Points& points, const Equipment& equipment,
                                              const Outcome& outcome) const {
  const Trained trained{system,          points.theta,   points.regions, outcome.grid,
                        equipment.trunk, outcome.scales, outcome.heads};
  const auto t = output_t.expand({points.theta.front().size(0), -1});
  const auto values = evaluate(trained, t);
  BlockResult result;
  result.solution = at::stack(values.state, 0);
  Tensors coefficients;
  for (const auto& patch : values.constants)
    coefficients.insert(coefficients.end(), patch.begin(), patch.end());
  result.coefficients = at::stack(coefficients, 0);
  result.limits = limits(trained);
  result.crossovers = crossovers(trained);
  result.defect = outcome.defect;
  result.error_estimate = outcome.estimate;
  result.iterations = outcome.iterations;
  Tensors heads;
  for (const auto& head : outcome.heads) heads.push_back(head.transpose(1, 2));
  result.head = pad_head(at::cat(heads, 2));
  Tensors scales;
  for (const auto& scale : outcome.scales) scales.push_back(scale.coefficients);
  result.scale = at::cat(scales, 1);

  const auto code = [](Status status) { return static_cast<std::int64_t>(status); };
  auto finite = outcome.finite & result.solution.isfinite().all(2).all(0) & outcome.defect.isfinite();
  if (job.verification.estimate) finite = finite & outcome.estimate.isfinite();
  Tensor status = at::full_like(outcome.iterations, code(Status::not_converged));
  status.masked_fill_(converged(outcome), code(Status::converged));
  status.masked_fill_(~finite, code(Status::failed_nonfinite));
  status.masked_fill_(degenerate(trained), code(Status::degenerate_patch));
  result.status = status.to(at::kByte);

  Tensors inputs;
  const auto add = [&inputs](const Tensor& table) {
    for (const auto& row : table.unbind(0)) inputs.push_back(row.unsqueeze(1));
  };
  add(result.limits);
  if (result.crossovers.size(0) > 0) add(result.crossovers);
  add(result.solution.select(2, -1));
  finish(points, result, inputs);
  return result;
}

BlockResult Trainer::Implementation::describe_matching(const Points& points) const {
  const auto t = output_t.expand({points.theta.front().size(0), -1});
  BlockResult result;
  result.solution =
      at::stack(problem::matched_state(system, points.theta, points.regions, points.matching, t), 0);
  Tensors coefficients, limit_rows, inputs;
  for (const auto& patch : points.matching.constants) {
    for (const auto& constant : patch) {
      coefficients.push_back(constant.expand_as(t));
      limit_rows.push_back(constant.squeeze(1));
      inputs.push_back(constant);
    }
  }
  result.coefficients = at::stack(coefficients, 0);
  result.limits = at::stack(limit_rows, 0);
  result.crossovers = at::full({system.patches() - 1, t.size(0)}, NAN, t.options());
  for (const auto& row : result.crossovers.unbind(0)) inputs.push_back(row.unsqueeze(1));
  for (const auto& row : result.solution.select(2, -1).unbind(0)) inputs.push_back(row.unsqueeze(1));
  const auto nothing = at::full({t.size(0)}, NAN, t.options());
  result.defect = nothing;
  result.error_estimate = nothing;
  result.iterations = at::zeros({t.size(0)}, t.options().dtype(at::kInt));
  result.head = at::full({t.size(0), std::max(first.trunk.size(), rescue.trunk.size()),
                          static_cast<std::int64_t>(system.patches()) * system.size()},
                         NAN, t.options());
  result.scale = at::full({t.size(0), result.head.size(2), network::Scale::terms}, NAN, t.options());
  const auto finite = points.matching.solved & result.solution.isfinite().all(2).all(0);
  result.status = at::where(finite, at::full_like(result.iterations, static_cast<int>(Status::matching_only)),
                            at::full_like(result.iterations, static_cast<int>(Status::failed_nonfinite)))
                      .to(at::kByte);
  finish(points, result, inputs);
  return result;
}

namespace {

/// All tensors of a result with the dimension that counts points.
std::vector<std::pair<Tensor BlockResult::*, int>> point_dimensions() {
  using R = BlockResult;
  return {{&R::solution, 1},       {&R::matching, 1},        {&R::coefficients, 1},   {&R::limits, 1},
          {&R::crossovers, 1},     {&R::derived, 1},         {&R::status, 0},         {&R::defect, 0},
          {&R::error_estimate, 0}, {&R::reference_error, 0}, {&R::matching_error, 0}, {&R::iterations, 0},
          {&R::seconds, 0},        {&R::rescue, 0},          {&R::head, 0},           {&R::map, 0},
          {&R::scale, 0}};
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

void Trainer::Implementation::replace_rows(BlockResult& block, const Tensor& index, const BlockResult& better,
                                           int rung) const {
  const auto iterations = block.iterations.index_select(0, index.cpu());
  const auto rows_index = index.cpu();
  for (const auto& [member, dimension] : point_dimensions()) {
    (block.*member).index_copy_(dimension, rows_index, (better.*member).cpu());
  }
  block.rescue.index_fill_(0, rows_index, rung);
  block.iterations.index_add_(0, rows_index, iterations);
}

/// The rescue ladder, for points of the block that did not converge: a finer network from a finer march, then
/// the same from the nearest converged point of the block. A rung's result is kept where it has the smaller
/// estimate.
void Trainer::Implementation::climb(const Points& points, BlockResult& block) const {
  const auto error_of = [this](const BlockResult& result) {
    const auto& error = job.verification.estimate ? result.error_estimate : result.defect;
    return at::where(error.isfinite(), error, at::full_like(error, INFINITY)).cpu();
  };
  const auto good = static_cast<std::int64_t>(Status::converged);
  for (const int rung : {1, 2}) {
    const auto bad = (block.status != good).nonzero().squeeze(1);
    if (bad.numel() == 0) return;
    for (const auto& index : bad.split(cpu_batch)) {
      const auto some = select(points, index.to(device));
      Outcome outcome;
      if (rung == 1) {
        outcome = attempt(some, rescue, nullptr);
      } else {
        const auto distances = parameter_distances(points.theta).cpu().index_select(0, index);
        const auto usable = (block.status == good) & (block.rescue == 0);
        if (!usable.any().item<bool>()) return;
        const auto nearest = distances.masked_fill(~usable.unsqueeze(0), INFINITY).argmin(1);
        const auto features = first.trunk.features(rescue.elements.xi);
        const auto stored = block.head.index_select(0, nearest).narrow(1, 0, first.trunk.size()).to(device);
        const auto scale = block.scale.index_select(0, nearest).to(device);
        Heads heads;
        Scales scales;
        for (int p = 0; p < system.patches(); ++p) {
          const auto first_constant = static_cast<std::int64_t>(p) * system.size();
          heads.push_back(stored.narrow(2, first_constant, system.size()).transpose(1, 2));
          scales.push_back({scale.narrow(1, first_constant, system.size())});
        }
        const auto nodes = node_values(heads, scales, features, rescue.elements.xi);
        outcome = attempt(some, rescue, &nodes);
      }
      const auto better = describe(some, rescue, outcome);
      const auto improved = (error_of(better) < error_of(block).index_select(0, index)).nonzero().squeeze(1);
      if (improved.numel() == 0) continue;
      BlockResult kept;
      for (const auto& [member, dimension] : point_dimensions()) {
        kept.*member = (better.*member).cpu().index_select(dimension, improved);
      }
      replace_rows(block, index.index_select(0, improved), kept, rung);
    }
  }
}

BlockResult Trainer::Implementation::train_batch(const Points& points) const {
  if (job.training.method == job::Training::Method::matching) return describe_matching(points);
  return describe(points, first, attempt(points, first, nullptr));
}

Trainer::Trainer(const job::Job& job, at::Device device)
    : implementation_(std::make_unique<Implementation>(job, device)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;

BlockResult Trainer::train(const Tensor& parameters) const {
  const c10::InferenceMode inference;
  const auto& self = *implementation_;
  const auto begin = std::chrono::steady_clock::now();
  const auto count = parameters.size(0);
  const auto batch = self.device.is_cpu() ? cpu_batch : count;
  std::vector<BlockResult> parts;
  const auto on_device = parameters.to(self.device);
  for (std::int64_t first = 0; first < count; first += batch) {
    const auto points = self.prepare(on_device.narrow(0, first, std::min(batch, count - first)));
    parts.push_back(self.train_batch(points));
  }
  auto block = join(parts);
  const bool trained = self.job.training.method != job::Training::Method::matching;
  const auto good = block.status == static_cast<std::int64_t>(Status::converged);
  if (trained && !good.all().item<bool>()) self.climb(self.prepare(on_device), block);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  block.seconds.fill_(elapsed.count() / static_cast<double>(count));
  return block;
}

std::vector<std::pair<std::string, Tensor>> Trainer::trunk_arrays() const {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& [name, values] : implementation_->first.master.arrays())
    all.emplace_back("trunk_" + name, values);
  for (const auto& [name, values] : implementation_->rescue.master.arrays()) {
    all.emplace_back("rescue_trunk_" + name, values);
  }
  return all;
}

void Trainer::refresh() {
  implementation_->first.refresh(implementation_->device);
  implementation_->rescue.refresh(implementation_->device);
}

std::int64_t Trainer::head_features() const {
  return std::max(implementation_->first.trunk.size(), implementation_->rescue.trunk.size());
}

std::int64_t Trainer::map_parameters() const { return 2 + 3 * map_terms(implementation_->job.problem); }

std::int64_t Trainer::scale_terms() const { return network::Scale::terms; }

std::int64_t Trainer::peak_bytes(std::int64_t points) const {
  const auto& self = *implementation_;
  const std::int64_t n = self.system.size(), patches = self.system.patches(), outputs = self.output_t.size(1);
  // Normal matrices and their factors, element rows, and the features at every output point.
  const auto working = [&](const Equipment& equipment) {
    const auto features = equipment.trunk.size(), nodes = equipment.elements.size();
    return 8 * (4 * patches * n * n * features * features + 40 * n * n * nodes * equipment.elements.nodes +
                3 * outputs * (features + 20 * n));
  };
  const auto kept = 8 * (patches * n * (outputs + 2 * head_features()) + 3 * n * outputs);
  const auto batch = self.device.is_cpu() ? std::min(points, cpu_batch) : points;
  return batch * std::max(working(self.first), working(self.rescue)) + 2 * points * kept;
}

}  // namespace gluesweep::training
