#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/training/march.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

inline constexpr int estimate_elements = 2;  // those of the error estimate, times network.elements

/// How far some points got.
struct Outcome {
  std::shared_ptr<const Solution> solution;  ///< borrows from the method
  Grid grid;                                 ///< on which limits are placed and degenerate frames found
  const network::Elements* finer;            ///< those on which the error is estimated
  at::Tensor defect, iterations, finite;     ///< (B); iterations int32, finite bool
  at::Tensor head;                           ///< (B, F, K), see BlockResult
  at::Tensor map, scale;                     ///< as stored, see BlockResult
};

/// One way of training (training.method and training.ansatz) with all that it prepares once. Immutable but
/// for refresh().
class Method {
 public:
  virtual ~Method() = default;

  /// Trains a batch. The rescue ladder: rung 0 is the first attempt, higher rungs are for the points that
  /// those below left above training.tolerance.
  virtual Outcome train(const Points& points, int rung) const = 0;
  virtual int rungs() const { return 1; }

  /// Arrays common to all points by name; refresh() after they were overwritten.
  virtual std::vector<std::pair<std::string, at::Tensor>> arrays() const { return {}; }
  virtual void refresh() {}

  /// Optimises hidden layers on the solutions of some points, where the method has such and the job asks for
  /// it (network.trunk.train). How many of them were of use.
  virtual std::int64_t train_trunk(const Points&) { return 0; }

  virtual std::int64_t head_features() const = 0;       ///< F of Outcome::head
  virtual std::int64_t head_columns() const = 0;        ///< K
  virtual std::int64_t peak_bytes(int rung) const = 0;  ///< working memory per point of a batch, roughly

  /// Points worked on at once on a CPU: enough to share the cost of every operation, few enough for their
  /// arrays to stay in cache.
  virtual std::int64_t batch(int) const { return 32; }

  /// How many patches' terms make one stored map: all where they share a map over the whole domain.
  virtual std::int64_t patches_per_map() const { return 1; }
};

std::unique_ptr<Method> make_frames_method(const job::Job& job, const problem::System& system,
                                           const at::Device& device);
std::unique_ptr<Method> make_sum_method(const job::Job& job, const problem::System& system,
                                        const at::Device& device);
std::unique_ptr<Method> make_adam_method(const job::Job& job, const problem::System& system,
                                         const at::Device& device);
std::unique_ptr<Method> make_adam_sum_method(const job::Job& job, const problem::System& system,
                                             const at::Device& device);
std::unique_ptr<Method> make_plain_method(const job::Job& job, const problem::System& system,
                                          const at::Device& device);
std::unique_ptr<Method> make_matching_method(const job::Job& job, const problem::System& system,
                                             const at::Device& device);

/// Node values of all frames: the march (conditions at both ends: Newton on all elements at once), the
/// matching constants where that led nowhere.
March first_values(const problem::System& system, const Points& points, const Grid& grid);

/// The maps of all patches as stored, (B, P, m).
at::Tensor packed_maps(const Points& points);

}  // namespace gluesweep::training
