#include "gluesweep/parallel/stop_signal.hpp"

#include <atomic>

namespace gluesweep::parallel {
namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

extern "C" void gluesweep_note_signal(int number) {
  received.store(number);
  // The next one, of whichever kind, ends the program.
  for (const int other : {SIGINT, SIGTERM, SIGUSR1}) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(other, &action, nullptr);
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
