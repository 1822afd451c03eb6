#pragma once

#include <array>
#include <string_view>

namespace gluesweep::problem {

/// Arithmetic that a sweep point needs, by what it costs on a processor: the floor below which its time
/// cannot fall.
enum class Work {
  simple,       ///< additions, multiplications, comparisons in expressions and maps, values
  division,     ///< divisions and square roots, values
  function,     ///< exp, log, sin, ..., values
  power,        ///< general powers, values
  elimination,  ///< floating-point operations of small systems of equations
  product       ///< floating-point operations of matrix products
};
inline constexpr std::array<std::string_view, 6> work_names{"simple", "division",    "function",
                                                            "power",  "elimination", "product"};
using WorkDone = std::array<double, work_names.size()>;

/// Counts the kernels' work in this thread; one addition a call.
void count_work(Work kind, double amount);
void count_work(const WorkDone& amounts);

/// What was counted in this thread since the last call.
WorkDone take_work();

}  // namespace gluesweep::problem
