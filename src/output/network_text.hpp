#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gluesweep/job/job.hpp"

namespace gluesweep::output {

/// Attributes of the group /network, name and text: the formulas by which the stored arrays of a job's method
/// give its networks, so that they can be evaluated without this program. None where no network is trained.
std::vector<std::pair<std::string, std::string>> network_text(const job::Job& job);

}  // namespace gluesweep::output
