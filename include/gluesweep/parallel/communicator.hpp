#pragma once

#include <ATen/ATen.h>
#include <mpi.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace gluesweep::parallel {

/// MPI from construction to destruction. Make one in main(), before anything that uses MPI.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// Ends all ranks at once: for an error that only this rank knows of, while the others may wait for it.
  [[noreturn]] void abort(int exit_code) const;
};

/// A group of ranks. The default one is rank 0 of 1 and needs no MPI, so that everything above runs serially
/// and in tests without it. A value: copies name the same group.
class Communicator {
 public:
  Communicator() = default;

  /// All ranks of the job; a MpiSession must exist.
  static Communicator world();

  bool is_null() const { return handle_ == MPI_COMM_NULL; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  MPI_Comm handle() const { return handle_; }

  /// This rank's number among those on the same node (they share memory). Collective.
  int node_local_rank() const;

  void barrier() const;

  /// Rank 0's text or tensors on every rank. The tensors, which must agree in shape and type and be
  /// contiguous on the CPU, are overwritten in place. Collective.
  std::string broadcast(std::string text) const;
  void broadcast(const at::Tensor& tensor) const;

  /// Element by element over all ranks, on every rank. Collective.
  std::vector<std::int64_t> sum(std::vector<std::int64_t> values) const;
  std::vector<double> sum(std::vector<double> values) const;
  double max(double value) const;

  /// All ranks' values, which must be equally many, one rank after the other, on rank 0; empty on the others.
  /// Collective.
  std::vector<double> gather(const std::vector<double>& values) const;

 private:
  void broadcast_bytes(void* data, std::size_t bytes) const;

  MPI_Comm handle_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
};

/// An error other than bad input that all ranks know of: each can end by itself.
class CommonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs `action` on rank 0; what it throws is thrown on every rank, with the same message, as job::InputError
/// if it was one and as CommonError otherwise. Collective: no rank goes on alone after an error.
void on_rank_zero(const Communicator& communicator, const std::function<void()>& action);

}  // namespace gluesweep::parallel
