#pragma once

#include <cstddef>

#include "gluesweep/problem/lane_step.hpp"
#include "gluesweep/problem/processor.hpp"

namespace gluesweep::problem {

using RunSteps = void (*)(const LaneStep* steps, std::size_t count, double* registers);

namespace baseline {
void run_steps(const LaneStep* steps, std::size_t count, double* registers);
}
namespace avx2 {
void run_steps(const LaneStep* steps, std::size_t count, double* registers);
}

}  // namespace gluesweep::problem
