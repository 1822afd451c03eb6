#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/cli/options.hpp"
#include "gluesweep/job/job.hpp"
#include "gluesweep/output/layout.hpp"
#include "gluesweep/parallel/communicator.hpp"
#include "gluesweep/training/trainer.hpp"

/// From a job file to something that can run.
namespace gluesweep::cli {

/// Leaves the cores to the ranks: one thread each for LibTorch and OpenBLAS, unless the user set
/// OMP_NUM_THREADS. Before any of them works.
void limit_threads();

/// Lets the process keep freed memory for its next arrays.
void keep_freed_memory();

/// Rank 0 reads and validates, all get the same job. `device` replaces run.device unless it is empty.
/// Collective; throws job::InputError on every rank.
job::Job read_job_everywhere(const parallel::Communicator& communicator, const std::string& path,
                             const std::vector<std::string>& overrides, const std::string& device);

/// Where the sweep file goes: what was asked for, or the job file's name with .h5 (.3-of-8.h5 for a part) in
/// the current directory.
std::string output_path(const RunOptions& options);

/// What the trainer contributes to the sweep file.
output::NetworkArrays network_arrays(const job::Job& job, const training::Trainer& trainer);

/// What a run would do, as a text of several lines.
struct Plan {
  std::string job_path, file;
  std::string start;  ///< what happens to a file that exists; empty: there is none
  sweep::Share share;
  std::int64_t blocks = 0, file_bytes = 0, rank_bytes = 0;
  int ranks = 1;
  std::string device;
};
Plan make_plan(const job::Job& job, const training::Trainer& trainer, const sweep::Share& share, int ranks);
std::string plan_text(const job::Job& job, const Plan& plan);

}  // namespace gluesweep::cli
