#pragma once

namespace gluesweep::cli {

/// What the program tells its caller; every rank ends with the same.
enum class ExitCode : int {
  complete = 0,
  internal_error = 1,
  bad_input = 2,        ///< command line, job file or sweep file; nothing was created
  too_many_failed = 3,  ///< complete, but more points failed than --max-failed allows
  stopped = 75,         ///< stopped early by a signal, progress kept (EX_TEMPFAIL: batch systems requeue)
};

}  // namespace gluesweep::cli
