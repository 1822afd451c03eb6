#pragma once

#include <string>
#include <vector>

#include "gluesweep/job/job.hpp"

namespace gluesweep::job {

/// Reads a job file (and the problem file and CSV it names, relative to it), applies `--set key=value`
/// overrides in order, validates everything and fills in defaults. Throws InputError.
Job read_job(const std::string& path, const std::vector<std::string>& overrides = {});

/// The whole job as one self-contained YAML text, problem inline, every default written out. Reading it back
/// gives the same job; a CSV list stays out (it is passed as `list` below).
std::string resolved_yaml(const Job& job);

/// Parses a resolved text. For sampler `list`, `list` holds the values (one vector per swept parameter,
/// in the text's order) instead of the CSV. `name` says in messages where the text comes from.
Job parse_resolved(const std::string& text, const std::vector<std::vector<double>>& list = {},
                   const std::string& name = "resolved job");

/// 16 hexadecimal digits over everything that decides the numbers: the resolved text without run.device,
/// run.time_limit and run.sync, without training.adam where the method does not use it, and the list.
std::string job_hash(const Job& job);

/// One key that two jobs give different values.
struct Difference {
  std::string key;         ///< its path, e.g. "sweep.samples"
  std::string one, other;  ///< the values as YAML; "absent" where a job lacks the key
};

/// What tells two resolved texts apart, in their order, but for the keys that the hash leaves out. Throws
/// InputError, with `name` as its place, if the first is no YAML.
std::vector<Difference> differences(const std::string& one, const std::string& other,
                                    const std::string& name = "resolved job");

}  // namespace gluesweep::job
