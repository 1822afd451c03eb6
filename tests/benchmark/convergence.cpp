// How the true error on the reference points of all shipped problems falls with the number of elements (at
// many features) and of features (at many elements), and the order at which it does. Prints Markdown.
#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>

#include "../support/shipped_problems.hpp"

namespace gluesweep {
namespace {

/// Slope of log error over log size between the largest error below 1e-2 and the smallest, which is where the
/// asymptotic range begins and ends.
double order(const std::vector<int>& sizes, const std::vector<double>& errors) {
  std::size_t from = 0, to = 0;
  while (from + 1 < errors.size() && !(errors[from] < 1e-2)) ++from;
  for (std::size_t i = from; i < errors.size(); ++i) {
    to = i;
    if (errors[i] < 1e-9 || (i > from && i + 1 < errors.size() && errors[i + 1] > 0.5 * errors[i])) break;
  }
  return -std::log(errors[to] / errors[from]) / std::log(static_cast<double>(sizes[to]) / sizes[from]);
}

template <class Error>
void table(const char* title, const std::vector<int>& sizes, const Error& error) {
  std::printf("\n| %s |", title);
  for (const int size : sizes) std::printf(" %d |", size);
  std::printf(" order |\n|---|");
  for (std::size_t i = 0; i <= sizes.size(); ++i) std::printf("---|");
  std::printf("\n");
  for (const auto& problem : test::shipped()) {
    const auto reference = test::read_reference(problem.name, problem.parameters);
    std::vector<double> errors;
    std::printf("| `%s` |", problem.name.c_str());
    for (const int size : sizes) {
      errors.push_back(error(problem, reference, size));
      std::printf(" %.0e |", errors.back());
      std::fflush(stdout);
    }
    std::printf(" %.1f |\n", order(sizes, errors));
  }
}

}  // namespace
}  // namespace gluesweep

int main() {
  at::set_num_threads(1);
  using namespace gluesweep;
  table("elements per patch, 192 features", {8, 12, 16, 24, 32, 48, 64, 96},
        [](const auto& problem, const auto& reference, int elements) {
          return test::worst_error(problem, reference, 192, elements);
        });
  table("features, 120 elements per patch", {16, 24, 32, 48, 64, 96, 128, 192},
        [](const auto& problem, const auto& reference, int features) {
          return test::worst_error(problem, reference, features, 120);
        });
}
