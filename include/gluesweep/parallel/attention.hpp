#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "gluesweep/parallel/communicator.hpp"

namespace gluesweep::parallel {

/// Whether rank 0 should pay attention while it computes: when the ranks are on several nodes, whose network
/// may not have one-sided operations of its own. The same on all ranks. Collective.
bool attention_helps(const Communicator& communicator);

/// While it lives, a thread of its own lets MPI answer the other ranks, so that rank 0, which holds the block
/// counter, can compute meanwhile. Nobody else in the process may call MPI as long.
///
/// Over TCP a one-sided operation is a message that waits until its target enters MPI. Measured with two
/// ranks that way (Open MPI 4.1.4, osc/pt2pt, blocks of 40 ms), the other rank waited three quarters of its
/// time.
class Attention {
 public:
  explicit Attention(const Communicator& communicator);
  ~Attention();
  Attention(const Attention&) = delete;
  Attention& operator=(const Attention&) = delete;

 private:
  void pay(MPI_Comm communicator);

  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace gluesweep::parallel
