#pragma once

#include <string>

namespace gluesweep::cli {

std::string program_version();

/// The commit the program was built from, followed by + if the sources differed from it; "unknown" if they
/// were no git checkout.
std::string git_commit();

/// gluesweep, its libraries and the compiler with their versions, one a line.
std::string version_text();

}  // namespace gluesweep::cli
