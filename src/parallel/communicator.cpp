#include "gluesweep/parallel/communicator.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include "gluesweep/job/error.hpp"

namespace gluesweep::parallel {

// MPI's own error handler (errors are fatal) stays in place: after a failed call no rank can be told
// anything.

namespace {

/// Whether a launcher (mpiexec, srun) started this process, by the variables that they leave.
bool launched() {
  for (const char* name : {"PMIX_RANK", "PMI_RANK", "PMI_FD", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID",
                           "PALS_RANKID", "ALPS_APP_PE", "JSM_NAMESPACE_RANK"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

/// A process on its own sends nothing. Open MPI would look for networks and start a daemon all the same, for
/// a third of a second: as long as `gluesweep check` takes.
void avoid_transports() {
  constexpr int overwrite = 0;
  ::setenv("OMPI_MCA_pml", "ob1", overwrite);
  ::setenv("OMPI_MCA_ess_singleton_isolated", "1", overwrite);
}

}  // namespace

MpiSession::MpiSession(int* argc, char*** argv) {
  if (!launched()) avoid_transports();
  // LibTorch's threads never call MPI; Attention's does, while no other thread may.
  int provided = MPI_THREAD_SINGLE;
  // Shared file pointers, which HDF5 does not use: where Open MPI cannot keep them in memory (its folder in
  // /tmp was cleaned) it would leave a lock file beside ours.
  ::setenv("OMPI_MCA_sharedfp", "^lockedfile", 0);
  MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
}

MpiSession::~MpiSession() { MPI_Finalize(); }

void MpiSession::abort(int exit_code) const {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);  // MPI_Abort does not return, but is not declared so
}

Communicator Communicator::world() {
  Communicator world;
  world.handle_ = MPI_COMM_WORLD;
  MPI_Comm_rank(world.handle_, &world.rank_);
  MPI_Comm_size(world.handle_, &world.size_);
  return world;
}

int Communicator::node_local_rank() const {
  if (is_null()) return 0;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node);
  int local_rank = 0;
  MPI_Comm_rank(node, &local_rank);
  MPI_Comm_free(&node);
  return local_rank;
}

void Communicator::barrier() const {
  if (!is_null()) MPI_Barrier(handle_);
}

void Communicator::broadcast_bytes(void* data, std::size_t bytes) const {
  if (is_null()) return;
  // Counts are int.
  constexpr std::size_t piece = std::size_t{1} << 30;
  auto* position = static_cast<char*>(data);
  while (bytes > 0) {
    const std::size_t now = std::min(bytes, piece);
    MPI_Bcast(position, static_cast<int>(now), MPI_BYTE, 0, handle_);
    position += now;
    bytes -= now;
  }
}

std::string Communicator::broadcast(std::string text) const {
  std::uint64_t length = text.size();
  broadcast_bytes(&length, sizeof length);
  text.resize(length);
  broadcast_bytes(text.data(), length);
  return text;
}

void Communicator::broadcast(const at::Tensor& tensor) const {
  if (!tensor.is_contiguous() || !tensor.device().is_cpu()) {
    throw std::logic_error("only contiguous CPU tensors can be broadcast in place");
  }
  broadcast_bytes(tensor.data_ptr(), tensor.nbytes());
}

std::vector<std::int64_t> Communicator::sum(std::vector<std::int64_t> values) const {
  if (!is_null()) {
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_INT64_T, MPI_SUM,
                  handle_);
  }
  return values;
}

std::vector<double> Communicator::sum(std::vector<double> values) const {
  if (!is_null()) {
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM, handle_);
  }
  return values;
}

double Communicator::max(double value) const {
  if (!is_null()) MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_MAX, handle_);
  return value;
}

std::vector<double> Communicator::gather(const std::vector<double>& values) const {
  if (is_null()) return values;
  std::vector<double> all(rank_ == 0 ? values.size() * static_cast<std::size_t>(size_) : 0);
  const int count = static_cast<int>(values.size());
  MPI_Gather(values.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE, 0, handle_);
  return all;
}

void on_rank_zero(const Communicator& communicator, const std::function<void()>& action) {
  // One string carries both the kind of the error and its message; empty: all went well.
  std::string outcome;
  if (communicator.rank() == 0) {
    try {
      action();
    } catch (const job::InputError& error) {
      outcome = std::string("I") + error.what();
    } catch (const std::exception& error) {
      outcome = std::string("E") + error.what();
    }
  }
  outcome = communicator.broadcast(std::move(outcome));
  if (outcome.empty()) return;
  if (outcome.front() == 'I') throw job::InputError(outcome.substr(1));
  throw CommonError(outcome.substr(1));
}

}  // namespace gluesweep::parallel
