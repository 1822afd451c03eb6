#pragma once

#include <stdexcept>
#include <string>

namespace gluesweep::job {

/// Bad input by the user: what() is the whole message as it is printed (problem, place, value, remedy).
/// Found on rank 0 before anything is created; the program then ends with exit code 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gluesweep::job
