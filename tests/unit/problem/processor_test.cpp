#include "gluesweep/problem/processor.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace gluesweep::problem {
namespace {

bool has_avx2() {
#ifdef GLUESWEEP_AVX2
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

TEST(Processor, IsTheBestThereIsUnlessThePlainOneIsAskedFor) {
  const char* wanted = std::getenv("GLUESWEEP_PROCESSOR");
  const bool plain = wanted != nullptr && std::string_view(wanted) == "baseline";
  EXPECT_EQ(processor(), has_avx2() && !plain ? Processor::avx2 : Processor::baseline);
}

}  // namespace
}  // namespace gluesweep::problem
