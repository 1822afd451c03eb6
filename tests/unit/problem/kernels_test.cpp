#include "gluesweep/problem/kernels.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace gluesweep::problem {
namespace {

TEST(Kernels, WorkOnDoublesInMemory) {
  const auto values = at::ones({2, 3}, at::kDouble);
  EXPECT_TRUE(on_kernels(values));
  EXPECT_TRUE(on_kernels(values.t()));
  EXPECT_FALSE(on_kernels(values.to(at::kFloat)));
  EXPECT_FALSE(on_kernels(values.to(at::kInt)));
}

TEST(Kernels, AreLeftAloneWhileAskedTo) {
  const auto values = at::ones({1}, at::kDouble);
  {
    const WithoutKernels outer;
    EXPECT_FALSE(on_kernels(values));
    {
      const WithoutKernels inner;
      EXPECT_FALSE(on_kernels(values));
    }
    EXPECT_FALSE(on_kernels(values));
  }
  EXPECT_TRUE(on_kernels(values));
}

TEST(Kernels, AreLeftAloneByOneThreadOnly) {
  const WithoutKernels without;
  bool elsewhere = false;
  std::thread([&elsewhere] { elsewhere = on_kernels(at::ones({1}, at::kDouble)); }).join();
  EXPECT_TRUE(elsewhere);
}

}  // namespace
}  // namespace gluesweep::problem
