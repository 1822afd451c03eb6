#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>

#include "gluesweep/job/job.hpp"
#include "gluesweep/output/layout.hpp"
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

/// Throws job::InputError unless a file of `bytes` can be created at `path`: nothing stands there yet, the
/// directory exists, is writable and has the space. Cheap; to be called before any work.
void check_target(const std::string& path, std::int64_t bytes);

/// The one file of a sweep, written by all ranks (serially with a null communicator).
///
/// All its metadata is complete on disk before the first result: fixed sizes, space allocated and filled with
/// NaN, status pending. Results are raw data written independently, a block's rows first and their status
/// bytes last, so that a run killed at any moment leaves a readable file in which a status other than pending
/// vouches for its row.
class SweepFile final : public sweep::ResultSink {
 public:
  /// Creates the file under a temporary name in its directory, renames it (never over an existing file) and
  /// opens it. Collective; errors of rank 0 (job::InputError of check_target, FileError) are thrown on every
  /// rank.
  static SweepFile create(const parallel::Communicator& communicator, const std::string& path,
                          const job::Job& job, const sweep::ParameterSpace& space,
                          const NetworkArrays& network, const Provenance& provenance);

  /// Opens an existing file of the same job for further results. Collective. Throws job::InputError for a
  /// file that is not a sweep file, has another format version or another job's hash. `network` must have the
  /// shapes the file was created with.
  static SweepFile open(const parallel::Communicator& communicator, const std::string& path,
                        const job::Job& job, const NetworkArrays& network, const std::string& job_hash);

  ~SweepFile() override;
  SweepFile(SweepFile&&) noexcept;

  /// Independent of other ranks.
  void write(const sweep::Block& block, const at::Tensor& swept,
             const training::BlockResult& result) override;

  /// Collective. Reports errors, which the destructor cannot; nothing may be written afterwards.
  void close();

 private:
  struct Implementation;
  explicit SweepFile(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gluesweep::output
