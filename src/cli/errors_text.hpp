#pragma once

#include <string>

#include "gluesweep/emulator/fit.hpp"
#include "text.hpp"

namespace gluesweep::cli {

inline std::string errors_text(const emulator::ErrorSummary& errors) {
  return "median " + rough(errors.median) + ", 99% below " + rough(errors.high) + ", largest " +
         rough(errors.largest);
}

}  // namespace gluesweep::cli
