#pragma once

namespace gluesweep::problem {

/// The kernels for the CPU are compiled for several instruction sets; the best that the processor has is
/// taken when the program starts. GLUESWEEP_PROCESSOR in the environment asks for one of them by its name
/// here: between instruction sets results differ in their last bits.
enum class Processor { baseline, avx2 };

/// What this process uses. Throws job::InputError as choose_processor does.
Processor processor();

/// The one that is wanted by name; the best for no name (nullptr or empty). Throws job::InputError for an
/// unknown name, and for instructions that this processor or this build lacks.
Processor choose_processor(const char* wanted);

/// How many numbers the kernels work on at once: enough to hide the cost of choosing the operation, few
/// enough for all of an expression's intermediate values to stay in the first cache.
inline constexpr int lanes = 32;

}  // namespace gluesweep::problem
