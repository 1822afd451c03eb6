#pragma once

#include "field.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::job {

/// Later calls override: first a problem's recommended values, then the job's own.
void read_network(const Field& field, Network& network);

}  // namespace gluesweep::job
