#include "gluesweep/problem/processor.hpp"

#include <cstdlib>
#include <string_view>

namespace gluesweep::problem {
namespace {

Processor find() {
#ifdef GLUESWEEP_AVX2
  const char* wanted = std::getenv("GLUESWEEP_PROCESSOR");
  const bool plain = wanted != nullptr && std::string_view(wanted) == "baseline";
  if (!plain && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Processor::avx2;
#endif
  return Processor::baseline;
}

}  // namespace

Processor processor() {
  static const Processor found = find();
  return found;
}

}  // namespace gluesweep::problem
