#pragma once

#include <array>
#include <chrono>
#include <string_view>

namespace gluesweep::training {

/// What the time of a sweep point is spent on.
enum class Phase {
  set_up,
  frames,
  elements,
  projection,
  iteration,
  output,
  asymptotes,
  estimate,
  checks,
  sensitivities
};

inline constexpr std::array<std::string_view, 10> phase_names{
    "set-up",      // regions, matching, maps, collocation nodes
    "frames",      // weights and defects of the trained networks
    "elements",    // equation (1) solved on the elements: the march, or Newton on all of them
    "projection",  // onto the trunk
    "iteration",   // Gauss-Newton, Adam and their like
    "output",      // the solution and coefficients at the output points, matching beside them
    "asymptotes",  // limits, crossovers, derived scalars
    "estimate",    // of the error
    "checks",      // poles, degenerate frames
    "sensitivities"};

/// Adds the time from its construction to its end to a phase, without that of other phases within.
class Timed {
 public:
  explicit Timed(Phase phase);
  ~Timed();
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  Phase before_;
};

/// Seconds spent on each phase by this thread since the last call.
std::array<double, phase_names.size()> take_phases();

}  // namespace gluesweep::training
