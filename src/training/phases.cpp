#include "gluesweep/training/phases.hpp"

namespace gluesweep::training {
namespace {

using Clock = std::chrono::steady_clock;

struct Watch {
  std::array<double, phase_names.size() + 1> seconds{};  // the last: outside all phases
  std::size_t now = phase_names.size();
  Clock::time_point since = Clock::now();

  void turn(std::size_t next) {
    const auto time = Clock::now();
    seconds[now] += std::chrono::duration<double>(time - since).count();
    since = time;
    now = next;
  }
};

thread_local Watch watch;

}  // namespace

Timed::Timed(Phase phase) : before_(static_cast<Phase>(watch.now)) {
  watch.turn(static_cast<std::size_t>(phase));
}

Timed::~Timed() { watch.turn(static_cast<std::size_t>(before_)); }

std::array<double, phase_names.size()> take_phases() {
  watch.turn(watch.now);
  std::array<double, phase_names.size()> result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = watch.seconds[i];
  watch.seconds.fill(0.0);
  return result;
}

}  // namespace gluesweep::training
