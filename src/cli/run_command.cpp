#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>

#include "collective.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/cli/progress.hpp"
#include "gluesweep/cli/summary.hpp"
#include "gluesweep/cli/version.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "gluesweep/parallel/device.hpp"
#include "gluesweep/parallel/stop_signal.hpp"
#include "plan.hpp"
#include "summarize.hpp"
#include "text.hpp"
#include "verification.hpp"

namespace gluesweep::cli {
namespace {

using parallel::Communicator;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Everything a run needs, prepared and agreed on by all ranks before anything is created.
struct Preparation {
  job::Job job;
  std::string file;
  std::unique_ptr<sweep::ParameterSpace> space;
  std::unique_ptr<training::Trainer> trainer;
  Verify verify;
  Plan plan;
};

Preparation prepare(const RunOptions& options, const Communicator& communicator) {
  Preparation prepared;
  prepared.job = read_job_everywhere(communicator, options.job, options.overrides, options.device);
  prepared.file = output_path(options.output, options.job);
  const int local_rank = communicator.node_local_rank();
  on_every_rank(communicator, [&] {
    const at::Device device = parallel::choose_device(prepared.job.run.device, local_rank);
    prepared.space = std::make_unique<sweep::ParameterSpace>(prepared.job);
    prepared.verify = make_verify(prepared.job);
    prepared.trainer = std::make_unique<training::Trainer>(prepared.job, device);
    prepared.plan = make_plan(prepared.job, *prepared.trainer, prepared.space->size(), communicator.size());
    prepared.plan.device = device.str();
  });
  prepared.plan.job_path = options.job;
  prepared.plan.file = prepared.file;
  parallel::on_rank_zero(communicator,
                         [&] { output::check_target(prepared.file, prepared.plan.file_bytes); });
  return prepared;
}

/// Rank 0's trunk on all ranks: they agree to the last bit even on different processors.
void share_trunk(training::Trainer& trainer, const Communicator& communicator) {
  broadcast_arrays(communicator, trainer.trunk_arrays());
  trainer.refresh();
}

struct Outcome {
  RunTimes times;
  bool stopped = false;
};

/// The sweep itself, from a created file to a closed one.
Outcome sweep_all(const Preparation& prepared, const RunOptions& options, const Communicator& communicator) {
  const parallel::StopSignal signal;
  const output::Provenance provenance{job::resolved_yaml(prepared.job), job::job_hash(prepared.job),
                                      program_version(), git_commit()};
  auto file = output::SweepFile::create(communicator, prepared.file, prepared.job, *prepared.space,
                                        network_arrays(prepared.job, *prepared.trainer), provenance);
  parallel::BlockCounter counter(communicator, prepared.plan.samples, prepared.job.run.block,
                                 [&signal] { return signal.raised(); });
  const bool speaks = communicator.rank() == 0;
  Progress progress(
      {[&](const sweep::Tally& tally) { counter.add(tally); }, [&] { return counter.totals(); }},
      prepared.plan.samples, options.progress, speaks ? &std::cerr : nullptr, speaks ? terminal_width() : 0,
      now);
  const double start = now();
  const auto train = [&](const at::Tensor& parameters, const sweep::Block& block) {
    return prepared.verify(prepared.trainer->train(parameters), parameters, block.first);
  };
  auto summary = sweep::run_sweep(*prepared.space, counter, train, file, progress);
  const double waiting = now();
  wait_for_all(communicator, [&] { progress.refresh(); });
  summary.idle_seconds += now() - waiting;
  file.close();
  const double wall = now() - start;
  progress.finish();
  summary = parallel::total(communicator, summary);
  Outcome outcome;
  outcome.times = {wall,
                   summary.busy_seconds,
                   summary.write_seconds,
                   summary.idle_seconds,
                   communicator.size(),
                   summary.tally.done()};
  outcome.stopped = summary.tally.done() < prepared.plan.samples;
  return outcome;
}

ExitCode verdict(const Outcome& outcome, const FileSummary& summary, double max_failed) {
  if (outcome.stopped) {
    std::cerr << "gluesweep: stopped early by a signal with " << grouped(summary.done) << " of "
              << grouped(summary.points) << " points done; they are kept, the others are marked pending\n";
    return ExitCode::stopped;
  }
  const double share = static_cast<double>(summary.failed) / static_cast<double>(summary.points);
  if (share > max_failed) {
    std::cerr << "gluesweep: " << grouped(summary.failed) << " of " << grouped(summary.points)
              << " points failed, more than --max-failed " << exact(max_failed)
              << " allows; 'gluesweep show' lists the worst of them and what to do\n";
    return ExitCode::too_many_failed;
  }
  return ExitCode::complete;
}

}  // namespace

ExitCode run_command(const RunOptions& options, const Communicator& communicator) {
  limit_threads();
  keep_freed_memory();
  const Preparation prepared = prepare(options, communicator);
  if (communicator.rank() == 0) std::cout << plan_text(prepared.job, prepared.plan) << std::flush;
  if (options.dry_run) return ExitCode::complete;
  share_trunk(*prepared.trainer, communicator);
  const Outcome outcome = sweep_all(prepared, options, communicator);
  ExitCode code = ExitCode::complete;
  parallel::on_rank_zero(communicator, [&] {
    const FileSummary summary = summarize(prepared.file);
    std::cout << '\n' << summary_text(summary, prepared.file) << times_text(outcome.times) << std::flush;
    code = verdict(outcome, summary, options.max_failed);
  });
  return static_cast<ExitCode>(std::stoi(communicator.broadcast(std::to_string(static_cast<int>(code)))));
}

}  // namespace gluesweep::cli
