#include "gluesweep/parallel/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gluesweep/job/error.hpp"

namespace gluesweep::parallel {
namespace {

using testing::HasSubstr;

std::string message(const std::string& specification, int gpus) {
  try {
    choose_device(specification, 0, gpus);
  } catch (const job::InputError& error) {
    return error.what();
  }
  return "no error";
}

at::Device gpu(int index) { return {at::kCUDA, static_cast<c10::DeviceIndex>(index)}; }

TEST(ChooseDevice, DealsRanksOutOverTheGpusOfANode) {
  for (const char* specification : {"auto", "cuda"}) {
    EXPECT_EQ(choose_device(specification, 0, 4), gpu(0));
    EXPECT_EQ(choose_device(specification, 3, 4), gpu(3));
    EXPECT_EQ(choose_device(specification, 5, 4), gpu(1));
    EXPECT_EQ(choose_device(specification, 7, 1), gpu(0));
  }
}

TEST(ChooseDevice, ObeysAnExplicitChoice) {
  EXPECT_EQ(choose_device("cpu", 1, 4), at::Device(at::kCPU));
  EXPECT_EQ(choose_device("cuda:2", 1, 4), gpu(2));
}

TEST(ChooseDevice, AutoFallsBackToTheCpu) { EXPECT_EQ(choose_device("auto", 3, 0), at::Device(at::kCPU)); }

TEST(ChooseDevice, SaysWhatToDoWithoutAGpu) {
  for (const char* specification : {"cuda", "cuda:0"}) {
    EXPECT_THAT(message(specification, 0), HasSubstr("run.device is '" + std::string(specification) + "'"));
    EXPECT_THAT(message(specification, 0), HasSubstr("no CUDA device is visible"));
    EXPECT_THAT(message(specification, 0), HasSubstr("use run.device: auto or cpu"));
  }
}

TEST(ChooseDevice, RefusesAGpuThatIsNotThere) {
  EXPECT_THAT(message("cuda:2", 2), HasSubstr("'cuda:2', but only 2 CUDA device(s) are visible"));
}

TEST(ChooseDevice, RefusesOtherTexts) {
  for (const char* specification :
       {"", "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:9999999999"}) {
    EXPECT_THAT(message(specification, 4), HasSubstr("accepted are auto, cpu, cuda and cuda:N"))
        << specification;
  }
}

TEST(ChooseDevice, AsksTheMachine) { EXPECT_NO_THROW(choose_device("auto", 0)); }

}  // namespace
}  // namespace gluesweep::parallel
