#pragma once

#include <string>

#include "gluesweep/emulator/dataset.hpp"

/// Whether scans may be learned from together.
namespace gluesweep::emulator {

/// What tells the problem of a job from that of the data, or the parameters that it varies or holds: a
/// sentence's end; empty if nothing does. Texts and units do not count.
std::string problem_difference(const Dataset& data, const job::Job& job);

/// Whether a job varies a parameter over a range.
bool has_range(const job::Job& job, const std::string& parameter);

/// The axis of a parameter that the data vary.
const Axis& axis_named(const Dataset& data, const std::string& name);

/// The value at which a job holds a parameter that it does not vary.
double held_value(const job::Job& job, const job::Parameter& parameter);

}  // namespace gluesweep::emulator
