#include "collective.hpp"

#include <mpi.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include "gluesweep/job/error.hpp"

namespace gluesweep::cli {

void on_every_rank(const parallel::Communicator& communicator, const std::function<void()>& action) {
  std::string outcome;  // kind and message; empty: all went well
  try {
    action();
  } catch (const job::InputError& error) {
    outcome = std::string("I") + error.what();
  } catch (const std::exception& error) {
    outcome = "E rank " + std::to_string(communicator.rank()) + ": " + error.what();
  }
  if (!communicator.is_null()) {
    const int mine = outcome.empty() ? communicator.size() : communicator.rank();
    int first = 0;
    MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, communicator.handle());
    if (first == communicator.size()) return;
    unsigned long length = outcome.size();
    MPI_Bcast(&length, 1, MPI_UNSIGNED_LONG, first, communicator.handle());
    outcome.resize(length);
    MPI_Bcast(outcome.data(), static_cast<int>(length), MPI_CHAR, first, communicator.handle());
  }
  if (outcome.empty()) return;
  if (outcome.front() == 'I') throw job::InputError(outcome.substr(1));
  throw parallel::CommonError(outcome.substr(2));
}

namespace {

std::string shapes_of(const std::vector<std::pair<std::string, at::Tensor>>& arrays) {
  std::string text;
  for (const auto& [name, array] : arrays) {
    text += (text.empty() ? "" : ", ") + name;
    for (std::int64_t axis = 0; axis < array.dim(); ++axis)
      text += (axis == 0 ? " " : " x ") + std::to_string(array.size(axis));
  }
  return text;
}

}  // namespace

void broadcast_arrays(const parallel::Communicator& communicator,
                      const std::vector<std::pair<std::string, at::Tensor>>& arrays) {
  const std::string own = shapes_of(arrays);
  const std::string first = communicator.broadcast(own);
  on_every_rank(communicator, [&] {
    if (own == first) return;
    throw std::runtime_error(
        "the hidden layers have other sizes here (" + own + ") than on rank 0 (" + first +
        "): this rank's processor rounds differently just where the number of features is decided; run on "
        "nodes of one kind, or choose another network.seed or network.features");
  });
  for (const auto& [name, array] : arrays) communicator.broadcast(array);
}

void wait_for_all(const parallel::Communicator& communicator, const std::function<void()>& meanwhile) {
  if (communicator.is_null()) return;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(communicator.handle(), &request);
  int arrived = 0;
  MPI_Test(&request, &arrived, MPI_STATUS_IGNORE);
  while (arrived == 0) {
    // Long enough to leave the core to others, short against a block.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    meanwhile();
    MPI_Test(&request, &arrived, MPI_STATUS_IGNORE);
  }
}

}  // namespace gluesweep::cli
