#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "collective.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/cli/progress.hpp"
#include "gluesweep/cli/summary.hpp"
#include "gluesweep/cli/version.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "gluesweep/output/write_lock.hpp"
#include "gluesweep/parallel/attention.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "gluesweep/parallel/device.hpp"
#include "gluesweep/parallel/stop_signal.hpp"
#include "plan.hpp"
#include "start.hpp"
#include "summarize.hpp"
#include "text.hpp"
#include "verification.hpp"

namespace gluesweep::cli {
namespace {

using parallel::Communicator;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of the program, before MPI starts, which may take its time on many nodes.
const double program_start = now();

/// Everything a run needs, prepared and agreed on by all ranks before anything is created.
struct Preparation {
  job::Job job;
  std::string file;
  std::unique_ptr<output::WriteLock> lock;  ///< on rank 0
  output::Provenance provenance;
  Start start;
  std::unique_ptr<sweep::ParameterSpace> space;
  std::unique_ptr<training::Trainer> trainer;
  Verify verify;
  Plan plan;

  const sweep::Share& share() const { return plan.share; }
};

/// Job, networks and memory: nothing that has to do with files.
void prepare_training(Preparation& prepared, const RunOptions& options, const Communicator& communicator) {
  const int local_rank = communicator.node_local_rank();
  on_every_rank(communicator, [&] {
    const at::Device device = parallel::choose_device(prepared.job.run.device, local_rank);
    prepared.space = std::make_unique<sweep::ParameterSpace>(prepared.job);
    const auto share =
        sweep::share_of(prepared.space->size(), prepared.job.run.block, options.part, options.parts);
    prepared.verify = make_verify(prepared.job);
    prepared.trainer = std::make_unique<training::Trainer>(prepared.job, device);
    prepared.plan = make_plan(prepared.job, *prepared.trainer, share, communicator.size());
    prepared.plan.device = device.str();
  });
}

Preparation prepare(const RunOptions& options, const Communicator& communicator) {
  Preparation prepared;
  prepared.job = read_job_everywhere(communicator, options.job, options.overrides, options.device);
  parallel::on_rank_zero(communicator, [&] { prepared.file = output::real_path(output_path(options)); });
  prepared.file = communicator.broadcast(prepared.file);
  prepared.provenance = {job::resolved_yaml(prepared.job), job::job_hash(prepared.job), program_version(),
                         git_commit()};
  prepare_training(prepared, options, communicator);
  parallel::on_rank_zero(communicator, [&] {
    if (!options.dry_run) prepared.lock = std::make_unique<output::WriteLock>(prepared.file);
  });
  prepared.start = decide_start(options, prepared.file, prepared.share(), prepared.provenance, communicator);
  prepared.plan.job_path = options.job;
  prepared.plan.file = prepared.file;
  prepared.plan.start = prepared.start.remark;
  parallel::on_rank_zero(communicator, [&] {
    const auto kind = prepared.start.kind;
    if (kind == Start::Kind::fresh) output::check_target(prepared.file, prepared.plan.file_bytes);
    if (kind == Start::Kind::replace)
      output::check_target(prepared.file, prepared.plan.file_bytes, output::Target::a_file_to_replace);
  });
  return prepared;
}

void train_trunk(const Preparation& prepared) {
  const auto& train = prepared.job.network.train;
  if (train.points == 0) return;
  const double begin = now();
  const auto points = prepared.space->spread(train.points);
  const auto usable = prepared.trainer->train_trunk(points);
  std::cout << "hidden layers trained on " << grouped(usable)
            << (usable == points.size(0) ? "" : " of " + grouped(points.size(0)))
            << (points.size(0) == 1 ? " point in " : " points in ") << duration(now() - begin) << std::endl;
}

/// Rank 0's trunk on all ranks, trained there where the job asks for it: they agree to the last bit even on
/// different processors. That of a file that is gone on with comes from there.
void share_trunk(const Preparation& prepared, const Communicator& communicator) {
  const auto arrays = prepared.trainer->trunk_arrays();
  parallel::on_rank_zero(communicator, [&] {
    if (prepared.start.kind == Start::Kind::resume) {
      if (!arrays.empty()) output::SweepReader(prepared.file).read_trunk_into(arrays);
    } else {
      train_trunk(prepared);
    }
  });
  broadcast_arrays(communicator, arrays);
  prepared.trainer->refresh();
}

output::SweepFile open_file(const Preparation& prepared, const Communicator& communicator) {
  const auto network = network_arrays(prepared.job, *prepared.trainer);
  if (prepared.start.kind == Start::Kind::resume) {
    return output::SweepFile::open(communicator, prepared.file, prepared.job, prepared.share(), network,
                                   prepared.provenance);
  }
  const bool replace = prepared.start.kind == Start::Kind::replace;
  return output::SweepFile::create(communicator, prepared.file, prepared.job, *prepared.space,
                                   prepared.share(), network, prepared.provenance,
                                   replace ? output::Target::a_file_to_replace : output::Target::nothing);
}

/// When to stop: at a signal, or so early that no block outlasts run.time_limit.
class StopRequest {
 public:
  StopRequest(const parallel::StopSignal& signal, double began, double limit)
      : signal_(signal), began_(began), limit_(limit) {}

  void block_took(double seconds) { longest_ = std::max(longest_, seconds); }

  int operator()() const {
    if (signal_.raised()) return signal_.number();
    const bool late = limit_ > 0.0 && now() - began_ + margin * longest_ > limit_;
    return late ? parallel::StopReason::time_limit : parallel::StopReason::none;
  }

 private:
  static constexpr double margin = 1.2;  // blocks differ, and the file wants closing

  const parallel::StopSignal& signal_;
  double began_, limit_, longest_ = 0.0;
};

/// Says so when a block had to be trained in smaller batches than before.
void report_memory(const Preparation& prepared, std::int64_t before, int rank) {
  const std::int64_t fitting = prepared.trainer->points_at_a_time();
  if (fitting == before) return;
  std::cerr << "gluesweep: rank " << rank << ": the memory of " << prepared.plan.device
            << " does not suffice for larger batches; it goes on with " << grouped(fitting)
            << " points at a time (fewer ranks a GPU or a smaller run.block avoid this)" << std::endl;
}

struct Outcome {
  double wall = 0.0;
  std::vector<sweep::Summary> ranks;  ///< on rank 0
  int stop_reason = parallel::StopReason::none;
};

/// All ranks' summaries on rank 0. Collective.
std::vector<sweep::Summary> gather(const Communicator& communicator, const sweep::Summary& own) {
  std::vector<double> values(own.tally.count.begin(), own.tally.count.end());
  const std::size_t statuses = values.size();
  for (const double value : {static_cast<double>(own.blocks), own.busy_seconds, own.write_seconds,
                             own.open_seconds, own.wait_seconds, own.tail_seconds, own.longest_seconds})
    values.push_back(value);
  const std::vector<double> all = communicator.gather(values);
  std::vector<sweep::Summary> ranks;
  for (std::size_t first = 0; first < all.size(); first += values.size()) {
    const double* next = all.data() + first;
    sweep::Summary& rank = ranks.emplace_back();
    for (std::size_t i = 0; i < statuses; ++i) rank.tally.count[i] = static_cast<std::int64_t>(*next++);
    rank.blocks = static_cast<std::int64_t>(*next++);
    for (double* target : {&rank.busy_seconds, &rank.write_seconds, &rank.open_seconds, &rank.wait_seconds,
                           &rank.tail_seconds, &rank.longest_seconds})
      *target = *next++;
  }
  return ranks;
}

/// The sweep itself, from a file without these results to a closed one.
Outcome sweep_all(const Preparation& prepared, const RunOptions& options, const Communicator& communicator,
                  StopRequest stop_request) {
  const double start = now();
  auto schedule =
      make_schedule(options, prepared.start, prepared.file, prepared.job, prepared.share(), communicator);
  auto file = open_file(prepared, communicator);
  if (options.retry_failed && prepared.start.kind == Start::Kind::resume && communicator.rank() == 0)
    file.forget_failed();
  const double opened = now();
  parallel::BlockCounter counter(communicator, std::move(schedule), std::ref(stop_request));
  const bool speaks = communicator.rank() == 0;
  Progress progress(
      {[&](const sweep::Tally& tally) { counter.add(tally); }, [&] { return counter.totals(); }},
      prepared.start.before, prepared.share().count, options.progress, speaks ? &std::cerr : nullptr,
      speaks ? terminal_width() : 0, now);
  const bool pays_attention = parallel::attention_helps(communicator) && communicator.rank() == 0;
  const auto train = [&](const at::Tensor& parameters, const sweep::Block& block) {
    const double begin = now();
    std::optional<parallel::Attention> attention;
    if (pays_attention) attention.emplace(communicator);
    const std::int64_t before = prepared.trainer->points_at_a_time();
    auto result = prepared.verify(prepared.trainer->train(parameters), parameters, block.first);
    stop_request.block_took(now() - begin);
    report_memory(prepared, before, communicator.rank());
    return result;
  };
  auto summary = sweep::run_sweep(*prepared.space, counter, train, file, progress);
  const double waiting = now();
  wait_for_all(communicator, [&] {
    progress.refresh();
    file.look_after();
  });
  const double closing = now();
  summary.tail_seconds = closing - waiting;
  file.close();
  progress.finish();
  summary.open_seconds = opened - start + now() - closing;
  return {now() - start, gather(communicator, summary), counter.stopped()};
}

std::string reason_text(int reason) {
  if (reason == parallel::StopReason::none) return "another run on the same file";
  if (reason == parallel::StopReason::time_limit) return "run.time_limit";
  switch (reason) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGUSR1: return "SIGUSR1";
    default: return "signal " + std::to_string(reason);
  }
}

/// Before the summary, for which whoever stopped this run may not wait.
void report_stop(const Preparation& prepared, const RunOptions& options, const Outcome& outcome) {
  if (outcome.ranks.empty()) return;
  std::int64_t done = prepared.start.before.done();
  for (const sweep::Summary& rank : outcome.ranks) done += rank.tally.done();
  if (done >= prepared.share().count) return;
  std::cerr << "gluesweep: stopped early by " << reason_text(outcome.stop_reason) << " with " << grouped(done)
            << " of " << grouped(prepared.share().count)
            << " points done; they are kept. This goes on, on any number of ranks:\n  "
            << resume_command(options) << std::endl;
}

ExitCode verdict(const RunOptions& options, const FileSummary& summary) {
  if (summary.done < summary.points) return ExitCode::stopped;
  const double share = static_cast<double>(summary.failed) / static_cast<double>(summary.points);
  if (share > options.max_failed) {
    std::cerr << "gluesweep: " << grouped(summary.failed) << " of " << grouped(summary.points)
              << " points failed, more than --max-failed " << exact(options.max_failed)
              << " allows; 'gluesweep show' lists the worst of them and what to do\n";
    return ExitCode::too_many_failed;
  }
  return ExitCode::complete;
}

}  // namespace

ExitCode run_command(const RunOptions& options, const Communicator& communicator) {
  const parallel::StopSignal signal;
  limit_threads();
  keep_freed_memory();
  const Preparation prepared = prepare(options, communicator);
  if (communicator.rank() == 0) std::cout << plan_text(prepared.job, prepared.plan) << std::flush;
  if (options.dry_run) return ExitCode::complete;
  Outcome outcome;
  if (prepared.start.kind != Start::Kind::complete) {
    share_trunk(prepared, communicator);
    outcome =
        sweep_all(prepared, options, communicator, {signal, program_start, prepared.job.run.time_limit});
  }
  ExitCode code = ExitCode::complete;
  parallel::on_rank_zero(communicator, [&] {
    report_stop(prepared, options, outcome);
    const FileSummary summary = summarize(prepared.file);
    std::cout << '\n' << summary_text(summary, prepared.file);
    if (!outcome.ranks.empty()) std::cout << times_text(outcome.wall, outcome.ranks);
    std::cout << std::flush;
    code = verdict(options, summary);
  });
  return static_cast<ExitCode>(std::stoi(communicator.broadcast(std::to_string(static_cast<int>(code)))));
}

}  // namespace gluesweep::cli
