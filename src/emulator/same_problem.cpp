#include "same_problem.hpp"

#include <algorithm>
#include <stdexcept>

#include "gluesweep/job/reader.hpp"

namespace gluesweep::emulator {
namespace {

using Names = std::vector<std::string>;

std::string list_of(const Names& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

/// Whether a key of a job says what the numbers are, not how they are called.
bool is_decisive(const std::string& key) {
  const auto ends_with = [&](const std::string& end) {
    return key.size() > end.size() && key.compare(key.size() - end.size(), end.size(), end) == 0;
  };
  return key.compare(0, 8, "problem.") == 0 && key != "problem.description" && !ends_with(".label") &&
         !ends_with(".unit") && !ends_with(".default");
}

const job::SweptParameter* swept(const job::Job& job, const std::string& name) {
  for (const auto& own : job.sweep.parameters) {
    if (own.name == name) return &own;
  }
  return nullptr;
}

Names varied(const job::Job& job) {
  Names names;
  for (const auto i : job.varied_parameters()) names.push_back(job.problem.parameters[i].name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

bool has_range(const job::Job& job, const std::string& parameter) {
  const auto* own = swept(job, parameter);
  return own != nullptr && own->kind == job::SweptParameter::Kind::range;
}

const Axis& axis_named(const Dataset& data, const std::string& name) {
  for (const auto& axis : data.axes) {
    if (axis.name == name) return axis;
  }
  throw std::logic_error("no axis is named " + name);
}

double held_value(const job::Job& job, const job::Parameter& parameter) {
  const auto* own = swept(job, parameter.name);
  const bool fixed = own != nullptr && own->kind == job::SweptParameter::Kind::fixed;
  return fixed ? own->fixed : parameter.default_value;
}

std::string problem_difference(const Dataset& data, const job::Job& job) {
  for (const auto& difference : job::differences(data.job_text, job::resolved_yaml(job))) {
    if (!is_decisive(difference.key)) continue;
    return difference.key + ": " + difference.one + " and " + difference.other;
  }
  const auto one = varied(data.job), other = varied(job);
  if (one != other) return "parameters that vary: " + list_of(one) + " and " + list_of(other);
  for (const auto& parameter : data.job.problem.parameters) {
    if (std::find(one.begin(), one.end(), parameter.name) != one.end()) continue;
    const double here = held_value(data.job, parameter), there = held_value(job, parameter);
    if (here != there)
      return "the fixed " + parameter.name + ": " + std::to_string(here) + " and " + std::to_string(there);
  }
  return "";
}

}  // namespace gluesweep::emulator
