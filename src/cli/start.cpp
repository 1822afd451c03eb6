#include "start.hpp"

#include <errno.h>  // program_invocation_name is glibc's

#include <algorithm>
#include <memory>
#include <sstream>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "text.hpp"
#include "verification.hpp"

namespace gluesweep::cli {
namespace {

using output::Existing;
using training::Status;

std::string progress_text(const Existing& existing) {
  const std::int64_t done = existing.tally.done();
  if (existing.complete()) return "all of its " + grouped(done) + " points done";
  return grouped(done) + " of " + grouped(existing.share.count) + " points done";
}

/// The file is there, and nobody said what to do with it.
[[noreturn]] void refuse_existing(const std::string& path, const Existing& existing,
                                  const output::Provenance& provenance) {
  if (existing.kind == Existing::Kind::other) {
    throw job::InputError(existing.reason +
                          "; it is not overwritten: choose another name with -o, or move the file away");
  }
  const bool same = existing.job_hash == provenance.job_hash;
  std::string message = path + " exists already: it holds " + (same ? "this scan" : "another job's scan") +
                        ", " + progress_text(existing) + ". ";
  if (same && !existing.complete()) message += "Go on with it by --resume, ";
  message += same && !existing.complete() ? "start over by --overwrite" : "Start over by --overwrite";
  throw job::InputError(message + ", or choose another name with -o");
}

Start start_existing(const RunOptions& options, const std::string& path, const Existing& existing,
                     const sweep::Share& share, const output::Provenance& provenance) {
  Start start;
  if (options.overwrite) {
    if (existing.kind == Existing::Kind::other) {
      throw job::InputError(existing.reason +
                            "; --overwrite replaces sweep files only: choose another name with -o, or remove "
                            "the file yourself");
    }
    start.kind = Start::Kind::replace;
    start.remark = "replaces a scan with " + progress_text(existing);
    return start;
  }
  if (!options.resume) refuse_existing(path, existing, provenance);
  if (existing.kind == Existing::Kind::other) {
    throw job::InputError(existing.reason +
                          "; it cannot be gone on with: choose another name with -o, or move it away");
  }
  output::check_resumable(path, provenance, share);
  start.before = existing.tally;
  const std::int64_t failed = existing.tally.failed();
  if (options.retry_failed && failed > 0) {
    for (const auto& info : training::status_table) {
      if (info.status == Status::converged || info.status == Status::matching_only) continue;
      start.before.count[static_cast<std::size_t>(info.status)] = 0;
    }
    start.remark = "trains " + grouped(failed) + " failed points again; ";
  } else if (existing.complete()) {
    start.kind = Start::Kind::complete;
    start.remark = "complete already, " + progress_text(existing);
    return start;
  }
  start.kind = Start::Kind::resume;
  start.remark += "goes on, " + progress_text(existing);
  const std::string own = "gluesweep " + provenance.gluesweep_version + " (" + provenance.git_commit + ")";
  if (existing.version != own)
    start.remark += "; the file was begun by " + existing.version + ", this is " + own;
  return start;
}

std::string encoded(const Start& start) {
  std::string text = std::to_string(static_cast<int>(start.kind));
  for (const std::int64_t points : start.before.count) text += " " + std::to_string(points);
  return text;
}

/// Rank 0 alone needs the rest.
Start decoded(const std::string& text) {
  Start start;
  std::istringstream stream(text);
  int kind = 0;
  stream >> kind;
  start.kind = static_cast<Start::Kind>(kind);
  for (std::int64_t& points : start.before.count) stream >> points;
  return start;
}

/// What is left of a block in the file.
struct Remaining {
  std::int64_t pending = 0, failed = 0;
};

/// Reads the statuses of a file block by block, in pieces.
class StatusReader {
 public:
  StatusReader(const std::string& path, const sweep::Share& share) : reader_(path), share_(share) {}

  Remaining of(const sweep::Block& block) {
    const std::int64_t first = block.first - share_.first;
    if (first < piece_first_ || first + block.count > piece_first_ + piece_.numel()) load(first, block.count);
    const at::Tensor status = piece_.narrow(0, first - piece_first_, block.count);
    return {(status == static_cast<int>(Status::pending)).sum().item<std::int64_t>(),
            training::is_failed(status).sum().item<std::int64_t>()};
  }

 private:
  void load(std::int64_t first, std::int64_t count) {
    count = std::min(std::max(count, output::rows_per_read), share_.count - first);
    piece_ = reader_.rows("status", first, count);
    piece_first_ = first;
  }

  output::SweepReader reader_;
  sweep::Share share_;
  at::Tensor piece_ = at::empty({0}, at::kDouble);
  std::int64_t piece_first_ = 0;
};

std::int64_t points_to_verify(const job::Job& job, const sweep::Block& block) {
  std::int64_t points = 0;
  for (std::int64_t i = 0; i < block.count; ++i) points += to_be_verified(job, block.first + i) ? 1 : 0;
  return points;
}

/// What makes a block take longer than others, as far as it is known before: points that the integrator
/// checks cost as much as a whole block where solutions oscillate, points that failed climb the whole ladder.
void arrange(sweep::Schedule& schedule, const RunOptions& options, const job::Job& job,
             StatusReader* statuses) {
  const bool integrates = verifies_by_integration(job);
  if (statuses == nullptr && !integrates) return;
  schedule.arrange([&](const sweep::Block& block) {
    double cost = 1.0;
    if (statuses != nullptr) {
      const Remaining remaining = statuses->of(block);
      const std::int64_t retried = options.retry_failed ? remaining.failed : 0;
      if (remaining.pending + retried == 0) return 0.0;
      cost += static_cast<double>(retried);
    }
    if (integrates) cost += static_cast<double>(points_to_verify(job, block));
    return cost;
  });
}

}  // namespace

Start decide_start(const RunOptions& options, const std::string& path, const sweep::Share& share,
                   const output::Provenance& provenance, const parallel::Communicator& communicator) {
  Start start;
  std::string text;
  parallel::on_rank_zero(communicator, [&] {
    const Existing existing = output::examine(path);
    if (existing.kind != Existing::Kind::nothing) {
      start = start_existing(options, path, existing, share, provenance);
    } else if (options.resume) {
      start.remark = "a new file: there is none to go on with";
    }
    text = encoded(start);
  });
  text = communicator.broadcast(text);
  return communicator.rank() == 0 ? start : decoded(text);
}

sweep::Schedule make_schedule(const RunOptions& options, const Start& start, const std::string& path,
                              const job::Job& job, const sweep::Share& share,
                              const parallel::Communicator& communicator) {
  sweep::Schedule schedule(share, job.run.block);
  parallel::on_rank_zero(communicator, [&] {
    std::unique_ptr<StatusReader> statuses;
    if (start.kind == Start::Kind::resume) statuses = std::make_unique<StatusReader>(path, share);
    arrange(schedule, options, job, statuses.get());
  });
  const std::string size = communicator.broadcast(std::to_string(schedule.size()));
  std::vector<std::uint32_t> order = schedule.order();
  order.resize(std::stoull(size));
  const auto length = static_cast<std::int64_t>(order.size());
  if (length > 0) communicator.broadcast(at::from_blob(order.data(), {length}, at::kInt));
  schedule.set_order(std::move(order));
  return schedule;
}

std::string resume_command(const RunOptions& options) {
  std::string command = shell_word(program_invocation_name) + " run --resume";
  for (const std::string& word : options.words) {
    if (word == "--overwrite" || word == "--resume" || word == "--retry-failed") continue;
    command += " " + shell_word(word);
  }
  return command;
}

}  // namespace gluesweep::cli
