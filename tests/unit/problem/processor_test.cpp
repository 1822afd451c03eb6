#include "gluesweep/problem/processor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "gluesweep/job/error.hpp"

namespace gluesweep::problem {
namespace {

using testing::AllOf;
using testing::HasSubstr;

bool has_avx2() {
#ifdef GLUESWEEP_AVX2
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

std::string complaint_about(const char* wanted) {
  try {
    choose_processor(wanted);
  } catch (const job::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Processor, IsTheBestThereIsUnlessThePlainOneIsAskedFor) {
  const char* wanted = std::getenv("GLUESWEEP_PROCESSOR");
  const bool plain = wanted != nullptr && std::string_view(wanted) == "baseline";
  EXPECT_EQ(processor(), has_avx2() && !plain ? Processor::avx2 : Processor::baseline);
}

TEST(Processor, IsTheOneThatIsNamed) {
  const auto best = has_avx2() ? Processor::avx2 : Processor::baseline;
  EXPECT_EQ(choose_processor(nullptr), best);
  EXPECT_EQ(choose_processor(""), best);
  EXPECT_EQ(choose_processor("baseline"), Processor::baseline);
  if (has_avx2()) {
    EXPECT_EQ(choose_processor("avx2"), Processor::avx2);
  } else {
    EXPECT_THAT(complaint_about("avx2"), HasSubstr("does not have"));
  }
}

TEST(Processor, IsNotSilentlyAnotherThanTheOneAskedFor) {
  for (const std::string wanted : {"Baseline", "avx512", "none", " "}) {
    EXPECT_THAT(complaint_about(wanted.c_str()),
                AllOf(HasSubstr("GLUESWEEP_PROCESSOR is '" + wanted + "'"), HasSubstr("baseline or avx2")));
  }
}

}  // namespace
}  // namespace gluesweep::problem
