#include "gluesweep/problem/work.hpp"

namespace gluesweep::problem {
namespace {
thread_local WorkDone done{};
}  // namespace

void count_work(Work kind, double amount) { done[static_cast<std::size_t>(kind)] += amount; }

void count_work(const WorkDone& amounts) {
  for (std::size_t i = 0; i < done.size(); ++i) done[i] += amounts[i];
}

WorkDone take_work() {
  const auto result = done;
  done.fill(0.0);
  return result;
}

}  // namespace gluesweep::problem
