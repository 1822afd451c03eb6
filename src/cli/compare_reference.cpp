#include "compare_reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "collective.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "gluesweep/training/trainer.hpp"

#ifdef GLUESWEEP_WITH_REFERENCE
#include "gluesweep/reference/integrator.hpp"
#endif

namespace gluesweep::cli {
namespace {

using problem::Tensors;

// Of the finer run, against the job's own settings.
constexpr double finer_features = 1.5;
constexpr int finer_elements = 2;
constexpr double finer_tolerance = 1e-2;
constexpr double least_tolerance = 1e-12;  // no network gets below it in double precision

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensors columns(const at::Tensor& parameters) {
  Tensors theta;
  for (std::int64_t j = 0; j < parameters.size(1); ++j) theta.push_back(parameters.narrow(1, j, 1));
  return theta;
}

at::Tensor output_row(const job::Job& job) {
  return at::tensor(job.output_points(), at::kDouble).unsqueeze(0);
}

/// What some points have independently of any training.
struct Independent {
  at::Tensor unknowns;  ///< (u, 1, M); not defined: nothing
  ReferenceKind kind = ReferenceKind::none;
};

/// The one place that knows independent references.
class IndependentReference {
 public:
  IndependentReference(const job::Job& job, const problem::System& system)
      : system_(system), outputs_(output_row(job)) {}

  /// For one point: parameters (1, p).
  Independent operator()(const at::Tensor& parameters) const {
    const Tensors exact = system_.exact(outputs_, columns(parameters));
    if (!exact.empty()) {
      Tensors rows;
      for (const auto& values : exact) rows.push_back(values.expand_as(outputs_));
      const at::Tensor unknowns = at::stack(rows, 0);
      if (unknowns.isfinite().all().item<bool>()) return {unknowns, ReferenceKind::closed_form};
    }
    return integrated(parameters);
  }

 private:
  Independent integrated([[maybe_unused]] const at::Tensor& parameters) const {
#ifdef GLUESWEEP_WITH_REFERENCE
    const auto* first = parameters.data_ptr<double>();
    const auto* outputs = outputs_.data_ptr<double>();
    const auto states = reference::Integrator(system_).solve({first, first + parameters.numel()},
                                                             {outputs, outputs + outputs_.numel()});
    if (states.empty()) return {};
    Tensors rows;
    for (int u = 0; u < system_.unknowns(); ++u) {
      rows.push_back(at::tensor(states[static_cast<std::size_t>(system_.component(u))], at::kDouble));
    }
    const at::Tensor unknowns = at::stack(rows, 0).unsqueeze(1);
    if (unknowns.isfinite().all().item<bool>()) return {unknowns, ReferenceKind::integrator};
#endif
    return {};
  }

  const problem::System& system_;
  at::Tensor outputs_;  // (1, M)
};

job::Job finer_job(job::Job job) {
  job.training.method = job::Training::Method::gauss_newton;
  job.training.ansatz = job::Training::Ansatz::frames;
  job.training.tolerance =
      std::min(job.training.tolerance, std::max(job.training.tolerance * finer_tolerance, least_tolerance));
  job.network.features = static_cast<int>(std::lround(job.network.features * finer_features));
  job.network.elements *= finer_elements;
  job.verification.estimate = true;
  return job;
}

/// Fills in what the finer run gives for the points that have nothing yet.
void add_finer(const job::Job& job, const problem::System& system, const sweep::ParameterSpace& space,
               const at::Device& device, const parallel::Communicator& communicator, References& references) {
  training::Trainer trainer(finer_job(job), device);
  broadcast_arrays(communicator, trainer.trunk_arrays());
  trainer.refresh();
  const at::Tensor missing = references.kind == 0;
  at::Tensor unknowns = at::zeros_like(references.unknowns), found = at::zeros(missing.sizes(), at::kDouble);
  parallel::BlockCounter counter(communicator, space.size(), job.run.block);
  while (const auto block = counter.next()) {
    const at::Tensor wanted = missing.narrow(0, block->first, block->count);
    if (!wanted.any().item<bool>()) continue;
    const auto result = trainer.train(space.block(block->first, block->count));
    const at::Tensor good = wanted & (result.error_estimate <= job.training.tolerance);  // false for NaN
    Tensors rows;
    for (int u = 0; u < system.unknowns(); ++u) rows.push_back(result.solution[system.component(u)]);
    const at::Tensor values = at::stack(rows, 0);
    unknowns.narrow(1, block->first, block->count)
        .copy_(at::where(good.view({1, -1, 1}), values, at::zeros_like(values)));
    found.narrow(0, block->first, block->count).copy_(good);
  }
  sum_over_ranks(communicator, unknowns);
  sum_over_ranks(communicator, found);
  const at::Tensor filled = found > 0;
  references.unknowns = at::where(filled.view({1, -1, 1}), unknowns, references.unknowns);
  references.kind.masked_fill_(filled, static_cast<std::int64_t>(ReferenceKind::finer_network));
}

/// The error scales along the reference, (u, N, M).
at::Tensor magnitudes_of(const job::Job& job, const problem::System& system,
                         const sweep::ParameterSpace& space, const at::Tensor& unknowns) {
  // A magnitude depends on the unknowns, never on their derivatives.
  Tensors state(static_cast<std::size_t>(system.size()), at::full_like(unknowns[0], NAN));
  for (int u = 0; u < system.unknowns(); ++u)
    state[static_cast<std::size_t>(system.component(u))] = unknowns[u];
  const Tensors theta = columns(space.block(0, space.size()));
  return at::stack(system.magnitudes(output_row(job).expand_as(unknowns[0]), theta, state), 0);
}

}  // namespace

void sum_over_ranks(const parallel::Communicator& communicator, const at::Tensor& values) {
  constexpr std::int64_t at_once = std::int64_t{1} << 24;  // MPI counts in 32 bits
  auto* data = values.data_ptr<double>();
  for (std::int64_t first = 0; first < values.numel(); first += at_once) {
    const std::int64_t count = std::min(at_once, values.numel() - first);
    const auto sums = communicator.sum(std::vector<double>(data + first, data + first + count));
    std::copy(sums.begin(), sums.end(), data + first);
  }
}

References make_references(const job::Job& job, const problem::System& system,
                           const sweep::ParameterSpace& space, const at::Device& device,
                           const parallel::Communicator& communicator) {
  const IndependentReference independent(job, system);
  const auto outputs = static_cast<std::int64_t>(job.output_points().size());
  at::Tensor unknowns = at::zeros({system.unknowns(), space.size(), outputs}, at::kDouble);
  at::Tensor kind = at::zeros({space.size()}, at::kDouble);
  {
    // Points, not blocks: some take the integrator seconds.
    parallel::BlockCounter counter(communicator, space.size(), 1);
    while (const auto point = counter.next()) {
      const Independent found = independent(space.block(point->first, 1));
      if (found.kind == ReferenceKind::none) continue;
      unknowns.narrow(1, point->first, 1).copy_(found.unknowns);
      kind[point->first] = static_cast<double>(found.kind);
    }
  }
  sum_over_ranks(communicator, unknowns);
  sum_over_ranks(communicator, kind);
  const at::Tensor nothing = (kind == 0).view({1, -1, 1});
  References references{unknowns.masked_fill(nothing, NAN), kind.to(at::kByte), {}};
  if (nothing.any().item<bool>()) add_finer(job, system, space, device, communicator, references);
  references.magnitudes = magnitudes_of(job, system, space, references.unknowns);
  return references;
}

at::Tensor error_against(const References& references, std::int64_t first, const problem::System& system,
                         const at::Tensor& solution) {
  const std::int64_t count = solution.size(1);
  const at::Tensor truth = references.unknowns.narrow(1, first, count);
  const at::Tensor magnitudes = references.magnitudes.narrow(1, first, count);
  at::Tensor largest = at::zeros({count}, at::kDouble);
  for (int u = 0; u < system.unknowns(); ++u) {
    const at::Tensor difference = (solution[system.component(u)] - truth[u]).abs();
    const at::Tensor relative = difference / magnitudes[u];
    const at::Tensor counted = at::where(difference == 0.0, at::zeros_like(relative), relative);
    const at::Tensor finite = at::where(counted.isnan(), at::full_like(counted, infinity), counted);
    largest = at::maximum(largest, finite.amax(1));
  }
  return at::where(references.kind.narrow(0, first, count) == 0, at::full_like(largest, NAN), largest);
}

}  // namespace gluesweep::cli
