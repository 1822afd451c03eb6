#include "gluesweep/parallel/attention.hpp"

#include <chrono>

namespace gluesweep::parallel {
namespace {

// Short against a block, long against what a look costs. One operation of another rank takes several calls to
// progress: a hand-out over TCP between two ranks took 3.8 ms with one call a look, 0.5 ms with sixteen, and
// a call costs some 6 us there.
constexpr std::chrono::microseconds between_looks{500};
constexpr int calls_per_look = 8;

}  // namespace

bool attention_helps(const Communicator& communicator) {
  if (communicator.is_null()) return false;
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  // The number of nodes is the number of ranks that are the first on theirs.
  const std::int64_t first = communicator.node_local_rank() == 0 ? 1 : 0;
  const std::int64_t nodes = communicator.sum(std::vector<std::int64_t>{first})[0];
  return nodes > 1 && level >= MPI_THREAD_SERIALIZED;
}

Attention::Attention(const Communicator& communicator)
    : thread_([this, handle = communicator.handle()] { pay(handle); }) {}

Attention::~Attention() {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    is_over_ = true;
  }
  over_.notify_one();
  thread_.join();
}

void Attention::pay(MPI_Comm communicator) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!over_.wait_for(lock, between_looks, [this] { return is_over_; })) {
    // Nobody sends messages here: asking for one makes MPI go on with what it has to do.
    int arrived = 0;
    for (int call = 0; call < calls_per_look; ++call)
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, communicator, &arrived, MPI_STATUS_IGNORE);
  }
}

}  // namespace gluesweep::parallel
