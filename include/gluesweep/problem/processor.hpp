#pragma once

namespace gluesweep::problem {

/// The kernels for the CPU are compiled for several instruction sets; the best that the processor has is
/// taken when the program starts. GLUESWEEP_PROCESSOR=baseline in the environment asks for the plain ones:
/// between instruction sets results differ in their last bits.
enum class Processor { baseline, avx2 };

Processor processor();

/// How many numbers the kernels work on at once: enough to hide the cost of choosing the operation, few
/// enough for all of an expression's intermediate values to stay in the first cache.
inline constexpr int lanes = 32;

}  // namespace gluesweep::problem
