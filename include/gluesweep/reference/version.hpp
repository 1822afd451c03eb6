#pragma once

#include <string>

namespace gluesweep::reference {

/// Version of the SUNDIALS library in use.
std::string sundials_version();

}  // namespace gluesweep::reference
