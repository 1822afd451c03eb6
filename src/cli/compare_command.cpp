#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>

#include "collective.hpp"
#include "compare_methods.hpp"
#include "compare_reference.hpp"
#include "compare_results.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/cli/progress.hpp"
#include "gluesweep/cli/version.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "gluesweep/parallel/device.hpp"
#include "gluesweep/training/trainer.hpp"
#include "plan.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

using parallel::Communicator;

constexpr std::int64_t default_points = 64;
constexpr std::int64_t most_values = std::int64_t{1}
                                     << 27;  // of the reference solutions, which every rank holds

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds that this process has computed, all its threads together.
double processor_time() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Contender {
  std::string label;
  job::Job job;
  std::unique_ptr<training::Trainer> trainer;
};

/// Everything a comparison needs, prepared and agreed on by all ranks before anything is computed.
struct Preparation {
  job::Job job;
  std::string file;
  at::Device device{at::kCPU};
  std::unique_ptr<sweep::ParameterSpace> space;
  std::unique_ptr<problem::System> system;
  std::vector<Contender> contenders;
  std::unique_ptr<ComparisonResults> results;
};

bool has_fixed_points(const job::Job& job) {
  return job.sweep.sampler == job::Sampler::grid || job.sweep.sampler == job::Sampler::list;
}

bool sets_samples(const std::vector<std::string>& overrides) {
  for (const std::string& text : overrides) {
    if (text.rfind("sweep.samples=", 0) == 0) return true;
  }
  return false;
}

/// The user's overrides and the number of points.
std::vector<std::string> with_points(const CompareOptions& options, const job::Job& job) {
  std::vector<std::string> overrides = options.overrides;
  if (has_fixed_points(job)) {
    if (options.points == 0) return overrides;
    throw job::InputError("gluesweep compare: --points " + std::to_string(options.points) +
                          " cannot be kept: the points of this job are a " +
                          (job.sweep.sampler == job::Sampler::grid ? "grid" : "list") +
                          ".\nLeave --points out to take all of them, or choose another sampler, e.g. "
                          "--set sweep.sampler=sobol.");
  }
  if (options.points == 0 && sets_samples(overrides)) return overrides;
  const std::int64_t points = options.points == 0 ? default_points : options.points;
  overrides.push_back("sweep.samples=" + std::to_string(points));
  return overrides;
}

void read_jobs(const CompareOptions& options, const Communicator& communicator, Preparation& prepared) {
  const job::Job job = read_job_everywhere(communicator, options.job, options.overrides, options.device);
  const std::vector<std::string> overrides = with_points(options, job);
  prepared.job = read_job_everywhere(communicator, options.job, overrides, options.device);
  for (const MethodChoice& choice : options.methods) {
    std::vector<std::string> own = overrides;
    own.push_back("training.method=" + choice.method);
    if (!choice.ansatz.empty()) own.push_back("training.ansatz=" + choice.ansatz);
    own.emplace_back("output.store=[]");  // nothing of it is compared, and not all methods have all of it
    Contender contender;
    contender.job = read_job_everywhere(communicator, options.job, own, options.device);
    contender.label = method_label(contender.job.training);
    for (const Contender& other : prepared.contenders) {
      if (other.label != contender.label) continue;
      throw job::InputError(
          "gluesweep compare: --methods: '" + contender.label +
          "' would be in the table twice: the job's own ansatz is the same, or the method has "
          "none.\nLeave one of them out.");
    }
    prepared.contenders.push_back(std::move(contender));
  }
}

/// Refuses what could not be held or stored, before anything is computed.
void check_size(const Preparation& prepared) {
  const std::int64_t points = prepared.space->size();
  const auto outputs = static_cast<std::int64_t>(prepared.job.output_points().size());
  if (points * outputs * prepared.system->unknowns() > most_values) {
    throw job::InputError("gluesweep compare: " + grouped(points) + " points with " + grouped(outputs) +
                          " output points each are more than a comparison can hold.\n"
                          "Choose fewer with --points or --set output.points=N.");
  }
}

/// What the file will hold, from results that are all still zero.
void check_file(const Preparation& prepared, std::int64_t points) {
  const auto outputs = static_cast<std::int64_t>(prepared.job.output_points().size());
  const at::Tensor values = at::zeros({prepared.system->unknowns(), points, outputs}, at::kDouble);
  const References references{values, at::zeros({points}, at::kByte), values};
  const auto summary = prepared.results->summary(references, false);
  std::vector<std::string> names;
  std::int64_t size = 0;
  for (const auto& array : prepared.results->arrays(*prepared.space, references, summary)) {
    names.push_back(array.name);
    size += static_cast<std::int64_t>(array.values.nbytes());
  }
  output::check_comparison_names(names);
  output::check_target(prepared.file, size);
}

Preparation prepare(const CompareOptions& options, const Communicator& communicator) {
  Preparation prepared;
  read_jobs(options, communicator, prepared);
  prepared.file = options.output.empty() ? std::filesystem::path(options.job).stem().string() + "_compare.h5"
                                         : options.output;
  const int local_rank = communicator.node_local_rank();
  std::vector<std::string> labels;
  for (const Contender& contender : prepared.contenders) labels.push_back(contender.label);
  on_every_rank(communicator, [&] {
    prepared.device = parallel::choose_device(prepared.job.run.device, local_rank);
    prepared.space = std::make_unique<sweep::ParameterSpace>(prepared.job);
    prepared.system = std::make_unique<problem::System>(prepared.job.problem);
    check_size(prepared);
    for (Contender& contender : prepared.contenders)
      contender.trainer = std::make_unique<training::Trainer>(contender.job, prepared.device);
    prepared.results =
        std::make_unique<ComparisonResults>(prepared.job, *prepared.system, labels, prepared.space->size());
  });
  parallel::on_rank_zero(communicator, [&] { check_file(prepared, prepared.space->size()); });
  for (Contender& contender : prepared.contenders) {
    parallel::on_rank_zero(communicator, [&] {
      contender.trainer->train_trunk(prepared.space->spread(contender.job.network.train.points));
    });
    broadcast_arrays(communicator, contender.trainer->trunk_arrays());
    contender.trainer->refresh();
  }
  return prepared;
}

void print_plan(const Preparation& prepared, const CompareOptions& options, int ranks) {
  const std::int64_t blocks = sweep::block_count(prepared.space->size(), prepared.job.run.block);
  const auto pieces = blocks * static_cast<std::int64_t>(prepared.contenders.size());
  std::cerr << "comparing " << joined(prepared.results->methods()) << " on "
            << grouped(prepared.space->size()) << " points of " << prepared.job.problem.name << " ("
            << options.job << "), in " << grouped(pieces) << (pieces == 1 ? " piece on " : " pieces on ")
            << ranks << (ranks == 1 ? " rank" : " ranks") << ", " << prepared.device.str();
  if (pieces < ranks) std::cerr << " (a smaller run.block gives more pieces)";
  std::cerr << std::endl;
}

/// The first use of a method takes memory from the system and fills caches, which would count as its time.
/// Adam's many steps do not notice.
void warm_up(const Preparation& prepared) {
  const at::Tensor point = prepared.space->block(0, 1);
  for (const Contender& contender : prepared.contenders) {
    if (!contender.job.training.uses_adam()) contender.trainer->train(point);
  }
}

/// Runs every method on every block.
void run_methods(const Preparation& prepared, const References& references, const CompareOptions& options,
                 const Communicator& communicator) {
  const std::int64_t points = prepared.space->size();
  const std::int64_t blocks = sweep::block_count(points, prepared.job.run.block);
  const auto methods = static_cast<std::int64_t>(prepared.contenders.size());
  parallel::BlockCounter counter(communicator, {sweep::Share::all(methods * blocks), 1});
  const bool speaks = communicator.rank() == 0;
  warm_up(prepared);
  Progress progress(
      {[&](const sweep::Tally& tally) { counter.add(tally); }, [&] { return counter.totals(); }}, {},
      methods * points, options.progress, speaks ? &std::cerr : nullptr, speaks ? terminal_width() : 0, now);
  while (const auto piece = counter.next()) {
    const std::int64_t method = piece->index / blocks;
    const auto block = sweep::block_at(piece->index % blocks, points, prepared.job.run.block);
    const at::Tensor parameters = prepared.space->block(block.first, block.count);
    const double start = processor_time();
    const auto result = prepared.contenders[static_cast<std::size_t>(method)].trainer->train(parameters);
    const double used = processor_time() - start;
    const at::Tensor error = error_against(references, block.first, *prepared.system, result.solution);
    prepared.results->store(method, block, error, used, result);
    progress.block_done(block, sweep::tally_of(result));
  }
  wait_for_all(communicator, [&] { progress.refresh(); });
  progress.finish();
}

}  // namespace

ExitCode compare_command(const CompareOptions& options, const Communicator& communicator) {
  limit_threads();
  keep_freed_memory();
  const Preparation prepared = prepare(options, communicator);
  const bool speaks = communicator.rank() == 0;
  if (speaks) print_plan(prepared, options, communicator.size());
  const double start = now();
  const References references =
      make_references(prepared.job, *prepared.system, *prepared.space, prepared.device, communicator);
  if (speaks) std::cerr << "reference values after " << duration(now() - start) << std::endl;
  run_methods(prepared, references, options, communicator);
  prepared.results->gather(communicator);
  parallel::on_rank_zero(communicator, [&] {
    const auto summary = prepared.results->summary(references, prepared.device.is_cpu());
    std::cout << comparison_text(summary, options.format) << std::flush;
    output::write_comparison(prepared.file, {prepared.results->methods(),
                                             prepared.results->arrays(*prepared.space, references, summary),
                                             prepared.job,
                                             {job::resolved_yaml(prepared.job), job::job_hash(prepared.job),
                                              program_version(), git_commit()},
                                             prepared.space->swept_names(),
                                             comparison_text(summary, TableFormat::text),
                                             communicator.size()});
    std::cerr << "wrote " << prepared.file << std::endl;
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
