#include "gluesweep/reference/version.hpp"

#include <sundials/sundials_version.h>

#include <array>

namespace gluesweep::reference {

std::string sundials_version() {
  std::array<char, 64> text{};
  if (SUNDIALSGetVersion(text.data(), static_cast<int>(text.size())) != 0) return "unknown";
  return text.data();
}

}  // namespace gluesweep::reference
