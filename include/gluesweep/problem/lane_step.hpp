#pragma once

#include "gluesweep/problem/op.hpp"

namespace gluesweep::problem {

/// One operation on `lanes` numbers at once; operands and result are offsets into the registers.
struct LaneStep {
  Op op;
  int target, a, b;  ///< b = a where there is one operand
};

}  // namespace gluesweep::problem
