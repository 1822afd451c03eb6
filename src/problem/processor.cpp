#include "gluesweep/problem/processor.hpp"

#include <cstdlib>
#include <string>

#include "gluesweep/job/error.hpp"

namespace gluesweep::problem {
namespace {

bool has_avx2() {
#ifdef GLUESWEEP_AVX2
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

}  // namespace

Processor choose_processor(const char* wanted) {
  const std::string name = wanted != nullptr ? wanted : "";
  if (name.empty()) return has_avx2() ? Processor::avx2 : Processor::baseline;
  if (name == "baseline") return Processor::baseline;
  const std::string setting = "the environment variable GLUESWEEP_PROCESSOR is '" + name + "'";
  if (name != "avx2") {
    throw job::InputError(setting +
                          ", which names no kernels: set it to baseline or avx2, or unset it for the best");
  }
  if (!has_avx2()) {
    throw job::InputError(
        setting + ", which this processor or this build does not have: set it to baseline, or unset it");
  }
  return Processor::avx2;
}

Processor processor() {
  static const Processor found = choose_processor(std::getenv("GLUESWEEP_PROCESSOR"));
  return found;
}

}  // namespace gluesweep::problem
