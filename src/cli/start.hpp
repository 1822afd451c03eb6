#pragma once

#include <string>

#include "gluesweep/cli/options.hpp"
#include "gluesweep/job/job.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/parallel/communicator.hpp"
#include "gluesweep/sweep/schedule.hpp"

/// How a run begins: with a new file, or where an earlier one ended.
namespace gluesweep::cli {

struct Start {
  enum class Kind { fresh, replace, resume, complete };
  Kind kind = Kind::fresh;
  sweep::Tally before;  ///< what stays of earlier runs: with retry_failed not their failed points
  std::string remark;   ///< what happens to an existing file; empty if there is none
};

/// Decides by what stands at `path` and what was asked for; the same on every rank. Throws job::InputError
/// where going on would lose or mix results. Collective.
Start decide_start(const RunOptions& options, const std::string& path, const sweep::Share& share,
                   const output::Provenance& provenance, const parallel::Communicator& communicator);

/// The blocks that are to be done, the same on every rank. Collective.
sweep::Schedule make_schedule(const RunOptions& options, const Start& start, const std::string& path,
                              const job::Job& job, const sweep::Share& share,
                              const parallel::Communicator& communicator);

/// The command that goes on with what `options` began.
std::string resume_command(const RunOptions& options);

}  // namespace gluesweep::cli
