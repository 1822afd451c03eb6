#pragma once

#include <array>
#include <csignal>

namespace gluesweep::parallel {

/// While it lives, the first SIGINT, SIGTERM or SIGUSR1 (batch systems send the latter two before a time
/// limit) only raises a flag, which is looked at between blocks; one that comes more than two or three
/// seconds later has its default effect. At most one at a time; the previous handlers return with its
/// destruction.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool raised() const;
  int number() const;  ///< of the signal that came; 0 if none

 private:
  static constexpr std::array<int, 3> handled{SIGINT, SIGTERM, SIGUSR1};
  std::array<struct sigaction, handled.size()> previous_{};
};

}  // namespace gluesweep::parallel
