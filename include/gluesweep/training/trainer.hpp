#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/training/result.hpp"

namespace gluesweep::training {

/// Trains the coefficient networks of blocks of sweep points on one device. Immutable after construction; the
/// result for a block depends on its parameters only.
class Trainer {
 public:
  /// Compiles the problem's equations and builds the trunks. Throws job::InputError.
  Trainer(const job::Job& job, at::Device device);
  ~Trainer();
  Trainer(Trainer&&) noexcept;

  /// parameters: (B, p) float64 on the CPU, one column per problem parameter in the problem's order.
  /// Where the device's memory does not suffice for a block at a time, it is trained in smaller batches, down
  /// to one point, and so are those after it; c10::OutOfMemoryError if that does not fit either.
  BlockResult train(const at::Tensor& parameters) const;

  /// The most points that are trained at a time since a batch did not fit in the device's memory; 0: all did.
  std::int64_t points_at_a_time() const;

  /// The trunks' arrays as stored under /network, by name ("trunk_slope", "rescue_trunk_mixing", ...),
  /// float64 on the CPU; may be overwritten in place before the first train() (see Trunk::arrays), then call
  /// refresh().
  std::vector<std::pair<std::string, at::Tensor>> trunk_arrays() const;
  void refresh();

  /// network.trunk.train: optimises the hidden layers on the solutions of these points, (p columns
  /// as for train()). One rank does it and hands its arrays to the others. Nothing happens where the job asks
  /// for none. Returns how many of the points could be solved and were of use.
  std::int64_t train_trunk(const at::Tensor& parameters);

  std::int64_t head_features() const;   ///< F of BlockResult::head
  std::int64_t head_columns() const;    ///< K of BlockResult::head
  std::int64_t map_parameters() const;  ///< m of BlockResult::map
  std::int64_t scale_terms() const;     ///< d of BlockResult::scale

  /// Rough peak memory of train() for a block of so many points, beside the libraries' own.
  std::int64_t peak_bytes(std::int64_t points) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gluesweep::training
