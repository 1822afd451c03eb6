#include "gluesweep/parallel/stop_signal.hpp"

#include <atomic>
#include <ctime>

namespace gluesweep::parallel {
namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

// Launchers and batch systems say the same thing twice: the batch system signals all processes of a job, and
// the launcher among them passes its own signal on, Open MPI's a second later.
constexpr long same_signal_seconds = 2;

std::atomic<long> received_at{0};
static_assert(std::atomic<long>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

long monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

extern "C" void gluesweep_note_signal(int number) {
  if (received.load() == 0) {
    received_at.store(monotonic_seconds());
    received.store(number);
  } else if (monotonic_seconds() - received_at.load() > same_signal_seconds) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, nullptr);
    std::raise(number);  // it arrives when this function returns
  }
}

}  // namespace

StopSignal::StopSignal() {
  received.store(0);
  for (std::size_t i = 0; i < handled.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = gluesweep_note_signal;
    action.sa_flags = SA_RESTART;  // a write in progress goes on
    sigemptyset(&action.sa_mask);
    sigaction(handled[i], &action, &previous_[i]);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < handled.size(); ++i) sigaction(handled[i], &previous_[i], nullptr);
}

bool StopSignal::raised() const { return number() != 0; }

int StopSignal::number() const { return received.load(); }

}  // namespace gluesweep::parallel
