#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>

#include "gluesweep/job/job.hpp"
#include "gluesweep/output/layout.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/parallel/communicator.hpp"
#include "gluesweep/sweep/driver.hpp"
#include "gluesweep/sweep/parameter_space.hpp"

namespace gluesweep::output {

/// Where a sweep file comes from, for its root attributes. Library versions, time and ranks are added by
/// themselves.
struct Provenance {
  std::string resolved_job;  ///< YAML, see job::resolved_yaml
  std::string job_hash;      ///< see job::job_hash
  std::string gluesweep_version;
  std::string git_commit;
};

/// Throws job::InputError unless `path` is a sweep file of this share of this job, for further results.
void check_resumable(const std::string& path, const Provenance& provenance, const sweep::Share& share);

/// The one file of a sweep, written by all ranks (serially with a null communicator).
///
/// All its metadata is complete on disk before the first result: fixed sizes, space allocated and filled with
/// NaN, status pending. Results are raw data written independently, a block's rows first and their status
/// bytes last, so that a run killed at any moment leaves a readable file in which a status other than pending
/// vouches for its row. With `run.sync` that holds for a loss of power too: status bytes wait until the rows
/// before them are on the disk.
class SweepFile final : public sweep::ResultSink {
 public:
  /// Creates the file under a temporary name in its directory (rank 0), fills it (all ranks), gives it its
  /// name, which replaces a file only if `target` says so. Collective; errors of rank 0 (job::InputError of
  /// check_target, FileError) are thrown on every rank.
  static SweepFile create(const parallel::Communicator& communicator, const std::string& path,
                          const job::Job& job, const sweep::ParameterSpace& space, const sweep::Share& share,
                          const NetworkArrays& network, const Provenance& provenance,
                          Target target = Target::nothing);

  /// Opens an existing file for the rows that are still pending. Collective. Throws job::InputError as
  /// check_resumable does. `network` must have the shapes the file was created with.
  static SweepFile open(const parallel::Communicator& communicator, const std::string& path,
                        const job::Job& job, const sweep::Share& share, const NetworkArrays& network,
                        const Provenance& provenance);

  ~SweepFile() override;
  SweepFile(SweepFile&&) noexcept;

  /// Independent of other ranks. Of a file that was opened, rows that are done are left as they are.
  sweep::Tally write(const sweep::Block& block, const at::Tensor& swept,
                     const training::BlockResult& result) override;

  /// On rank 0, once a second at most: throws FileError if the file is not there any more, or not whole. Part
  /// of write().
  void look_after();

  /// Marks failed rows as pending again and counts them. By one rank, before the others write.
  std::int64_t forget_failed();

  /// Collective. Reports errors, which the destructor cannot; nothing may be written afterwards.
  void close();

 private:
  struct Implementation;
  explicit SweepFile(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gluesweep::output
