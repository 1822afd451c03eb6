#pragma once

namespace gluesweep::problem {

/// What a node of a Graph or an instruction of a Tape does. Binary operations stand from `add` to `less`.
enum class Op {
  number,
  symbol,
  add,
  subtract,
  multiply,
  divide,
  power,
  minimum,
  maximum,
  less,
  negate,
  exp,
  expm1,
  log,
  log10,
  log1p,
  sqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  erf,
  abs,
  sign
};

inline bool is_binary(Op op) { return op >= Op::add && op <= Op::less; }

}  // namespace gluesweep::problem
