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
#include "gluesweep/reference/shooting.hpp"
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

/// A point's reference.
struct Found {
  at::Tensor unknowns;  ///< (u, M); not defined: nothing
  ReferenceKind kind = ReferenceKind::none;
};

/// The one place that knows independent references: for one point, parameters (1, p).
class IndependentReference {
 public:
  IndependentReference(const job::Job& job, const problem::System& system)
      : system_(system), outputs_(output_row(job)) {}

  /// What can be had without knowing about what to expect.
  Found outright(const at::Tensor& parameters) const {
    const Tensors exact = system_.exact(outputs_, columns(parameters));
    if (!exact.empty()) {
      Tensors rows;
      for (const auto& values : exact) rows.push_back(values.expand_as(outputs_).squeeze(0));
      const Found found{at::stack(rows, 0), ReferenceKind::closed_form};
      if (found.unknowns.isfinite().all().item<bool>()) return found;
    }
#ifdef GLUESWEEP_WITH_REFERENCE
    if (system_.starts_with_all())
      return integrated(reference::Integrator(system_).solve(numbers(parameters), numbers(outputs_)));
#endif
    return {};
  }

  /// Where conditions stand elsewhere than at the start: by shooting, from a guess of the state, (n, M).
  Found near([[maybe_unused]] const at::Tensor& parameters, [[maybe_unused]] const at::Tensor& guess) const {
#ifdef GLUESWEEP_WITH_REFERENCE
    if (system_.starts_with_all()) return {};
    reference::States rows;
    for (const auto& row : guess.unbind(0)) rows.push_back(numbers(row));
    return integrated(reference::Shooting(system_).solve(numbers(parameters), numbers(outputs_), rows));
#else
    return {};
#endif
  }

 private:
#ifdef GLUESWEEP_WITH_REFERENCE
  static std::vector<double> numbers(const at::Tensor& values) {
    const at::Tensor row = values.contiguous();
    return {row.data_ptr<double>(), row.data_ptr<double>() + row.numel()};
  }

  Found integrated(const reference::States& states) const {
    if (states.empty()) return {};
    Tensors rows;
    for (int u = 0; u < system_.unknowns(); ++u)
      rows.push_back(at::tensor(states[static_cast<std::size_t>(system_.component(u))], at::kDouble));
    const Found found{at::stack(rows, 0), ReferenceKind::integrator};
    return found.unknowns.isfinite().all().item<bool>() ? found : Found{};
  }
#endif

  const problem::System& system_;
  at::Tensor outputs_;  // (1, M)
};

/// The references of all points while they are collected; zero, for none, where another rank has them.
struct Collected {
  at::Tensor unknowns;  ///< (u, N, M)
  at::Tensor kind;      ///< (N) float64

  Collected(const problem::System& system, std::int64_t points, std::int64_t outputs)
      : unknowns(at::zeros({system.unknowns(), points, outputs}, at::kDouble)),
        kind(at::zeros({points}, at::kDouble)) {}

  void store(std::int64_t point, const Found& found) {
    if (found.kind == ReferenceKind::none) return;
    unknowns.select(1, point).copy_(found.unknowns);
    kind[point] = static_cast<double>(found.kind);
  }

  void gather(const parallel::Communicator& communicator) {
    sum_over_ranks(communicator, unknowns);
    sum_over_ranks(communicator, kind);
  }
};

job::Job finer_job(job::Job job) {
  job.training.method = job::Training::Method::gauss_newton;
  job.training.ansatz = job::Training::Ansatz::frames;
  job.training.tolerance =
      std::min(job.training.tolerance, std::max(job.training.tolerance * finer_tolerance, least_tolerance));
  job.network = job.network.drawn();
  job.network.features = static_cast<int>(std::lround(job.network.features * finer_features));
  job.network.elements *= finer_elements;
  job.network.width = 0;
  job.verification.estimate = true;
  return job;
}

/// Fills in the points that have nothing yet: from a finer run, or from where shooting gets from there.
void add_finer(const job::Job& job, const problem::System& system, const sweep::ParameterSpace& space,
               const at::Device& device, const parallel::Communicator& communicator, Collected& collected) {
  const IndependentReference independent(job, system);
  training::Trainer trainer(finer_job(job), device);
  broadcast_arrays(communicator, trainer.trunk_arrays());
  trainer.refresh();
  const at::Tensor missing = collected.kind == 0;
  Collected more(system, space.size(), collected.unknowns.size(2));
  parallel::BlockCounter counter(communicator, {sweep::Share::all(space.size()), job.run.block});
  while (const auto block = counter.next()) {
    const at::Tensor wanted = missing.narrow(0, block->first, block->count).nonzero().squeeze(1);
    if (wanted.numel() == 0) continue;
    const auto result = trainer.train(space.block(block->first, block->count));
    for (std::int64_t i = 0; i < wanted.numel(); ++i) {
      const auto row = wanted[i].item<std::int64_t>();
      const at::Tensor states = result.solution.select(1, row);
      Found found = independent.near(space.block(block->first + row, 1), states);
      if (found.kind == ReferenceKind::none &&
          result.error_estimate[row].item<double>() <= job.training.tolerance) {  // false for NaN
        Tensors rows;
        for (int u = 0; u < system.unknowns(); ++u) rows.push_back(states[system.component(u)]);
        found = {at::stack(rows, 0), ReferenceKind::finer_network};
      }
      more.store(block->first + row, found);
    }
  }
  more.gather(communicator);
  collected.unknowns += more.unknowns;
  collected.kind += more.kind;
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
  Collected collected(system, space.size(), static_cast<std::int64_t>(job.output_points().size()));
  {
    // Points, not blocks: some take the integrator seconds.
    parallel::BlockCounter counter(communicator, {sweep::Share::all(space.size()), 1});
    while (const auto point = counter.next())
      collected.store(point->first, independent.outright(space.block(point->first, 1)));
  }
  collected.gather(communicator);
  if ((collected.kind == 0).any().item<bool>())
    add_finer(job, system, space, device, communicator, collected);
  const at::Tensor nothing = (collected.kind == 0).view({1, -1, 1});
  References references{collected.unknowns.masked_fill(nothing, NAN), collected.kind.to(at::kByte), {}};
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
